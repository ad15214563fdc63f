"""What a source file is: its address, its name for a store's card, its size and version, and how to show it to people."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

KINDS = (".ndjson", ".csv", ".bin", ".npz", ".json", ".jsonl")
PACKED = (".gz", ".zst")  # what compressed files end in: gzip, zstd
SUFFIXES = tuple(kind + packed for kind in KINDS for packed in ("", *PACKED))
FETCH_RECORD = "fetch.json"  # what `gribouille fetch` writes beside its files: never a source


class SourceError(ValueError):
    """A source that cannot be found or read; the message names its address (without query), expected and found."""


@dataclass(frozen=True)
class SourceFile:
    """A file to read, on disk or elsewhere."""

    url: str = field(repr=False)  # absolute path, or URL: it may hold a signature, so show shown(url) instead
    name: str  # for a store's card: "folder/file", or the file alone: no trace of the machine
    bytes: int
    version: str  # mtime in ns, generation (gs), ETag or date: another one means other bytes; "" where none is told
    training_only: bool = False  # no validation or test may see its drawings
    md5: str = ""  # hex, where the server tells it
    ranges: bool = True  # whether parts of it can be asked for: not of every HTTP server

    @property
    def local(self) -> bool:
        """Whether it is a file on this machine."""
        return "://" not in self.url


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a server is asked again after what may pass: lost connections, silence, 408, 429, 5xx."""

    tries: int = 6
    first_wait_s: float = 0.5  # doubled after each try, and up to as much again at random
    longest_wait_s: float = 20.0
    timeout_s: float = 60.0  # without a byte


def shown(url: str) -> str:
    """The address as people may see it: an http URL without user, password, query and fragment."""
    if not url.startswith(("http://", "https://")):
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
