"""Sources: what people write → files, and their bytes, exactly, whatever the server does."""

import gzip
import hashlib
import os
import random
import subprocess
import sys
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import Bucket, HttpServer, new_bucket, serving

from gribouille.sources import (
    SUFFIXES,
    RetryPolicy,
    SourceError,
    SourceFile,
    chunks,
    find,
    find_all,
    reader,
    shown,
    stream,
)
from gribouille.sources.remote import _has_google_credentials, gs_files, s3_files, waiting

AT_ONCE = RetryPolicy(tries=4, first_wait_s=0, longest_wait_s=0, timeout_s=10)
BYTES = random.Random(6).randbytes(300_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with sources and what is none."""
    folder = tmp_path / "drawings"
    folder.mkdir()
    for name in ("cat.ndjson", "ant.ndjson.gz", "bee.csv.zst", "README.md", "fetch.json", ".cat.ndjson", "dog.npy"):
        (folder / name).write_bytes(name.encode())
    (folder / "more.ndjson").mkdir()
    return folder


@pytest.fixture
def served(http_server: HttpServer) -> SourceFile:
    """A file of 300 kB on the HTTP server, found."""
    http_server.files["simplified/aircraft carrier.ndjson"] = BYTES
    return find(http_server.url("simplified/aircraft carrier.ndjson"), policy=AT_ONCE)[0]


def names(files: list[SourceFile]) -> list[str]:
    """What the card would call them."""
    return [file.name for file in files]


# ---------------------------------------------------------------- finding


def test_a_folder_is_its_files_of_known_suffixes_by_name(folder: Path) -> None:
    """Hidden files, folders, other suffixes and fetch's own record are not taken; size and version are told."""
    files = find(folder)
    assert names(files) == ["drawings/ant.ndjson.gz", "drawings/bee.csv.zst", "drawings/cat.ndjson"]
    cat = folder / "cat.ndjson"
    assert files[2] == SourceFile(str(cat), "drawings/cat.ndjson", 10, str(cat.stat().st_mtime_ns))
    assert files[2].local
    assert {".ndjson", ".ndjson.zst", ".json.gz", ".jsonl", ".npz", ".bin", ".csv"} <= set(SUFFIXES)


def test_a_file_alone_is_its_name(folder: Path) -> None:
    """Whatever its suffix: who names a file wants it. Training-only stays with the file."""
    (file,) = find(str(folder / "README.md"), training_only=True)
    assert (file.name, file.training_only) == ("README.md", True)


def test_a_relative_path_becomes_absolute_and_its_name_does_not_tell_where(folder: Path, monkeypatch) -> None:
    """The card's name of "." has the folder's own name, and no more of the path."""
    monkeypatch.chdir(folder)
    assert names(find(".")) == names(find(folder))
    assert all(Path(file.url).is_absolute() for file in find("."))


def test_a_glob_is_the_files_that_match(folder: Path, tmp_path: Path) -> None:
    """In the order of their paths, folders left out; a file whose name looks like a glob is that file."""
    assert names(find(f"{folder}/*.ndjson*")) == ["drawings/ant.ndjson.gz", "drawings/cat.ndjson"]
    assert names(find(f"{tmp_path}/**/c?t.ndjson")) == ["drawings/cat.ndjson"]
    odd = folder / "odd[1].txt"
    odd.write_bytes(b"odd")
    assert names(find(odd)) == ["odd[1].txt"]


def test_nothing_found_is_said(folder: Path, tmp_path: Path) -> None:
    """Missing paths, folders without sources, globs without matches, and protocols that we do not speak."""
    (tmp_path / "empty").mkdir()
    for spec, complaint in (
        (tmp_path / "none.ndjson", "none.ndjson: expected a file or a folder, found neither"),
        (tmp_path / "empty", r"empty: expected a folder with files \.ndjson, .* found none"),
        (f"{folder}/*.svg", r"\*\.svg: expected files that match, found none"),
        (
            "ftp://server/cat.ndjson",
            "ftp://server/cat.ndjson: expected http://, https://, gs:// or s3://, found ftp://",
        ),
        ("http://server/folder/", "http://server/folder/: expected the URL of one file"),
    ):
        with pytest.raises(SourceError, match=complaint):
            find(spec)


def test_all_sources_are_in_order_and_each_once(folder: Path, tmp_path: Path) -> None:
    """Training-only ones come last; the same file by two ways is refused, as are no sources at all."""
    cat, ant = folder / "cat.ndjson", folder / "ant.ndjson.gz"
    files = find_all([cat, ant], [folder / "bee.csv.zst"])
    assert names(files) == ["cat.ndjson", "ant.ndjson.gz", "bee.csv.zst"]
    assert [file.training_only for file in files] == [False, False, True]
    (tmp_path / "link.ndjson").symlink_to(cat)
    for specs in ([folder, cat], [cat, tmp_path / "link.ndjson"]):
        with pytest.raises(SourceError, match="expected each file once, found it twice"):
            find_all(specs)
    with pytest.raises(SourceError, match="expected at least one source, found none"):
        find_all([])


def test_files_on_disk_need_no_cloud(folder: Path) -> None:
    """Finding and reading them imports neither fsspec nor aiohttp nor tenacity."""
    script = (
        "import sys; from gribouille.sources import find, reader; file = find(sys.argv[1])[0]; reader(file).read(0, 3);"
        "print({'fsspec', 'aiohttp', 'tenacity', 'gcsfs', 's3fs'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("set()\n", "")


def test_a_url_is_one_file(http_server: HttpServer) -> None:
    """Its name is the path's last part, decoded; its size and ETag are the server's; a query is sent and never shown."""
    http_server.files["simplified/aircraft carrier.ndjson"] = BYTES
    url = http_server.url("simplified/aircraft carrier.ndjson") + "?signature=a%2Fb%3D"
    (file,) = find(url, policy=AT_ONCE)
    assert (file.name, file.bytes, file.ranges) == ("aircraft carrier.ndjson", len(BYTES), True)
    assert file.version == f'"{hashlib.sha1(BYTES).hexdigest()}"'
    assert reader(file, AT_ONCE).read(5, 10) == BYTES[5:10]
    assert {path.partition("?")[2] for path, _ in http_server.asked} == {"signature=a%2Fb%3D"}
    http_server.files.clear()
    with pytest.raises(SourceError) as raised:
        reader(file, AT_ONCE).read(5, 10)
    for text in (str(raised.value), repr(file), shown(url)):
        assert "signature" not in text


def test_user_and_password_are_never_shown() -> None:
    """Of a URL that has them, people see scheme, host and path."""
    assert shown("https://me:secret@host:80/a/b.csv?key=1#x") == "https://host:80/a/b.csv"
    with pytest.raises(SourceError) as raised:
        find("http://me:secret@127.0.0.1:1/cat.ndjson?key=1", policy=RetryPolicy(1, 0, 0, 1))
    assert "secret" not in str(raised.value)
    assert "key" not in str(raised.value)


def test_without_etag_the_date_is_the_version(http_server: HttpServer) -> None:
    """And without either there is none, so nothing to compare."""
    http_server.files["cat.ndjson"] = BYTES
    http_server.etag = False
    (file,) = find(http_server.url("cat.ndjson"), policy=AT_ONCE)
    assert file.version == ""
    assert reader(file, AT_ONCE).read(0, 9) == BYTES[:9]
    http_server.headers["Last-Modified"] = "Sat, 28 Nov 2026 06:36:21 GMT"
    assert find(http_server.url("cat.ndjson"))[0].version == "Sat, 28 Nov 2026 06:36:21 GMT"


def test_googles_digest_is_taken_over_plain_https_too(http_server: HttpServer) -> None:
    """Its servers tell it with every answer (x-goog-hash)."""
    http_server.files["cat.ndjson"] = BYTES
    http_server.headers["x-goog-hash"] = "crc32c=AAAAAA==,md5=XrY7u+Ae7tCTyyK7j1rNww=="
    assert find(http_server.url("cat.ndjson"))[0].md5 == "5eb63bbbe01eeed093cb22bb8f5acdc3"


def test_an_empty_file_is_found_and_read(http_server: HttpServer, s3_bucket: Bucket) -> None:
    """No byte of it can be asked for, so none is."""
    http_server.files["empty.ndjson"] = b""
    s3_bucket.put("empty.ndjson", b"")
    for url in (http_server.url("empty.ndjson"), f"{s3_bucket.url}/empty.ndjson"):
        (file,) = find(url, policy=AT_ONCE)
        assert file.bytes == 0
        assert list(stream(file)) == []
        assert reader(file, AT_ONCE).read(0, 0) == b""


def test_what_a_server_refuses_is_said_at_once(http_server: HttpServer) -> None:
    """404, 401 and 403 are not asked again."""
    http_server.files["cat.ndjson"] = BYTES
    for status, complaint in (
        (404, "cat.ndjson: expected a file or a folder, found neither"),
        (403, "cat.ndjson: expected the right to read it, found 403 Forbidden"),
        (401, "cat.ndjson: expected the right to read it, found 401 Unauthorized"),
        (410, "cat.ndjson: expected an answer, found 410 Gone"),
        (
            412,
            "cat.ndjson: expected the file as it was first found, found it changed since then",
        ),  # Google's and S3's way
    ):
        http_server.faults.append(status)
        with pytest.raises(SourceError, match=complaint):
            find(http_server.url("cat.ndjson"), policy=AT_ONCE)
    assert len(http_server.asked) == 5


def test_who_does_not_answer_is_said(no_credentials: pytest.MonkeyPatch) -> None:
    """The message has the address, the cause and how often it was tried."""
    no_credentials.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for url in ("http://127.0.0.1:1/cat.ndjson", "s3://bucket/cat.ndjson"):
        with pytest.raises(SourceError, match=rf"{url}: expected an answer, found .*127.0.0.1:1.*, 3 times"):
            find(url, policy=RetryPolicy(3, 0, 0, 1))


# ---------------------------------------------------------------- buckets


@pytest.fixture(params=["gs", "s3"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    """A bucket with a folder of two sources, a deeper one, and what is none."""
    bucket: Bucket = request.getfixturevalue(f"{request.param}_bucket")
    for key in (
        "full/simplified/cat.ndjson",
        "full/simplified/air plane.ndjson",
        "full/README.txt",
        "full/x/y/z.ndjson",
    ):
        bucket.put(key, key.encode() + BYTES)
    return bucket


def test_a_bucket_has_objects_folders_and_globs(bucket: Bucket) -> None:
    """Objects by their names, a folder's sources without those further down, and what matches a glob."""
    base = bucket.url
    assert names(find(f"{base}/full/simplified/cat.ndjson")) == ["cat.ndjson"]
    assert names(find(f"{base}/full/README.txt")) == ["README.txt"]
    for folder in ("full/simplified", "full/simplified/", "full/simplified/*", "full/s*/*.ndjson"):
        files = find(f"{base}/{folder}")
        assert names(files) == ["simplified/air plane.ndjson", "simplified/cat.ndjson"]
        assert files[0].url == f"{base}/full/simplified/air plane.ndjson"
    bucket.put("top.csv", b"top")
    assert names(find(base)) == [f"{base.partition('://')[2]}/top.csv"]
    assert find_all([f"{base}/top.csv"], [f"{base}/full/simplified"])[-1].training_only


def test_a_bucket_tells_size_version_and_digest(bucket: Bucket) -> None:
    """The same whether an object is asked for or listed; another object has another version."""
    url = f"{bucket.url}/full/simplified/cat.ndjson"
    (file,) = find(url)
    assert file == SourceFile(url, "cat.ndjson", file.bytes, file.version, md5=file.md5)
    octets = b"full/simplified/cat.ndjson" + BYTES
    assert (file.bytes, file.md5) == (len(octets), hashlib.md5(octets).hexdigest())
    listed = find(f"{bucket.url}/full/simplified")[1]
    assert (listed.bytes, listed.md5, listed.version) == (file.bytes, file.md5, file.version)
    bucket.put("full/simplified/cat.ndjson", b"other")
    assert find(url)[0].version not in ("", file.version)


def test_a_bucket_has_nothing_there(bucket: Bucket) -> None:
    """Objects, folders and buckets that do not exist, folders without sources, globs that match nothing."""
    for path, complaint in (
        ("full/none.ndjson", "none.ndjson: expected a file or a folder, found neither"),
        ("full", "full: expected a folder with files"),
        ("full/*.svg", r"\*.svg: expected objects that match, found none"),
    ):
        with pytest.raises(SourceError, match=complaint):
            find(f"{bucket.url}/{path}", policy=AT_ONCE)
    with pytest.raises(SourceError, match="expected a file or a folder, found neither"):
        find(f"{bucket.url}x/cat.ndjson", policy=AT_ONCE)


def test_a_bucket_is_read_exactly(bucket: Bucket) -> None:
    """By range from several threads, and as chunks with some under way ahead."""
    octets = b"full/simplified/cat.ndjson" + BYTES
    (file,) = find(f"{bucket.url}/full/simplified/cat.ndjson")
    opened = reader(file, AT_ONCE)
    spans = [(start, min(start + 7777, len(octets))) for start in range(0, len(octets), 7777)]
    with ThreadPoolExecutor(4) as pool:
        assert b"".join(pool.map(lambda span: opened.read(*span), spans)) == octets
    opened.close()
    assert b"".join(stream(file, 100, 200_000, ahead=3, chunk=30_000)) == octets[100:200_000]


def test_an_object_that_changed_is_an_error(bucket: Bucket) -> None:
    """A reader never mixes the bytes of two objects."""
    (file,) = find(f"{bucket.url}/full/simplified/cat.ndjson")
    opened = reader(file, AT_ONCE)
    assert opened.read(0, 4) == b"full"
    bucket.put("full/simplified/cat.ndjson", b"other bytes")
    with pytest.raises(SourceError, match="expected the file as it was first found, found it changed"):
        opened.read(0, 4)


@pytest.mark.parametrize("anonymous", ["s3://bucket/cat.ndjson", "gs://bucket/cat.ndjson"])
def test_a_bucket_that_may_not_be_read_is_said(http_server: HttpServer, no_credentials, anonymous: str) -> None:
    """Also where nobody has credentials, which is asked for without; 403 is not tried again."""
    no_credentials.setenv("AWS_ENDPOINT_URL", http_server.address)
    no_credentials.setenv("STORAGE_EMULATOR_HOST", http_server.address)
    http_server.faults.extend([403] * 9)
    with pytest.raises(SourceError, match="expected the right to read it, found 403 Forbidden"):
        find(anonymous, policy=AT_ONCE)
    assert len(http_server.asked) <= 3


@pytest.mark.parametrize(
    ("fault", "cause", "asked"),
    [
        (503, "503 Service Unavailable", 4),
        ("reset", "Connection was closed", 8),
    ],  # aiohttp doubles a try without answer
)
def test_s3_is_asked_again_by_us_alone(http_server: HttpServer, no_credentials, fault, cause: str, asked: int) -> None:
    """s3fs and botocore would each multiply our tries."""
    no_credentials.setenv("AWS_ENDPOINT_URL", http_server.address)
    http_server.faults.extend([fault] * 50)
    file = SourceFile("s3://bucket/cat.ndjson", "cat.ndjson", 10, "abc")
    with pytest.raises(SourceError, match=rf"cat\.ndjson: expected an answer, found {cause}.*, 4 times"):
        reader(file, AT_ONCE).read(0, 10)
    assert len(http_server.asked) == asked


def test_a_public_object_needs_no_credentials(s3_bucket: Bucket, no_credentials: pytest.MonkeyPatch) -> None:
    """Without credentials S3 is asked without a signature, which it grants for what is public."""
    s3_bucket.put("cat.ndjson", b"public")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        no_credentials.delenv(name)
    assert s3_files().anon
    (file,) = find(f"{s3_bucket.url}/cat.ndjson")
    assert reader(file).read(0, 6) == b"public"


def test_google_is_asked_anonymously_without_credentials(no_credentials: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The public bucket needs none, and looking for some would take seconds; a trace of them makes gcsfs look."""
    assert not _has_google_credentials()
    assert gs_files().credentials.token == "anon"
    no_credentials.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    assert _has_google_credentials()
    no_credentials.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    assert not _has_google_credentials()


# ---------------------------------------------------------------- reading


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=1, max_size=8), st.data())
def test_any_ranges_are_exactly_those_bytes(small: dict[str, SourceFile], spans, data) -> None:
    """On disk, over HTTP with and without ranges, of Google and of S3, in any order."""
    file = small[data.draw(st.sampled_from(sorted(small)))]
    opened = reader(file, AT_ONCE)
    for start, stop in (sorted(span) for span in spans):
        assert opened.read(start, stop) == BYTES[start:stop]
    opened.close()


@pytest.fixture(scope="module")
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """The same 3,000 bytes in five places."""
    with pytest.MonkeyPatch.context() as patch, serving() as ranged, serving() as whole:
        gs, s3 = request.getfixturevalue("gs_server"), request.getfixturevalue("s3_server")
        for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "FSSPEC_"))]:
            patch.delenv(name)
        patch.setenv("STORAGE_EMULATOR_HOST", gs)
        for name, value in {"ENDPOINT_URL": s3, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}.items():
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        buckets = [new_bucket("gs", gs), new_bucket("s3", s3)]
        path = tmp_path_factory.mktemp("small") / "cat.ndjson"
        path.write_bytes(BYTES[:3000])
        ranged.files["cat.ndjson"] = whole.files["cat.ndjson"] = BYTES[:3000]
        whole.ranges = False
        for bucket in buckets:
            bucket.put("cat.ndjson", BYTES[:3000])
        specs = [
            str(path),
            ranged.url("cat.ndjson"),
            whole.url("cat.ndjson"),
            *(f"{one.url}/cat.ndjson" for one in buckets),
        ]
        yield {spec: find(spec)[0] for spec in specs}


def test_chunks_are_consecutive_and_whole(served: SourceFile, tmp_path: Path) -> None:
    """Each of the asked size, the last shorter, from a server and from disk alike."""
    path = tmp_path / "cat.ndjson"
    path.write_bytes(BYTES)
    for file in (served, find(path)[0]):
        for start, stop, chunk in ((0, None, 64_000), (17, 100_017, 50_000), (299_999, None, 8), (5, 5, 8)):
            pieces = list(stream(file, start, stop, ahead=3, chunk=chunk))
            assert b"".join(pieces) == BYTES[start:stop]
            assert {len(piece) for piece in pieces[:-1]} <= {chunk}


def test_so_many_ranges_are_under_way_and_no_more(served: SourceFile, http_server: HttpServer) -> None:
    """That is what bounds the memory: while nobody takes the next chunk, `ahead` − 1 more have been asked for."""
    http_server.let_go()
    pieces = stream(served, ahead=4, chunk=10_000)
    assert next(pieces) == BYTES[:10_000]
    http_server.wait(lambda: len(http_server.asked) == 4 and http_server.answering == 0)
    assert next(pieces) == BYTES[10_000:20_000]
    http_server.wait(lambda: len(http_server.asked) == 5 and http_server.answering == 0)
    pieces.close()
    assert len(http_server.asked) == 5


def test_ranges_are_read_at_the_same_time(served: SourceFile, http_server: HttpServer) -> None:
    """Nobody gets a byte until four are asking: then all go on."""
    http_server.let_go()
    http_server.limit = 0
    opened = reader(served, AT_ONCE)
    pieces = chunks(opened, ahead=4, chunk=10_000)
    first = threading.Thread(target=lambda: next(pieces))
    first.start()
    http_server.wait(lambda: http_server.answering == 4)
    http_server.let_go()
    first.join()
    assert b"".join(pieces) == BYTES[10_000:]
    opened.close()


@pytest.mark.parametrize("fault", [500, 502, 503, 504, 408, 429, "drop", "short", "reset", "stall"])
def test_what_may_pass_is_asked_again(served: SourceFile, http_server: HttpServer, fault: int | str) -> None:
    """Broken connections, short answers, errors of the server and its wish to be left alone for a while."""
    http_server.stall_s = 0.05  # much shorter than the timeout: slow is not broken
    opened = reader(served, AT_ONCE)
    http_server.let_go()
    http_server.faults.extend([fault] * 3)
    assert opened.read(1000, 250_000) == BYTES[1000:250_000]
    assert len(http_server.asked) == (1 if fault == "stall" else 4)
    opened.close()


@pytest.mark.parametrize(
    ("fault", "cause"),
    [(503, "503 Service Unavailable"), ("short", "other bytes"), ("drop", "payload is not completed")],
)
def test_what_does_not_pass_is_said_after_the_last_try(served: SourceFile, http_server, fault, cause: str) -> None:
    """With the address, the cause and the number of tries."""
    http_server.let_go()
    http_server.faults.extend([fault] * 4)
    with pytest.raises(
        SourceError, match=rf"aircraft%20carrier.ndjson: expected an answer, found .*{cause}.*, 4 times"
    ):
        reader(served, AT_ONCE).read(0, 1000)
    assert len(http_server.asked) == 4


def test_silence_is_a_fault(served: SourceFile, http_server: HttpServer) -> None:
    """A server that stops in the middle is left after the timeout, and asked again."""
    opened = reader(served, RetryPolicy(2, 0, 0, timeout_s=0.1))
    http_server.stall_s = 0.5
    http_server.faults.extend(["stall"])
    assert opened.read(0, 1000) == BYTES[:1000]
    http_server.faults.extend(["stall", "stall"])
    with pytest.raises(SourceError, match=r"expected an answer, found silence for 0\.1 s, 2 times"):
        opened.read(0, 1000)


@pytest.mark.parametrize("other", [BYTES[:-1], BYTES[::-1], b"short", b""])
def test_a_file_that_changed_on_the_server_is_an_error(
    served: SourceFile, http_server: HttpServer, other: bytes
) -> None:
    """By its ETag or its size; it is not asked again."""
    opened = reader(served, AT_ONCE)
    opened.read(0, 10)
    http_server.let_go()
    http_server.files["simplified/aircraft carrier.ndjson"] = other
    with pytest.raises(SourceError, match="expected the file as it was first found, found it changed since then"):
        opened.read(1000, 2000)
    assert len(http_server.asked) == 1


def test_a_server_without_ranges_is_read_once(http_server: HttpServer) -> None:
    """From start to end by a single GET, also when that breaks in between: then once more, and no byte twice."""
    http_server.files["cat.ndjson"] = BYTES
    http_server.ranges = False
    (file,) = find(http_server.url("cat.ndjson"), policy=AT_ONCE)
    assert not file.ranges
    http_server.let_go()
    assert b"".join(stream(file, 500, ahead=4, chunk=10_000)) == BYTES[500:]
    assert len(http_server.asked) == 1
    http_server.let_go()
    http_server.faults.extend(["drop", 503])
    opened = reader(file, AT_ONCE)
    assert b"".join(chunks(opened, ahead=4, chunk=10_000)) == BYTES
    assert len(http_server.asked) == 3
    assert opened.read(7, 9) == BYTES[7:9]  # a step back: from the start again
    opened.close()


def test_packed_bytes_stay_packed(http_server: HttpServer) -> None:
    """A server that declares a .gz file as an encoding of what is inside gets no help from us."""
    packed = gzip.compress(b"drawings" * 1000)
    http_server.files["cat.ndjson.gz"] = packed
    http_server.headers["Content-Encoding"] = "gzip"
    (file,) = find(http_server.url("cat.ndjson.gz"), policy=AT_ONCE)
    assert b"".join(stream(file)) == packed


def test_closing_ends_reads_that_are_under_way(served: SourceFile, http_server: HttpServer) -> None:
    """In whatever thread they wait; later ones are cancelled at once."""
    http_server.let_go()
    http_server.limit = 0
    opened = reader(served, AT_ONCE)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(opened.read, 0, 1000)
        http_server.wait(lambda: http_server.answering == 1)
        opened.close()
        with pytest.raises(CancelledError):
            waiting.result()
    with pytest.raises(CancelledError):
        opened.read(0, 1)
    http_server.let_go()


def test_a_file_on_disk_that_changed_is_an_error(folder: Path) -> None:
    """Between finding and opening, by size and time; and when it is cut while it is read."""
    (file,) = find(folder / "cat.ndjson")
    opened = reader(file)
    (folder / "cat.ndjson").write_bytes(b"cut")
    with pytest.raises(SourceError, match="expected 10 bytes, found 3: it was cut"):
        opened.read(0, 10)
    opened.close()
    with pytest.raises(SourceError, match="expected the file as it was first found, found it changed"):
        reader(file)
    (folder / "cat.ndjson").unlink()
    with pytest.raises(SourceError, match="expected a file that can be read, found: No such file"):
        reader(file)


def test_waits_grow() -> None:
    """Twice as long after each try, up to the longest, and a little more by chance, so that not all ask at once."""
    wait = waiting(RetryPolicy(tries=6, first_wait_s=1, longest_wait_s=5))
    for attempt, least in enumerate((1, 2, 4, 5, 5), 1):
        drawn = {wait(SimpleNamespace(attempt_number=attempt)) for _ in range(9)}
        assert least <= min(drawn) < max(drawn) <= least + 1
