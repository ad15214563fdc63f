"""What is asked for → the remote files, and which of them are still missing in the folder."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote, urlsplit

from gribouille.fetch.folder import FetchError, Part, is_there, read_record
from gribouille.fetch.rows import RowKind
from gribouille.labels import vocabulary
from gribouille.sources import RetryPolicy, SourceError, SourceFile, find, shown

BUCKET = "gs://quickdraw_dataset"  # public; github.com/googlecreativelab/quickdraw-dataset
QUESTIONS = 16  # at the same time, of a server that does not list


@dataclass(frozen=True)
class Published:
    """Where one form of the drawings lies in Google's bucket, and how rows are told apart in its files."""

    folder: str
    suffix: str
    rows: RowKind | None = None  # None: they cannot be, before the file's end
    row_bytes: int = 0  # about so many a row, to ask for about enough


FORMS = {
    "simplified": Published("full/simplified", ".ndjson", "lines", 500),
    "raw": Published("full/raw", ".ndjson", "lines", 4000),
    "binary": Published("full/binary", ".bin", "records", 120),
    "bitmap": Published("full/numpy_bitmap", ".npy"),
    "sketchrnn": Published("sketchrnn", ".npz"),
}


@dataclass(frozen=True)
class FetchOptions:
    """What to fetch."""

    form: str = "simplified"
    categories: tuple[str, ...] = ()  # none: all
    rows: int | None = None  # of each category, from its file's start
    base: str = ""  # folder of the files; "": Google's
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise FetchError(f"form: expected one of {', '.join(FORMS)}, found {self.form}")
        if self.rows is None:
            return
        if self.rows < 1:
            raise FetchError(f"rows: expected at least 1, found {self.rows}")
        if self.published.rows is None:
            cuttable = ", ".join(name for name, form in FORMS.items() if form.rows)
            raise FetchError(f"rows: expected a form whose files can be cut ({cuttable}), found {self.form}")

    @property
    def published(self) -> Published:
        """The form's place and layout."""
        return FORMS[self.form]

    @property
    def folder(self) -> str:
        """The address of the folder with the files, which may have a query."""
        return self.base or f"{BUCKET}/{self.published.folder}"


@dataclass(frozen=True)
class Plan:
    """What is to be done, before anything is."""

    out: Path
    options: FetchOptions
    missing: tuple[SourceFile, ...]  # to be fetched, or to go on with
    there: tuple[SourceFile, ...]  # fetched by an earlier run and the same still

    def part(self, file: SourceFile) -> Part:
        """The file on its way."""
        return Part(self.out, file, self.options.rows)


def plan(out: Path, options: FetchOptions) -> Plan:
    """Lists the files with their sizes and compares them with what is in the folder. Raises FetchError, SourceError."""
    record = read_record(out)
    files = _listed(options)
    there = tuple(file for file in files if is_there(out, file, options.rows, record))
    missing = tuple(file for file in files if file not in there)
    for file in missing:
        if file.name not in record and (out / file.name).exists():
            raise FetchError(f"{out / file.name}: expected a free place or a file that was fetched, found another file")
    return Plan(out, options, missing, there)


def _listed(options: FetchOptions) -> list[SourceFile]:
    """The remote files of the categories, in alphabetical order, each named as it will be here."""
    suffix = options.published.suffix
    if not options.base:
        _check_words(options.categories)
    if options.folder.startswith(("http://", "https://")):  # cannot be listed
        words = sorted(set(options.categories or vocabulary()))
        return _asked_for(options, [word + suffix for word in words])
    base = options.folder.rstrip("/")
    files = {Path(file.name).name: file for file in find(f"{base}/*{suffix}", policy=options.policy)}
    # All: without sketchrnn's larger cat.full.npz beside cat.npz.
    every = sorted(name for name in files if "." not in name.removesuffix(suffix))
    names = sorted({word + suffix for word in options.categories}) or every
    for name in names:
        if name not in files:
            raise SourceError(f"{shown(base)}/{name}: expected a file, found none")
    return [replace(files[name], name=name) for name in names]


def _asked_for(options: FetchOptions, names: list[str]) -> list[SourceFile]:
    parts = urlsplit(options.folder)
    path = parts.path.rstrip("/")
    urls = [parts._replace(path=f"{path}/{quote(name)}").geturl() for name in names]
    with ThreadPoolExecutor(QUESTIONS) as pool:
        found = pool.map(lambda url: find(url, policy=options.policy), urls)
        return [file for files in found for file in files]


def _check_words(categories: Sequence[str]) -> None:
    words = vocabulary()
    for category in categories:
        word = category.removesuffix(".full")
        if word not in words:
            near = "".join(f" (is it {one}?)" for one in get_close_matches(word, words, 1))
            raise FetchError(f"category: expected one of Quick, Draw!'s {len(words)} words, found {category}{near}")
