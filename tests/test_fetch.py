"""Fetching: the files of a folder elsewhere, whole or their first rows, never half, and never twice."""

import hashlib
import json
import random
import signal
import struct
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import Bucket, HttpServer

from gribouille.fetch import FORMS, FetchError, FetchOptions, fetch, forecast, plan
from gribouille.fetch.folder import alone
from gribouille.fetch.rows import RowCounter
from gribouille.labels import vocabulary
from gribouille.sources import RetryPolicy, SourceError, find

AT_ONCE = RetryPolicy(tries=4, first_wait_s=0, longest_wait_s=0, timeout_s=10)
WORDS = ("aircraft carrier", "cat", "dog")


def lines(word: str, count: int = 1000) -> bytes:
    """Something like NDJSON of that word, of lines that differ in length."""
    chance = random.Random(word)
    return b"".join(
        json.dumps({"word": word, "key": i, "x": "y" * chance.randrange(300)}).encode() + b"\n" for i in range(count)
    )


@pytest.fixture
def served(http_server: HttpServer) -> HttpServer:
    """A server with three categories in the folder `simplified`."""
    for word in WORDS:
        http_server.files[f"simplified/{word}.ndjson"] = lines(word)
    return http_server


def asked(server: HttpServer, *categories: str, rows: int | None = None) -> FetchOptions:
    """What to fetch from that server: all three where no category is named."""
    return FetchOptions("simplified", categories or WORDS, rows, server.url("simplified"), AT_ONCE)


def fetch_all(out: Path, options: FetchOptions):
    """Plans and fetches; the record."""
    return fetch(plan(out, options))


def contents(folder: Path) -> dict[str, bytes]:
    """The folder's visible files but the record, by name."""
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "." and path.name != "fetch.json"
    }


def remains(folder: Path) -> set[str]:
    """What a fetch left that is not for people, but the lock."""
    return {path.name for path in folder.iterdir() if path.name[0] == "."} - {".fetch.lock"}


# ---------------------------------------------------------------- whole files


def test_files_come_whole_and_the_record_says_from_where(served: HttpServer, tmp_path: Path) -> None:
    """One file a category, byte for byte; of each its address, version, sizes and how it was checked; nothing else."""
    record = fetch_all(tmp_path / "new" / "out", asked(served))
    out = tmp_path / "new" / "out"
    assert contents(out) == {f"{word}.ndjson": lines(word) for word in WORDS}
    assert remains(out) == set()
    cat = record["cat.ndjson"]
    assert cat.source == served.url("simplified/cat.ndjson")
    assert cat.version == f'"{hashlib.sha1(lines("cat")).hexdigest()}"'
    assert (cat.bytes, cat.source_bytes, cat.rows, cat.checked) == (len(lines("cat")), len(lines("cat")), None, "size")
    written = json.loads((out / "fetch.json").read_text())
    assert written["files"]["cat.ndjson"]["version"] == cat.version
    assert list(written["files"]) == sorted(written["files"])
    assert [file.name for file in find(out)] == [f"out/{word}.ndjson" for word in WORDS]  # the record is no source


def test_what_is_there_is_not_fetched_again(served: HttpServer, tmp_path: Path) -> None:
    """Not a byte; a further category alone is. What changed there, or is gone or cut here, comes anew."""
    fetch_all(tmp_path, asked(served, "cat"))
    served.let_go()
    planned = plan(tmp_path, asked(served))
    assert [file.name for file in planned.there] == ["cat.ndjson"]
    fetch(planned)
    assert served.served == len(lines("dog")) + len(lines("aircraft carrier")) + 3  # a byte each to ask for the size
    assert set(json.loads((tmp_path / "fetch.json").read_text())["files"]) == {f"{word}.ndjson" for word in WORDS}
    served.files["simplified/cat.ndjson"] = lines("kitten")
    (tmp_path / "dog.ndjson").write_bytes(b"cut")
    (tmp_path / "aircraft carrier.ndjson").unlink()
    planned = plan(tmp_path, asked(served))
    assert planned.there == ()
    fetch(planned)
    assert contents(tmp_path) == {path.removeprefix("simplified/"): octets for path, octets in served.files.items()}


def test_somebody_elses_file_is_not_overwritten(served: HttpServer, tmp_path: Path) -> None:
    """A file that no fetch brought is in the way, and so is another record."""
    (tmp_path / "dog.ndjson").write_bytes(b"mine")
    with pytest.raises(FetchError, match=r"dog\.ndjson: expected a free place or a file that was fetched"):
        plan(tmp_path, asked(served))
    (tmp_path / "dog.ndjson").unlink()
    (tmp_path / "fetch.json").write_text("[]")
    with pytest.raises(FetchError, match=r"fetch\.json: expected the record of an earlier fetch"):
        plan(tmp_path, asked(served))


def test_two_fetches_into_one_folder_are_refused(served: HttpServer, tmp_path: Path) -> None:
    """The second says so; where the first is over it may."""
    planned = plan(tmp_path, asked(served, "cat"))
    with alone(tmp_path), pytest.raises(FetchError, match="found another fetch at work in it"):
        fetch(planned)
    fetch(planned)


@pytest.mark.parametrize("fault", [503, "drop", "short", "reset"])
def test_faults_on_the_way_do_not_show(served: HttpServer, tmp_path: Path, fault: int | str) -> None:
    """What may pass is asked for again, and the file is whole."""
    planned = plan(tmp_path, asked(served, "cat"))
    served.faults.extend([fault] * 3)
    fetch(planned)
    assert contents(tmp_path) == {"cat.ndjson": lines("cat")}


def test_a_failed_file_ends_the_fetch_and_what_came_stays(served: HttpServer, tmp_path: Path) -> None:
    """The error names the file; nothing half is seen; the next run brings the rest alone."""
    planned = plan(tmp_path, asked(served))
    gone = served.files.pop("simplified/cat.ndjson")
    with pytest.raises(SourceError, match=r"simplified/cat\.ndjson: expected a file or a folder, found neither"):
        fetch(planned)
    assert "cat.ndjson" not in contents(tmp_path)
    served.files["simplified/cat.ndjson"] = gone
    fetch_all(tmp_path, asked(served))
    assert contents(tmp_path) == {f"{word}.ndjson": lines(word) for word in WORDS}


def test_a_file_that_changes_on_the_way_starts_again(served: HttpServer, tmp_path: Path, monkeypatch) -> None:
    """The bytes of two versions are never mixed: the run ends, and the next one drops what had come."""
    monkeypatch.setattr("gribouille.fetch.forecasting.SAMPLE", 5000)
    planned = plan(tmp_path, asked(served, "cat"))
    forecast(planned)
    assert (tmp_path / ".cat.ndjson.part").read_bytes() == lines("cat")[:5000]
    served.files["simplified/cat.ndjson"] = lines("kitten", 2000)
    with pytest.raises(SourceError, match="expected the file as it was first found, found it changed since then"):
        fetch(planned)
    fetch_all(tmp_path, asked(served, "cat"))
    assert contents(tmp_path) == {"cat.ndjson": lines("kitten", 2000)}


def test_a_server_without_ranges_will_do(served: HttpServer, tmp_path: Path) -> None:
    """One GET brings it."""
    served.ranges = False
    fetch_all(tmp_path, asked(served, "cat"))
    assert contents(tmp_path) == {"cat.ndjson": lines("cat")}


def test_a_folder_on_this_machine_will_do(tmp_path: Path) -> None:
    """A mounted disk, say."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "cat.ndjson").write_bytes(lines("cat"))
    (tmp_path / "there" / "README.md").write_bytes(b"")
    fetch_all(tmp_path / "out", FetchOptions(base=str(tmp_path / "there")))
    assert contents(tmp_path / "out") == {"cat.ndjson": lines("cat")}


# ---------------------------------------------------------------- buckets


@pytest.fixture(params=["gs", "s3"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    """A bucket with the public one's folders."""
    bucket: Bucket = request.getfixturevalue(f"{request.param}_bucket")
    for word in WORDS:
        bucket.put(f"full/simplified/{word}.ndjson", lines(word))
        bucket.put(f"sketchrnn/{word}.npz", word.encode())
        bucket.put(f"sketchrnn/{word}.full.npz", word.encode() * 2)
    return bucket


def test_a_bucket_is_listed_and_checked_by_its_md5(bucket: Bucket, tmp_path: Path) -> None:
    """All of the folder's categories where none is named, each checked by the digest that the server tells."""
    options = FetchOptions(base=f"{bucket.url}/full/simplified/", policy=AT_ONCE)
    record = fetch_all(tmp_path, options)
    assert contents(tmp_path) == {f"{word}.ndjson": lines(word) for word in WORDS}
    assert {one.checked for one in record.values()} == {"md5"}
    assert plan(tmp_path, options).missing == ()
    with pytest.raises(SourceError, match=r"full/simplified/bee\.ndjson: expected a file, found none"):
        plan(tmp_path, FetchOptions(categories=("cat", "bee"), base=f"{bucket.url}/full/simplified"))


def test_wrong_bytes_are_noticed(bucket: Bucket, tmp_path: Path) -> None:
    """What an earlier run left and something else spoilt does not get into place: it is dropped, and comes anew."""
    options = FetchOptions(categories=("cat",), base=f"{bucket.url}/full/simplified", policy=AT_ONCE)
    planned = plan(tmp_path, options)
    part = planned.part(planned.missing[0])
    part.begin()
    part.path.write_bytes(b"spoilt")
    with pytest.raises(FetchError, match=r"cat\.ndjson: expected bytes of md5 \w{32}, found"):
        fetch(planned)
    assert (contents(tmp_path), remains(tmp_path)) == ({}, set())
    fetch_all(tmp_path, options)
    assert contents(tmp_path) == {"cat.ndjson": lines("cat")}


def test_sketchrnns_larger_files_are_asked_for_by_name(bucket: Bucket, tmp_path: Path) -> None:
    """All categories are the usual files; cat.full is the larger one."""
    base = f"{bucket.url}/sketchrnn"
    assert [file.name for file in plan(tmp_path, FetchOptions("sketchrnn", base=base)).missing] == [
        f"{word}.npz" for word in WORDS
    ]
    fetch_all(tmp_path, FetchOptions("sketchrnn", ("cat.full",), base=base))
    assert contents(tmp_path) == {"cat.full.npz": b"catcat"}


def test_googles_bucket_is_the_default(gs_bucket: Bucket, tmp_path: Path) -> None:
    """Each form in its folder there; only Quick, Draw!'s words are categories, and one nearby is suggested."""
    assert {form: FetchOptions(form).folder for form in FORMS} == {
        "simplified": "gs://quickdraw_dataset/full/simplified",
        "raw": "gs://quickdraw_dataset/full/raw",
        "binary": "gs://quickdraw_dataset/full/binary",
        "bitmap": "gs://quickdraw_dataset/full/numpy_bitmap",
        "sketchrnn": "gs://quickdraw_dataset/sketchrnn",
    }
    with pytest.raises(FetchError, match=r"expected one of Quick, Draw!'s 345 words, found aple \(is it apple\?\)"):
        plan(tmp_path, FetchOptions(categories=("cat", "aple")))
    with pytest.raises(SourceError, match=r"gs://quickdraw_dataset/full/simplified/.*: expected"):
        plan(tmp_path, FetchOptions(categories=("cat",)))  # the emulator has no such bucket


def test_without_a_listing_all_categories_are_asked_for(http_server: HttpServer, tmp_path: Path) -> None:
    """The 345 words, by name; the first that is not there ends it."""
    with pytest.raises(SourceError, match=r"/simplified/.*\.ndjson: expected a file or a folder, found neither"):
        plan(tmp_path, FetchOptions(base=http_server.url("simplified"), policy=AT_ONCE))
    http_server.files.update({f"simplified/{word}.ndjson": b"{}\n" for word in vocabulary()})
    assert len(plan(tmp_path, FetchOptions(base=http_server.url("simplified"), policy=AT_ONCE)).missing) == 345


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize("rows", [1, 7, 999, 1000, 1001])
def test_the_first_rows_come_alone(served: HttpServer, tmp_path: Path, rows: int) -> None:
    """Exactly so many lines of each, or all there are, without the rest of the file."""
    record = fetch_all(tmp_path, asked(served, rows=rows))
    for word in WORDS:
        expected = b"".join(lines(word).splitlines(keepends=True)[:rows])
        assert contents(tmp_path)[f"{word}.ndjson"] == expected
        assert (record[f"{word}.ndjson"].rows, record[f"{word}.ndjson"].bytes) == (rows, len(expected))
    if rows == 1:
        assert served.served < 10_000
    assert plan(tmp_path, asked(served, rows=rows)).missing == ()
    assert len(plan(tmp_path, asked(served, rows=rows + 1)).missing) == 3


def test_a_last_line_without_its_end_is_a_line(served: HttpServer, tmp_path: Path) -> None:
    """It comes as it is."""
    served.files["simplified/cat.ndjson"] = b"one\ntwo"
    fetch_all(tmp_path, asked(served, "cat", rows=5))
    assert contents(tmp_path) == {"cat.ndjson": b"one\ntwo"}


def test_rows_after_all_and_all_after_rows(served: HttpServer, tmp_path: Path) -> None:
    """Another number of rows is another file: it replaces what is there."""
    fetch_all(tmp_path, asked(served, "cat"))
    fetch_all(tmp_path, asked(served, "cat", rows=3))
    assert len(contents(tmp_path)["cat.ndjson"].splitlines()) == 3
    fetch_all(tmp_path, asked(served, "cat"))
    assert contents(tmp_path) == {"cat.ndjson": lines("cat")}


def record_of(strokes: list[int], key: int) -> bytes:
    """A drawing in Google's binary form, of strokes of so many points."""
    head = struct.pack("<Q2s?IH", key, b"FR", True, 1_480_000_000 + key, len(strokes))
    return head + b"".join(struct.pack(f"<H{n}B{n}B", n, *[10] * (2 * n)) for n in strokes)


def test_binary_records_come_whole(http_server: HttpServer, tmp_path: Path) -> None:
    """The first N, of any length, end where a record ends."""
    records = [record_of([key % 7 * 50, 3], key) for key in range(200)]
    http_server.files["cat.bin"] = b"".join(records)
    fetch_all(tmp_path, FetchOptions("binary", ("cat",), 90, http_server.address, AT_ONCE))
    assert contents(tmp_path) == {"cat.bin": b"".join(records[:90])}


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=12), st.integers(1, 14), st.data())
def test_rows_are_counted_whatever_the_pieces(drawings, wanted: int, data) -> None:
    """Cut anywhere, the pieces of a file show the same rows: lines and binary records alike."""
    binary = [record_of(strokes, key) for key, strokes in enumerate(drawings)]
    text = [f"{strokes}\n".encode() for strokes in drawings]
    for kind, rows in (("records", binary), ("lines", text)):
        whole = b"".join(rows)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
        counter = RowCounter(kind, wanted)
        for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True):
            counter.add(whole[start:stop])
        assert (counter.rows, counter.full) == (min(wanted, len(rows)), len(rows) >= wanted)
        assert (counter.stop, counter.seen) == (len(b"".join(rows[:wanted])), len(whole))


def test_rows_of_forms_that_cannot_be_cut_are_refused() -> None:
    """As are none, and forms that do not exist."""
    for arguments, complaint in (
        (("bitmap", (), 5), r"expected a form whose files can be cut \(simplified, raw, binary\), found bitmap"),
        (("sketchrnn", (), 5), "found sketchrnn"),
        (("raw", (), 0), "rows: expected at least 1, found 0"),
        (("svg",), "form: expected one of simplified, raw, binary, bitmap, sketchrnn, found svg"),
    ):
        with pytest.raises(FetchError, match=complaint):
            FetchOptions(*arguments)


# ---------------------------------------------------------------- the forecast


def test_a_forecast_is_exact_for_whole_files(served: HttpServer, tmp_path: Path) -> None:
    """What is to come after the measured bytes, which are kept and not fetched again."""
    planned = plan(tmp_path, asked(served))
    served.let_go()
    seen = forecast(planned)
    size = sum(len(lines(word)) for word in WORDS)
    assert seen.bytes + seen.sampled == size
    assert seen.sampled == served.served > 0
    assert seen.seconds == pytest.approx(seen.bytes / seen.rate)
    fetch(planned)
    assert served.served == size
    nothing = forecast(plan(tmp_path, asked(served)))
    assert (nothing.bytes, nothing.sampled, nothing.seconds) == (0, 0, 0.0)


def test_a_forecast_of_rows_rests_on_the_rows_seen(served: HttpServer, tmp_path: Path) -> None:
    """Within a tenth where they are alike."""
    planned = plan(tmp_path, asked(served, rows=300))
    seen = forecast(planned)
    fetch(planned)
    assert seen.bytes == pytest.approx(
        sum(map(len, contents(tmp_path).values())) * 2 / 3, rel=0.1
    )  # a third was measured


def test_too_little_room_is_said_before_anything_comes(served: HttpServer, tmp_path: Path, monkeypatch) -> None:
    """With what would be needed and what there is."""
    usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(0, 0, 1000))
    with pytest.raises(FetchError, match=r"expected 0\.00 GB of free space, found 0\.00 GB"):
        forecast(plan(tmp_path, asked(served)))


# ---------------------------------------------------------------- the command


def test_the_command_forecasts_fetches_and_says_so(gribouille, served: HttpServer, tmp_path: Path) -> None:
    """Files, bytes, room and time first; then what came and how it was checked; the second time that all is there."""
    options = ("--from", served.url("simplified"), "--category", "cat", "--category", "dog", "--yes")
    code, out, _ = gribouille("fetch", "--out", tmp_path / "out", *options)
    assert code == 0
    said = out.splitlines()
    assert said[0] == f"2 files at {served.url('simplified')}, 0 of them here already"
    assert said[1].startswith("To come: ")
    assert "the rate of a single request of" in said[2]
    assert (
        said[3].endswith("2 files fetched, 0.4 MB; checked by the server's md5: 0, by size alone: 2") or "kB" in said[3]
    )
    assert set(contents(tmp_path / "out")) == {"cat.ndjson", "dog.ndjson"}
    code, out, _ = gribouille("fetch", "--out", tmp_path / "out", *options)
    assert (code, out.splitlines()[0]) == (0, f"2 files at {served.url('simplified')}, 2 of them here already")


def test_the_command_asks_first(gribouille, served: HttpServer, tmp_path: Path, monkeypatch) -> None:
    """Without --yes nothing but the measured bytes comes until somebody agrees."""
    options = ("--from", served.url("simplified"), "--category", "cat", "--rows", "5")
    monkeypatch.setattr("typer.confirm", lambda *arguments, abort: (_ for _ in ()).throw(SystemExit(1)))
    code, out, _ = gribouille("fetch", "--out", tmp_path, *options)
    assert (code, contents(tmp_path)) == (1, {})
    assert "Of each the first 5 rows, in the file's order" in out


def test_mistakes_end_in_one_line(gribouille, http_server: HttpServer, tmp_path: Path) -> None:
    """With exit code 2."""
    for arguments, complaint in (
        (("--category", "katze"), "category: expected one of Quick, Draw!'s 345 words, found katze"),
        (("--form", "bitmap", "--rows", "5"), "rows: expected a form whose files can be cut"),
        (("--from", http_server.url("none"), "--category", "cat"), "none/cat.ndjson: expected a file or a folder"),
    ):
        code, out, err = gribouille("fetch", "--out", tmp_path, *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert complaint in err


def test_without_the_clouds_packages_the_command_says_what_to_install(gribouille, tmp_path: Path, monkeypatch) -> None:
    """The extra is named, not a traceback shown."""
    monkeypatch.setitem(sys.modules, "fsspec.asyn", None)
    code, _, err = gribouille("fetch", "--out", tmp_path, "--from", "http://127.0.0.1:1/", "--category", "cat")
    assert code == 2
    assert err.endswith('fsspec.asyn, which is not installed; in a checkout: pip install ".[cloud]"\n')


# ---------------------------------------------------------------- kills


def started(served: HttpServer, out: Path, *more: str) -> "subprocess.Popen[str]":
    """The command as a process of its own, fetching all three categories."""
    words = [part for word in WORDS for part in ("--category", word)]
    command = [sys.executable, "-m", "gribouille", "fetch", "--out", str(out), "--from", served.url("simplified")]
    return subprocess.Popen(
        [*command, *words, *more, "--yes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def large(http_server: HttpServer) -> HttpServer:
    """A server with three categories of several requests each (they are of 4 MiB)."""
    for number, word in enumerate(WORDS):
        http_server.files[f"simplified/{word}.ndjson"] = random.Random(word).randbytes((9 + number) << 20)
    return http_server


@pytest.mark.parametrize("served_mib", [0.5, 6, 17, 29.5])
def test_what_is_killed_goes_on_where_it_was(large: HttpServer, tmp_path: Path, served_mib: float) -> None:
    """kill -9 after so many MiB: nothing half is seen, and another run brings the missing bytes alone."""
    large.limit = int(served_mib * (1 << 20))
    process = started(large, tmp_path)
    large.wait_until_full()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    large.let_go()
    assert all(large.files[f"simplified/{name}"] == octets for name, octets in contents(tmp_path).items())
    here = sum(map(len, contents(tmp_path).values())) + sum(p.stat().st_size for p in tmp_path.glob(".*.part"))
    assert (here > 0) == (served_mib > 5)
    process = started(large, tmp_path)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert contents(tmp_path) == {path.removeprefix("simplified/"): octets for path, octets in large.files.items()}
    assert remains(tmp_path) == set()
    size = sum(map(len, large.files.values()))
    assert large.served == size - here + len(WORDS)  # a byte each to ask for the size


def test_ctrl_c_ends_it_cleanly(large: HttpServer, tmp_path: Path) -> None:
    """At once, though the server is silent, with a word on how to go on; then it does."""
    large.limit = 14 << 20
    process = started(large, tmp_path)
    large.wait_until_full()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1].endswith("stopped; what is there stays, and the same command goes on from it")
    assert "Traceback" not in err
    large.let_go()
    process = started(large, tmp_path)
    assert process.communicate()[1].count("Traceback") == 0
    assert contents(tmp_path) == {path.removeprefix("simplified/"): octets for path, octets in large.files.items()}


def test_killed_between_the_last_two_steps(served: HttpServer, tmp_path: Path) -> None:
    """Written down but not moved, or moved but not cleaned up: the next run does what is missing, without a byte."""
    fetch_all(tmp_path, asked(served, "cat"))
    planned = plan(tmp_path, asked(served, "cat"))
    part = planned.part(planned.there[0])
    part.begin()
    (tmp_path / "cat.ndjson").replace(part.path)
    served.let_go()
    fetch_all(tmp_path, asked(served, "cat"))
    assert contents(tmp_path) == {"cat.ndjson": lines("cat")}
    part.begin()
    part.path.unlink()
    fetch_all(tmp_path, asked(served, "cat"))
    assert (contents(tmp_path), remains(tmp_path)) == ({"cat.ndjson": lines("cat")}, set())
    assert served.served == 2
