import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from gribouille import Recogniser, cli
from gribouille.server.guard import CONTENT_SECURITY_POLICY, SECURITY_HEADERS
from gribouille.server.published import FIRST, integrity
from gribouille.site import MARK, SiteError, write_site

POLICY = Path(__file__).parents[1] / "web" / "policy.ts"


@pytest.fixture(scope="module")
def recogniser(tiny_model: Path) -> Recogniser:
    return Recogniser(tiny_model)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A built page of two files."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "index-abc.js").write_text("export {}")
    return folder


def test_a_site_is_the_page_and_what_it_takes_from_the_model(
    tmp_path: Path, static: Path, recogniser: Recogniser
) -> None:
    """The card lies where the server answers it; its addresses lead, relative, to the model, plain and packed."""
    site = write_site(tmp_path / "out" / "site", recogniser, static)
    assert (site.folder / "index.html").read_text() == "<!doctype html>"
    assert (site.folder / "assets" / "index-abc.js").is_file()
    place = site.folder / "api" / "v1"
    card = json.loads((place / "model").read_text())
    assert card["labels"] == list(recogniser.labels)
    assert (card["server"], card["first"]) == (False, None)
    assert (place / card["url"]).read_bytes() == recogniser.file
    assert gzip.decompress((place / card["packed"]).read_bytes()) == recogniser.file
    assert recogniser.sha256[:12] in card["packed"]
    assert site.files == sum(path.is_file() for path in site.folder.rglob("*"))


def test_the_model_version_names_every_file_with_its_hash(tmp_path: Path, static: Path, recogniser: Recogniser) -> None:
    """What the service worker is told is what lies there, and another model is another version."""
    versions = []
    for number, model in enumerate([recogniser, Recogniser("tiny")]):
        folder = write_site(tmp_path / f"site{number}", model, static).folder
        script = (folder / "model-version.js").read_text()
        version = json.loads(script.removeprefix("self.MODEL = "))
        for path, hashed in version["files"].items():
            assert hashed == integrity((folder / path).read_bytes())
        versions.append(version["version"])
    assert versions[0] != versions[1]


def test_the_shipped_model_comes_with_a_first_one(tmp_path: Path, static: Path) -> None:
    """`small` is more than twice as large as `tiny` and knows the same words: visitors begin with `tiny`."""
    folder = write_site(tmp_path / "site", Recogniser("small"), static).folder
    first = json.loads((folder / "api/v1/model").read_text())["first"]
    file = gzip.decompress((folder / "api/v1" / first["packed"]).read_bytes())
    assert hashlib.sha256(file).hexdigest() == first["sha256"] == Recogniser("tiny").sha256


def test_the_same_site_twice_is_the_same_byte_for_byte(tmp_path: Path, static: Path, recogniser: Recogniser) -> None:
    """Nothing in it tells when it was written, so that a host uploads only what is new."""
    one, other = (write_site(tmp_path / name, recogniser, static).folder for name in ("one", "other"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert all((one / path).read_bytes() == (other / path).read_bytes() for path in files)


def test_a_site_written_before_is_replaced(tmp_path: Path, static: Path, recogniser: Recogniser) -> None:
    """A file of an earlier page does not stay; a folder that was empty, or reached over a link, is as good as a new one."""
    out = tmp_path / "site"
    out.mkdir()
    (tmp_path / "link").symlink_to(out)
    write_site(tmp_path / "link", recogniser, static)
    (static / "assets" / "index-abc.js").rename(static / "assets" / "index-def.js")
    write_site(tmp_path / "link", recogniser, static)
    assert [path.name for path in (out / "assets").iterdir()] == ["index-def.js"]
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("foreign", [".git/HEAD", "CNAME", "assets/mine.js"])
def test_what_is_not_of_a_site_is_refused_and_left(
    tmp_path: Path, static: Path, recogniser: Recogniser, foreign: str
) -> None:
    """A repository, or a file of somebody's own, at any depth, is named and stays, beside the earlier site."""
    out = write_site(tmp_path / "site", recogniser, static).folder
    (out / foreign).parent.mkdir(exist_ok=True)
    (out / foreign).write_text("mine")
    with pytest.raises(SiteError, match=f"expected an empty folder.*found {foreign}"):
        write_site(out, recogniser, static)
    assert (out / foreign).read_text() == "mine"
    assert (out / "index.html").is_file()


def test_a_folder_without_a_sites_mark_is_refused(tmp_path: Path, static: Path, recogniser: Recogniser) -> None:
    """Even where its files are called like ours; and so is a file."""
    out = write_site(tmp_path / "site", recogniser, static).folder
    (out / MARK).unlink()
    with pytest.raises(SiteError, match=r"found \.nojekyll"):
        write_site(out, recogniser, static)
    assert (out / "index.html").is_file()
    with pytest.raises(SiteError, match="found a file"):
        write_site(out / "index.html", recogniser, static)


def test_a_failure_leaves_what_was_there(tmp_path: Path, static: Path, recogniser: Recogniser, monkeypatch) -> None:
    """A disk that fills up half-way: the earlier site stands, and nothing half-written beside it."""
    out = write_site(tmp_path / "site", recogniser, static).folder
    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(Path, "write_bytes", lambda self, content: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_site(out, recogniser, static)
    assert (out / "index.html").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(("error", "raised"), [(OSError("busy"), SiteError), (KeyboardInterrupt(), KeyboardInterrupt)])
def test_a_site_that_cannot_be_put_in_its_place_leaves_the_earlier_one(
    tmp_path: Path, static: Path, recogniser: Recogniser, monkeypatch, error: BaseException, raised: type
) -> None:
    """Whatever happens between the two renames, the earlier site comes back."""
    out = write_site(tmp_path / "site", recogniser, static).folder
    before = sorted(path.name for path in tmp_path.iterdir())
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == "fresh":
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(raised):
        write_site(out, recogniser, static)
    assert (out / "index.html").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_command_says_what_it_wrote_and_what_is_missing(
    tmp_path: Path, static: Path, tiny_model: Path, monkeypatch, capsys
) -> None:
    """`gribouille site` prints folder and size; without a built page it names the command that builds it."""
    monkeypatch.setattr("gribouille.site.STATIC", tmp_path / "unbuilt")
    with pytest.raises(SystemExit) as ended:
        cli.main(["site", "--out", str(tmp_path / "site"), "--model", str(tiny_model)])
    assert ended.value.code == 2
    assert "make page" in capsys.readouterr().err
    monkeypatch.setattr("gribouille.site.STATIC", static)
    with pytest.raises(SystemExit) as ended:
        cli.main(["site", "--out", str(tmp_path / "site"), "--model", str(tiny_model)])
    assert not ended.value.code
    assert "python -m http.server" in capsys.readouterr().out


def test_hosts_that_read_headers_get_the_servers(tmp_path: Path, static: Path, recogniser: Recogniser) -> None:
    """`_headers` says for every path what our own server would."""
    text = (write_site(tmp_path / "site", recogniser, static).folder / "_headers").read_text()
    everywhere = text.split("\n/")[0]
    assert everywhere.splitlines()[1:] == [f"  {name}: {value}" for name, value in SECURITY_HEADERS.items()]


def test_the_page_practises_on_the_first_model() -> None:
    """web/skeleton.ts makes its file from the model that the server sends first."""
    assert f"models/{FIRST.name}'" in (POLICY.parent / "skeleton.ts").read_text()


def test_the_page_carries_the_servers_policy() -> None:
    """web/policy.ts, built into index.html, is the policy of the header, but for frame-ancestors, which no page can say."""
    of_page = re.findall(r'^  "([^"]+)",', POLICY.read_text(), re.MULTILINE)
    assert [*of_page, "frame-ancestors 'none'"] == CONTENT_SECURITY_POLICY.split("; ")
