"""Servers through fsspec: one file system a protocol, one request, and asking again where that may help.

Everything asynchronous here runs on fsspec's own event loop, in its thread. Retries happen in one place, `insist`: those of
s3fs and botocore are switched off; of gcsfs only listings are used, which it asks for again itself.
"""

import logging
import os
import re
from asyncio import IncompleteReadError
from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote

from gribouille.sources.files import RetryPolicy, SourceError, SourceFile, shown

Answer = TypeVar("Answer")

SETTINGS = ("AWS_", "FSSPEC_", "GOOGLE_", "STORAGE_EMULATOR_HOST")  # names of the environment that change what we reach
SKIPPED = 1 << 20  # bytes read and dropped at a time
IDENTITY = {"Accept-Encoding": "identity"}
AS_STORED = {
    "Accept-Encoding": "gzip"
}  # GCS unpacks what was stored gzipped unless we take gzip, and forgets the range
BOTOCORE_PASSING = ("ConnectionError", "HTTPClientError")  # by name: it need not be installed
_lock = Lock()


class ShortReadError(Exception):
    """Fewer bytes came than were asked for."""


def http_files() -> Any:
    """fsspec's file system for http and https, with a session that never unpacks and heeds proxies."""
    return _file_system("http", _settings())


def gs_files() -> Any:
    """fsspec's file system for gs://; anonymous where there is no trace of credentials."""
    return _file_system("gs", _settings())


def s3_files() -> Any:
    """fsspec's file system for s3://; anonymous where there are no credentials."""
    return _file_system("s3", _settings())


def _settings() -> tuple[str, ...]:
    """What the environment says of servers and credentials, and the process: a fork must not share connections."""
    chosen = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(SETTINGS))
    return (str(os.getpid()), *chosen)


def _file_system(protocol: str, settings: tuple[str, ...]) -> Any:
    with _lock:  # two threads would open two sessions
        return _opened(protocol, settings)


@cache
def _opened(protocol: str, settings: tuple[str, ...]) -> Any:
    return {"http": _http, "gs": _gs, "s3": _s3}[protocol]()


def _configured(protocol: str) -> dict[str, Any]:
    """What fsspec's configuration (files and FSSPEC_… variables) says of a protocol."""
    from fsspec.config import conf

    return dict(conf.get(protocol, {}))


def _http() -> Any:
    from fsspec.implementations.http import HTTPFileSystem

    ours = {"auto_decompress": False, "trust_env": True}
    session = {**_configured("http").get("client_kwargs", {}), **ours}
    return HTTPFileSystem(client_kwargs=session, skip_instance_cache=True)


def _gs() -> Any:
    # Else it asks about hierarchical buckets first, and every call to an emulator stalls for a minute.
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    from gcsfs.core import GCSFileSystem

    logging.getLogger("gcsfs").addHandler(logging.NullHandler())  # its tracebacks: we raise what they say
    options = {} if "token" in _configured("gs") or _has_google_credentials() else {"token": "anon"}
    return GCSFileSystem(access="read_only", use_listings_cache=False, skip_instance_cache=True, **options)


def _has_google_credentials() -> bool:
    """Whether gcsfs should look for credentials. Without a trace of any it would try a metadata server for seconds."""
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        return False
    gcloud = Path(os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud")
    machine = Path("/sys/class/dmi/id/product_name")
    return (
        "GOOGLE_APPLICATION_CREDENTIALS" in os.environ
        or "K_SERVICE" in os.environ  # Cloud Run
        or (gcloud / "application_default_credentials.json").is_file()
        or (machine.is_file() and machine.read_text().startswith("Google"))
    )


def _s3() -> Any:
    import s3fs
    from botocore.session import Session

    options: dict[str, Any] = {}
    if not _configured("s3").keys() & {"anon", "key", "profile"} and Session().get_credentials() is None:
        options["anon"] = True
    policy = RetryPolicy()
    config = {
        "retries": {"total_max_attempts": 1},
        "connect_timeout": policy.timeout_s,
        "read_timeout": policy.timeout_s,
    }
    files = s3fs.S3FileSystem(config_kwargs=config, use_listings_cache=False, skip_instance_cache=True, **options)
    files.retries = 1
    return files


async def insist(once: Callable[[], Awaitable[Answer]], url: str, policy: RetryPolicy) -> Answer:
    """once()'s answer, asked again after what may pass, ever later. Raises SourceError after the last try."""
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

    stop, again = stop_after_attempt(policy.tries), retry_if_exception(_may_pass)
    retrying = AsyncRetrying(stop=stop, wait=waiting(policy), retry=again, reraise=True)

    async def awaited() -> Answer:  # tenacity looks for a coroutine function
        return await once()

    try:
        return await retrying(awaited)
    except SourceError:
        raise
    except Exception as error:
        raise refusal(url, error, policy, retrying.statistics["attempt_number"]) from error


def waiting(policy: RetryPolicy) -> Any:
    """Tenacity's wait between two tries: exponential, with jitter."""
    from tenacity import wait_exponential, wait_random

    return wait_exponential(policy.first_wait_s, policy.longest_wait_s) + wait_random(0, policy.first_wait_s)


def refusal(url: str, error: Exception, policy: RetryPolicy, tries: int = 1) -> SourceError:
    """What people read where a server did not give what it was asked for."""
    status, place = _status(error), shown(url)
    times = f", {tries} times" if tries > 1 else ""
    if status == HTTPStatus.NOT_FOUND:
        return SourceError(f"{place}: expected a file or a folder, found neither")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return SourceError(f"{place}: expected the right to read it, found {_named(status)}")
    if status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
        return changed(url)
    if status is not None:
        return SourceError(f"{place}: expected an answer, found {_named(status)}{times}")
    if isinstance(error, TimeoutError):
        return SourceError(f"{place}: expected an answer, found silence for {policy.timeout_s:g} s{times}")
    found = (str(error) or type(error).__name__).replace(url, place).splitlines()[0]
    return SourceError(f"{place}: expected an answer, found {found}{times}")


def changed(url: str) -> SourceError:
    """The error of a file that is no longer the one that was found."""
    return SourceError(f"{shown(url)}: expected the file as it was first found, found it changed since then")


def _named(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else f"status {status}"


def _status(error: BaseException | None) -> int | None:
    """The HTTP status behind an error of aiohttp, gcsfs, s3fs or botocore; None where there is none."""
    if error is None:
        return None
    response = getattr(error, "response", None)  # botocore's, which s3fs keeps as the cause
    if isinstance(response, dict) and "ResponseMetadata" in response:
        return int(response["ResponseMetadata"]["HTTPStatusCode"])
    for value in (vars(error).get("status"), vars(error).get("code")):  # of aiohttp and of gcsfs
        if str(value).isdecimal():
            return int(str(value))
    if isinstance(error, FileNotFoundError):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, PermissionError) or str(error).startswith("Forbidden"):  # gcsfs has only the word
        return HTTPStatus.FORBIDDEN
    return _status(error.__cause__)


def _may_pass(error: BaseException) -> bool:
    import aiohttp

    status = _status(error)
    if status is not None:
        busy = status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
        return busy or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED)
    if isinstance(error, aiohttp.ClientSSLError):
        return False
    passing = (ConnectionError, TimeoutError, ShortReadError, IncompleteReadError)
    if isinstance(error, (*passing, aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
        return True
    return any(
        each.__module__ == "botocore.exceptions" and each.__name__ in BOTOCORE_PASSING for each in type(error).mro()
    )


class HttpRequests:
    """Requests for parts of one file over HTTP: of any server, or of Google's with its credentials."""

    def __init__(self, file: SourceFile, policy: RetryPolicy) -> None:
        self.file = file
        self.files = http_files()
        self.google = gs_files() if file.url.startswith("gs://") else None
        self.policy = policy

    async def ask(self, start: int, stop: int | None) -> Any:
        """The answer (aiohttp's) of status 200 or 206 to a request for bytes from start to stop; to be closed.

        Raises aiohttp's errors, and SourceError where the file has changed.
        """
        import aiohttp
        from yarl import URL

        session = await self.files.set_session()
        url, headers = self._address()
        last = "" if stop is None else str(stop - 1)
        options = {name: value for name, value in self.files.kwargs.items() if name != "headers"}
        answer = await session.get(
            URL(url, encoded=True),
            headers={**self.files.kwargs.get("headers", {}), **headers, "Range": f"bytes={start}-{last}"},
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self.policy.timeout_s, sock_read=self.policy.timeout_s
            ),
            **options,
        )
        try:
            answer.raise_for_status()
            self._check_version(answer.headers)
        except BaseException:
            answer.close()
            raise
        return answer

    def _address(self) -> tuple[str, dict[str, str]]:
        if self.google is None:
            return quote(self.file.url, safe="%/:=&?~#+!$,;'@()*[]"), dict(IDENTITY)
        url = self.google.url(self.file.url)
        if self.file.version.isdecimal():
            url += f"&ifGenerationMatch={self.file.version}"
        headers = dict(AS_STORED)
        self.google.credentials.apply(headers)
        return url, headers

    def _check_version(self, headers: Any) -> None:
        known = (
            {headers.get("x-goog-generation")} if self.google else {headers.get("ETag"), headers.get("Last-Modified")}
        )
        known -= {None}
        if self.file.version and known and self.file.version not in known:
            raise changed(self.file.url)


class HttpRanges:
    """The bytes of a file whose server gives ranges; any number of reads at a time."""

    def __init__(self, file: SourceFile, policy: RetryPolicy) -> None:
        self.file = file
        self.policy = policy
        self.requests = HttpRequests(file, policy)
        self.md5 = file.md5

    async def read(self, start: int, stop: int) -> bytes:
        """Exactly the bytes from start to stop. Raises SourceError."""
        return await insist(lambda: self._once(start, stop), self.file.url, self.policy)

    async def _once(self, start: int, stop: int) -> bytes:
        async with await self.requests.ask(start, stop) as answer:
            span, total = content_range(answer.headers)
            if total not in (None, self.file.bytes):
                raise changed(self.file.url)
            if answer.status != HTTPStatus.PARTIAL_CONTENT or span != (start, stop):
                raise ShortReadError(f"other bytes than the asked {start}-{stop - 1}")
            octets: bytes = await answer.content.readexactly(stop - start)
            return octets

    async def close(self) -> None:
        """Nothing is open between reads."""


class HttpSequence:
    """The bytes of a file whose server gives it only whole: one GET serves reads in order, and a step back starts anew."""

    def __init__(self, file: SourceFile, policy: RetryPolicy) -> None:
        from asyncio import Lock

        self.file = file
        self.policy = policy
        self.requests = HttpRequests(file, policy)
        self.md5 = file.md5
        self.order = Lock()
        self.answer: Any = None
        self.position = 0

    async def read(self, start: int, stop: int) -> bytes:
        """Exactly the bytes from start to stop; those before are read and dropped. Raises SourceError."""
        async with self.order:
            return await insist(lambda: self._once(start, stop), self.file.url, self.policy)

    async def _once(self, start: int, stop: int) -> bytes:
        try:
            if self.answer is None or self.position > start:
                await self.close()
                self.answer = await self.requests.ask(0, None)
            while self.position < start:
                skipped = min(start - self.position, SKIPPED)
                await self.answer.content.readexactly(skipped)
                self.position += skipped
            octets: bytes = await self.answer.content.readexactly(stop - start)
        except BaseException:
            await self.close()
            raise
        self.position = stop
        return octets

    async def close(self) -> None:
        """Ends the GET that is under way."""
        if self.answer is not None:
            self.answer.close()
        self.answer, self.position = None, 0


class S3Ranges:
    """The bytes of an S3 object; any number of reads at a time."""

    def __init__(self, file: SourceFile, policy: RetryPolicy) -> None:
        self.file = file
        self.policy = policy
        self.files = s3_files()
        self.bucket, self.key, _ = self.files.split_path(file.url)
        self.md5 = file.md5

    async def read(self, start: int, stop: int) -> bytes:
        """Exactly the bytes from start to stop. Raises SourceError."""
        return await insist(lambda: self._once(start, stop), self.file.url, self.policy)

    async def _once(self, start: int, stop: int) -> bytes:
        answer = await self.files._call_s3(
            "get_object",
            Bucket=self.bucket,
            Key=self.key,
            Range=f"bytes={start}-{stop - 1}",
            IfMatch=f'"{self.file.version}"',
        )
        if answer.get("SSECustomerAlgorithm") or "kms" in answer.get("ServerSideEncryption", ""):
            self.md5 = ""  # of such objects the ETag is something else
        async with answer["Body"] as body:
            octets: bytes = await body.read()
        if len(octets) != stop - start:
            raise ShortReadError(f"{len(octets)} bytes of {stop - start}")
        return octets

    async def close(self) -> None:
        """Nothing is open between reads."""


def content_range(headers: Any) -> tuple[tuple[int, int] | None, int | None]:
    """The start and stop of an answer's bytes and the size of the whole file, each None where not told."""
    found = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(?:(\d+)|\*)", headers.get("Content-Range", ""))
    if found is None:
        return None, None
    first, last, total = found.groups()
    return (None if first is None else (int(first), int(last) + 1)), (None if total is None else int(total))
