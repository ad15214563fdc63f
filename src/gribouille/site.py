"""The whole application as static files: for any host or bucket, below any path, with no server of ours.

In come the built page and a model; out goes a folder. Its addresses are all relative, and those that may be kept for ever have
a hash in their name. A browser that cannot run the model gets no guess there, and is told so.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
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

    `static` is the built page, by default this package's. Raises SiteError where it is not built, where `out` holds
    anything else, and where it cannot be replaced.
    """
    static, out = static or STATIC, out.resolve()  # of a link, the folder that it leads to
    _check(out, static)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        fresh = Path(scratch) / "fresh"
        # With the dates of now: hosts that compare only dates would answer "unchanged" for an older page put back.
        shutil.copytree(static, fresh, copy_function=shutil.copyfile)
        for name, content in _files(recogniser).items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        names = sorted({*_names(fresh), MARK})
        (fresh / MARK).write_text(_mark(recogniser, names), encoding="utf-8")
        _refuse_foreign(out, names)
        _replace(out, fresh, Path(f"{scratch}.before"))
    return Site(out, len(names), sum((out / name).stat().st_size for name in names))


def _check(out: Path, static: Path) -> None:
    if not (static / "index.html").is_file():
        raise SiteError(f"{static}: expected the built page, found none; in the repository, `make page` builds it")
    if out.exists() and not out.is_dir():
        raise SiteError(f"{out}: expected a folder, found a file")


def _refuse_foreign(out: Path, names: Iterable[str]) -> None:
    """Raises SiteError where the folder holds what no site of ours brought there: a .git, a CNAME, a whole other folder."""
    listed = _listed(out)
    foreign = min(_names(out) - (listed.union(names) if listed else set()), default=None)
    if foreign is not None:
        raise SiteError(
            f"{out}: expected an empty folder, or a site that was written before and nothing else, found {foreign}; "
            "write into another folder and copy the site from there"
        )


def _listed(out: Path) -> set[str]:
    """What the site in this folder consists of, as its mark says; nothing where there is none."""
    try:
        return set(json.loads((out / MARK).read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _names(folder: Path) -> set[str]:
    """Of all that lies in a folder, at any depth, the path; of folders only what lies in them."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in found}


def _replace(out: Path, fresh: Path, before: Path) -> None:
    """Puts `fresh` in the place of `out`, which lies at `before` meanwhile, and comes back from there if anything fails."""
    try:
        if out.exists():
            out.rename(before)
        fresh.rename(out)
    except OSError as error:
        raise SiteError(f"{out}: expected a folder that can be moved and replaced ({error})") from error
    finally:
        if before.exists() and not out.exists():
            before.rename(out)
    shutil.rmtree(before, ignore_errors=True)


def _files(recogniser: Recogniser) -> dict[str, bytes]:
    """All that is not the built page, by its path in the site."""
    model = published(recogniser, MODEL_NAME, Place(server=False, drawings=False))
    return {
        **model.files,
        CARD: model.card_file,
        "_headers": _headers().encode(),
        ".nojekyll": b"",  # GitHub Pages takes the files as they are, without Jekyll
    }


def _mark(recogniser: Recogniser, names: Sequence[str]) -> str:
    model = {"model": recogniser.metadata.name, "sha256": recogniser.sha256}
    return f"{json.dumps({'gribouille': __version__, **model, 'files': names}, indent=1)}\n"


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
