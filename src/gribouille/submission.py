"""A submission to Kaggle's Quick, Draw! challenge: a recogniser and a test file in, `key_id,word` with three words a drawing out.

Words are the challenge's 340, the most probable first, with spaces inside a word as underscores. A submission answers every
key once, so a row that cannot be read or has no key_id stops it with its place, a key_id that stands twice with its number, and
nothing is written: what should be guessed about it nobody knows. Memory does not grow with the file, but for 8 bytes a key.
Source of the format: kaggle.com/c/quickdraw-doodle-recognition, "Evaluation".
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from jaxtyping import Int, Int64, UInt64

from gribouille.checkpoint import write_atomically
from gribouille.drawing import Drawings
from gribouille.formats.detect import HEAD_BYTES
from gribouille.formats.reading import kind_of
from gribouille.formats.records import FormatError, Records
from gribouille.ingest.stretch import Read, parsed_of
from gribouille.labels import challenge_words
from gribouille.predict import Predictor
from gribouille.sources import SourceFile, find_all, reader, shown

HEADER = "key_id,word"
GUESSES = 3
BATCH = 64  # drawings asked about at once: neighbours by length, so that little of a batch is padding


@dataclass(frozen=True)
class SubmissionReport:
    """How many drawings were answered, and how many of the challenge's words the model knows."""

    drawings: int
    words: int


def write_submission(
    predictor: Predictor,
    sources: Sequence[str | Path],
    out: Path,
    threads: int = 1,
    progress: Callable[[int], None] = lambda done: None,
) -> SubmissionReport:
    """Guess the drawings of the sources (what `find_all` takes, in their order) on so many cores; the submission takes its
    name when it is whole.

    `progress` hears of every drawing. Raises FormatError for rows as above, ValueError for a model that knows fewer than three
    of the challenge's words, SourceError.
    """
    words = challenge_words()
    columns = np.array([column for column, label in enumerate(predictor.labels) if label in words], np.int64)
    if len(columns) < GUESSES:
        raise ValueError(
            f"{predictor.name}: expected a model that knows at least {GUESSES} of the challenge's {len(words)} words, "
            f"found {len(columns)}"
        )
    spelled = [predictor.labels[column].replace(" ", "_") for column in columns]
    files = find_all(sources)
    keys: list[UInt64[np.ndarray, "_"]] = []

    def write(place: Path) -> None:
        # Threads share the work by batch: inside a batch each has one core.
        pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
        with pool, place.open("w", encoding="utf-8", newline="\n") as file:
            file.write(HEADER + "\n")
            for records in _records(files):
                best = _best(predictor, records.drawings, columns, pool, progress)
                _write_rows(file, records.key_id, best, spelled)
                keys.append(records.key_id)
        _expect_distinct(keys, ", ".join(shown(each.url) for each in files))

    write_atomically(out, write)
    return SubmissionReport(sum(map(len, keys)), len(columns))


def _records(files: Sequence[SourceFile]) -> Iterator[Records]:
    """The rows of the files, batch by batch in their order. Raises FormatError for one that no submission can answer."""
    for file in files:
        name = shown(file.url)
        with closing(reader(file)) as opened:
            kind = kind_of(opened.read(0, min(HEAD_BYTES, file.bytes)), name)
        for parsed in parsed_of(file, kind, 0, file.bytes, None, Read()):
            records = parsed.strict(name)
            if not records.keyed.all():
                start = int(records.start[int(np.argmin(records.keyed))])
                raise FormatError(f"{name}, byte {start}: expected a key_id in every row, found none")
            yield records


def _best(
    predictor: Predictor,
    drawings: Drawings,
    columns: Int64[np.ndarray, "words"],
    pool: ThreadPoolExecutor,
    progress: Callable[[int], None],
) -> Int64[np.ndarray, "drawings 3"]:
    """The most probable words of each drawing, as indices into `columns`, the best first."""

    def ask(rows: Int64[np.ndarray, "_"]) -> Int[np.ndarray, "_ 3"]:
        probabilities = predictor.probabilities(Drawings.of([drawings[int(row)] for row in rows]))[:, columns]
        return np.argsort(-probabilities, axis=1, kind="stable")[:, :GUESSES]

    by_length = np.argsort(np.diff(drawings.offsets), kind="stable")
    batches = [by_length[start : start + BATCH] for start in range(0, len(by_length), BATCH)]
    best = np.empty((len(drawings), GUESSES), np.int64)
    for rows, found in zip(batches, pool.map(ask, batches), strict=True):
        best[rows] = found
        progress(len(rows))
    return best


def _write_rows(
    file: TextIO, keys: UInt64[np.ndarray, "rows"], best: Int64[np.ndarray, "rows 3"], spelled: Sequence[str]
) -> None:
    for key, places in zip(keys.tolist(), best.tolist(), strict=True):
        file.write(f"{key},{' '.join([spelled[place] for place in places])}\n")


def _expect_distinct(keys: Sequence[UInt64[np.ndarray, "_"]], names: str) -> None:
    whole = np.sort(np.concatenate([np.zeros(0, np.uint64), *keys]))
    if not len(whole):
        raise FormatError(f"{names}: expected drawings, found none")
    again = whole[1:][whole[1:] == whole[:-1]]
    if len(again):
        raise FormatError(f"{names}: expected each key_id once, found {again[0]} again ({len(again):,} such rows)")
