"""The whole application as static files: for any host or bucket, below any path, with no server of ours.

In come the built page and a model; out goes a folder. Its addresses are all relative, and those that may be kept for ever have
a hash in their name. A browser that cannot run the model gets no guess there, and is told so.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gribouille import __version__
from gribouille.recogniser import Recogniser
from gribouille.server.guard import SECURITY_HEADERS
from gribouille.server.page import IMMUTABLE, STATIC
from gribouille.server.published import CARD, FOLDER, published
from gribouille.server.wire import Place

MARK = "gribouille-site.json"  # says that a folder is ours to replace, and what is in it
MODEL_NAME = "files/{name}-{sha256:.12}.{ending}"  # for ever: the hash is in it


class SiteError(ValueError):
    """A site that cannot be written; the message says why and what to do."""


@dataclass(frozen=True)
class Site:
    """What was written where."""

    folder: Path
    files: int
    bytes: int


def write_site(out: Path, recogniser: Recogniser, static: Path | None = None) -> Site:
    """Writes the site into the folder `out`, whole or not at all; one that was written before is replaced.

    `static` is the built page, by default this package's. Raises SiteError where it is not built, or where `out` holds
    anything else.
    """
    static = static or STATIC
    _check(out, static)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        fresh = Path(scratch) / "fresh"
        # With the dates of now: hosts that compare only dates would answer "unchanged" for an older page put back.
        shutil.copytree(static, fresh, copy_function=shutil.copyfile)
        for name, content in _files(recogniser).items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        if out.exists():
            out.rename(Path(scratch) / "before")
        fresh.rename(out)
    written = [path for path in out.rglob("*") if path.is_file()]
    return Site(out, len(written), sum(path.stat().st_size for path in written))


def _check(out: Path, static: Path) -> None:
    if not (static / "index.html").is_file():
        raise SiteError(f"{static}: expected the built page, found none; in the repository, `make page` builds it")
    if out.exists() and not out.is_dir():
        raise SiteError(f"{out}: expected a folder, found a file")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise SiteError(f"{out}: expected an empty folder, or a site that was written before, found something else")


def _files(recogniser: Recogniser) -> dict[str, bytes]:
    """All that is not the built page, by its path in the site."""
    model = published(recogniser, MODEL_NAME, Place(server=False, drawings=False))
    mark = {"gribouille": __version__, "model": recogniser.metadata.name, "sha256": recogniser.sha256}
    return {
        **model.files,
        CARD: model.card_file,
        "_headers": _headers().encode(),
        MARK: f"{json.dumps(mark, indent=1)}\n".encode(),
    }


def _headers() -> str:
    """Headers for the hosts that read such a file (Netlify, Cloudflare Pages): what our own server sends."""
    rules = {
        "/*": SECURITY_HEADERS,
        "/assets/*": {"Cache-Control": IMMUTABLE},
        f"/{FOLDER}files/*": {"Cache-Control": IMMUTABLE},
        f"/{CARD}": {"Content-Type": "application/json"},
    }
    return "".join(
        f"{path}\n" + "".join(f"  {name}: {value}\n" for name, value in headers.items())
        for path, headers in rules.items()
    )
