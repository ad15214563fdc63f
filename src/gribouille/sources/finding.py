"""What people write for a source → the files it stands for, sorted by name, each with its size and version."""

import os
from base64 import b64decode
from collections.abc import Sequence
from glob import glob, has_magic
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from gribouille.sources.files import FETCH_RECORD, KINDS, PACKED, SUFFIXES, RetryPolicy, SourceError, SourceFile, shown

MD5_DIGITS = 32
EXPECTED = f"a folder with files {', '.join(KINDS[:-1])} or {KINDS[-1]} ({' or '.join(PACKED)} too)"


def find(spec: str | Path, training_only: bool = False, policy: RetryPolicy | None = None) -> list[SourceFile]:
    """The files of a source: a file, a folder (its files of known suffixes), a glob, or the URL of one.

    `http(s)://` is one file; `gs://` and `s3://` an object, a prefix that ends at a slash, or a glob. Raises SourceError
    where there is none, or where it may not be read.
    """
    text, policy = str(spec), policy or RetryPolicy()
    scheme, mark, _ = text.partition("://")
    if not mark:
        return _on_disk(text, training_only)
    if scheme in ("http", "https"):
        return [_over_http(text, training_only, policy)]
    if scheme in ("gs", "s3"):
        return _in_bucket(text, scheme, training_only, policy)
    raise SourceError(f"{shown(text)}: expected http://, https://, gs:// or s3://, found {scheme}://")


def find_all(specs: Sequence[str | Path], training_only: Sequence[str | Path] = ()) -> list[SourceFile]:
    """The files of all sources, in order; training-only ones last. Raises SourceError, for a file given twice too."""
    files = [file for spec in specs for file in find(spec)]
    files += [file for spec in training_only for file in find(spec, training_only=True)]
    if not files:
        raise SourceError("expected at least one source, found none")
    seen: set[str] = set()
    for file in files:
        place = os.path.realpath(file.url) if file.local else file.url
        if place in seen:
            raise SourceError(f"{shown(file.url)}: expected each file once, found it twice among the sources")
        seen.add(place)
    return files


def _is_source(name: str) -> bool:
    """Whether a folder's file is taken: hidden ones (parts of downloads, macOS's ._ files) and fetch's record are not."""
    return name.endswith(SUFFIXES) and not name.startswith(".") and name != FETCH_RECORD


def _on_disk(spec: str, training_only: bool) -> list[SourceFile]:
    source = Path(spec)
    if source.is_file():
        return [_local(source, source.name, training_only)]
    if source.is_dir():
        paths = sorted(path for path in source.iterdir() if _is_source(path.name) and path.is_file())
        if not paths:
            raise SourceError(f"{spec}: expected {EXPECTED}, found none")
        return [_local(path, f"{source.resolve().name}/{path.name}", training_only) for path in paths]
    if not has_magic(spec):
        raise SourceError(f"{spec}: expected a file or a folder, found neither")
    matches = glob(spec, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    paths = sorted(path for path in map(Path, matches) if path.is_file())
    if not paths:
        raise SourceError(f"{spec}: expected files that match, found none")
    return [_local(path, _in_folder(path.absolute().as_posix()), training_only) for path in paths]


def _local(path: Path, name: str, training_only: bool) -> SourceFile:
    found = path.stat()
    return SourceFile(str(path.absolute()), name, found.st_size, str(found.st_mtime_ns), training_only)


def _in_folder(path: str) -> str:
    """folder/file of a longer path."""
    return "/".join(part for part in PurePosixPath(path).parts[-2:] if part != "/")


def _over_http(url: str, training_only: bool, policy: RetryPolicy) -> SourceFile:
    from fsspec.asyn import sync

    from gribouille.sources.remote import http_files

    name = unquote(PurePosixPath(urlsplit(url).path).name)
    if not name or urlsplit(url).path.endswith("/"):
        raise SourceError(
            f"{shown(url)}: expected the URL of one file (folders cannot be listed over HTTP), found a folder"
        )
    probe = SourceFile(url, name, 0, "", training_only)
    found: SourceFile = sync(http_files().loop, _probed, probe, policy)
    return found


async def _probed(probe: SourceFile, policy: RetryPolicy) -> SourceFile:
    """The file as a request for its first byte shows it: unlike HEAD that tells whether there are ranges, and signed
    URLs allow it."""
    import aiohttp

    from gribouille.sources.remote import HttpRequests, content_range, insist

    async def once() -> SourceFile:
        try:
            answer = await HttpRequests(probe, policy).ask(0, 1)
        except aiohttp.ClientResponseError as error:
            if error.status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or content_range(error.headers or {})[1] != 0:
                raise
            return SourceFile(probe.url, probe.name, 0, _version(error.headers), probe.training_only)
        async with answer:
            ranges = answer.status == HTTPStatus.PARTIAL_CONTENT
            size = content_range(answer.headers)[1] if ranges else answer.content_length
            if size is None:
                raise SourceError(f"{shown(probe.url)}: expected a server that tells the file's size, found none told")
            version, md5 = _version(answer.headers), _google_md5(answer.headers)
            return SourceFile(probe.url, probe.name, size, version, probe.training_only, md5, ranges)

    return await insist(once, probe.url, policy)


def _version(headers: Any) -> str:
    return headers.get("ETag") or headers.get("Last-Modified") or ""


def _google_md5(headers: Any) -> str:
    """The MD5 that Google's servers tell over plain https too."""
    for each in headers.getall("x-goog-hash", []):
        for part in each.split(","):
            if part.strip().startswith("md5="):
                return _hex(part.strip().removeprefix("md5="))
    return ""


def _hex(base64: str) -> str:
    return b64decode(base64).hex()


def _in_bucket(spec: str, scheme: str, training_only: bool, policy: RetryPolicy) -> list[SourceFile]:
    from fsspec.asyn import sync

    from gribouille.sources.remote import gs_files, insist, s3_files

    files = gs_files() if scheme == "gs" else s3_files()
    # gcsfs asks for listings again itself.
    policy = RetryPolicy(1, 0, 0, policy.timeout_s) if scheme == "gs" else policy
    found = sync(files.loop, insist, lambda: _listed(files, spec), spec, policy)
    return [_object(entry, name, scheme, training_only) for name, entry in found]


async def _listed(files: Any, spec: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and entry of each object that a URL stands for, sorted. Raises SourceError where there is none."""
    path = files._strip_protocol(spec).rstrip("/")
    if has_magic(path):
        entries = (await files._glob(path, detail=True)).values()
        found = [(_in_folder(entry["name"]), entry) for entry in entries if entry["type"] == "file"]
        if not found:
            raise SourceError(f"{spec}: expected objects that match, found none")
    else:
        entry = await files._info(path)
        if entry["type"] == "file":
            return [(PurePosixPath(path).name, entry)]
        found = [
            (_in_folder(entry["name"]), entry)
            for entry in await files._ls(path, detail=True)
            if entry["type"] == "file" and _is_source(PurePosixPath(entry["name"]).name)
        ]
        if not found:
            raise SourceError(f"{spec}: expected {EXPECTED}, found none")
    return sorted(found, key=lambda pair: pair[1]["name"])


def _object(entry: dict[str, Any], name: str, scheme: str, training_only: bool) -> SourceFile:
    etag = str(entry.get("ETag") or entry.get("etag") or "").strip('"')
    if scheme == "gs":
        version, md5 = str(entry.get("generation") or etag), _hex(entry.get("md5Hash") or "")
    else:  # one of several parts has a dash
        version, md5 = etag, etag if len(etag) == MD5_DIGITS else ""
    return SourceFile(f"{scheme}://{entry['name']}", name, int(entry["size"]), version, training_only, md5)
