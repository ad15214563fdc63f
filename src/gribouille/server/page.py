"""The built page (`static/`, made by `npm run build` in web/) with its cache headers, or what to do without it."""

from mimetypes import guess_type
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
REVALIDATE = "no-cache"  # keep it, but ask each time whether it still holds
IMMUTABLE = "public, max-age=31536000, immutable"  # the name or the query carries a hash of what it names

NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Gribouille: the page is not built</title>
<h1>The page is not built yet</h1>
<p>The server runs, but <code>src/gribouille/server/static/</code> is empty. In the repository, run</p>
<pre>make draw</pre>
<p>or build the page alone: <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>. The API answers meanwhile:
<a href="/api/v1/model">/api/v1/model</a>, <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
<h1 lang="fr">La page n’est pas encore construite</h1>
<p lang="fr">Le serveur fonctionne, mais <code>src/gribouille/server/static/</code> est vide. Dans le dépôt, lancez
<code>make draw</code>.</p>
</html>
"""


class Page(StaticFiles):
    """The files of the built page; those under assets/ have a hash in their name and never change."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self.folder = folder

    async def check_config(self) -> None:
        """Accepts a folder that is not there: starlette would fail, `get_response` says what to do."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path` (index.html at the root), or the page that tells how to build it. Raises HTTPException."""
        if path in (".", "index.html") and not (self.folder / "index.html").is_file():
            return HTMLResponse(NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
        response = await self._smallest(path, scope)
        if response.status_code == 404:  # the page's own 404.html, should there be one
            raise HTTPException(404)
        response.headers["Cache-Control"] = IMMUTABLE if path.startswith("assets/") else REVALIDATE
        return response

    async def _smallest(self, path: str, scope: Scope) -> Response:
        """The file, or the brotli form that the build laid beside it (.br) for those who take it: a fifth of the wasm."""
        if "br" not in Headers(scope=scope).get("accept-encoding", "") or not (self.folder / f"{path}.br").is_file():
            return await super().get_response(path, scope)
        response = await super().get_response(f"{path}.br", scope)
        response.headers["Content-Encoding"] = "br"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Content-Type"] = guess_type(path)[0] or "application/octet-stream"
        return response
