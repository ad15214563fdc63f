"""What people see of the laboratory in a terminal: progress bars on standard error, tables on standard output.

A bar is a context manager whose value is the callback that the laboratory's function wants.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from gribouille.sources import shown

if TYPE_CHECKING:
    from gribouille.fetch import Fetched, Forecast, Plan
    from gribouille.search import Found
    from gribouille.search.study import Standing as SearchStanding
    from gribouille.train import Progress as TrainProgress


def _bar(*columns: TextColumn | MofNCompleteColumn | DownloadColumn | TransferSpeedColumn) -> Progress:
    title = TextColumn("{task.description}")
    return Progress(
        title, BarColumn(), *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    )


@contextmanager
def counted(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar of `total` drawings; the value moves it on by so many."""
    with _bar(MofNCompleteColumn()) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)


@contextmanager
def fetching() -> Iterator[Callable[[int, int, int, int], None]]:
    """A bar of bytes with their rate; the value takes bytes there, bytes in all, files there and files in all."""
    with _bar(DownloadColumn(), TransferSpeedColumn(), TextColumn("{task.fields[files]}")) as bar:
        task = bar.add_task("Fetching", total=None, files="")

        def show(done: int, total: int, files: int, all_files: int) -> None:
            bar.update(task, completed=done, total=total, files=f"{files:,} of {all_files:,} files")

        yield show


@contextmanager
def ingesting() -> Iterator[Callable[[int, int, int], None]]:
    """A bar of bytes; the value takes bytes read, bytes in all and rows written."""
    with _bar(DownloadColumn(), TextColumn("{task.fields[rows]:,} drawings")) as bar:
        task = bar.add_task("Ingesting", total=None, rows=0)
        yield lambda done, total, rows: bar.update(task, completed=done, total=total, rows=rows)


@contextmanager
def training() -> Iterator[Callable[["TrainProgress"], None]]:
    """A bar of drawings with epoch, loss, drawings a second and the last validation; the value takes each step's progress."""
    with _bar(MofNCompleteColumn(), TextColumn("{task.fields[now]}")) as bar:
        task = bar.add_task("Training", total=None, now="")

        def show(progress: "TrainProgress") -> None:
            top1 = progress.validation.get("top1")
            seen = "" if top1 is None else f", validation {top1:.1%}"
            now = f"epoch {progress.epoch}, loss {progress.loss:.3f}{seen}, {progress.rate:,.0f} drawings/s"
            bar.update(task, completed=progress.drawings, total=progress.budget, now=now)

        yield show


@contextmanager
def searching() -> Iterator[Callable[["SearchStanding"], None]]:
    """A bar of trials with the best MAP@3 so far; the value takes where the search stands."""
    with _bar(MofNCompleteColumn(), TextColumn("{task.fields[best]}")) as bar:
        task = bar.add_task("Searching", total=None, best="")

        def show(standing: "SearchStanding") -> None:
            best = "" if standing.best is None else f"best MAP@3 {standing.best:.1%}"
            bar.update(task, completed=standing.ended, total=standing.trials, best=best)

        yield show


def print_forecast(plan: "Plan", forecast: "Forecast") -> None:
    """Prints what fetching will take, and on what that rests."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    files, rows = len(plan.missing) + len(plan.there), plan.options.rows
    about = "" if rows is None else "about "
    console.print(
        f"{_counted(files, 'file')} at {shown(plan.options.folder)}, {len(plan.there):,} of them here already"
    )
    if rows is not None:
        console.print(f"Of each the first {rows:,} rows, in the file's order")
    console.print(f"To come: {about}{_size(forecast.bytes)}; free in {plan.out}: {_size(forecast.free)}")
    if forecast.sampled:
        console.print(
            f"Time: about {_time(forecast.seconds)} at {_size(forecast.rate)}/s, the rate of a single request of "
            f"{_size(forecast.sampled)} just now; several at a time may be faster"
        )


def print_fetched(out: Path, fetched: Sequence["Fetched"]) -> None:
    """Prints what came, and how it was checked."""
    size, by_md5 = sum(one.bytes for one in fetched), sum(one.checked == "md5" for one in fetched)
    Console(soft_wrap=True, highlight=False, markup=False).print(
        f"{out}: {_counted(len(fetched), 'file')} fetched, {_size(size)}; checked by the server's md5: {by_md5:,}, "
        f"by size alone: {len(fetched) - by_md5:,}"
    )


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _size(octets: float) -> str:
    """Bytes as people read them: 1.2 kB, 3.4 MB, 5.6 GB."""
    unit = min(3, max(0, len(str(int(octets))) - 1) // 3)
    return f"{octets / 1000**unit:.{1 if unit else 0}f} {('B', 'kB', 'MB', 'GB')[unit]}"


def _time(seconds: float) -> str:
    """Seconds as people read them: 40 s, 12 min, 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def print_found(found: "Found", reports: Sequence[Path]) -> None:
    """Prints what a search found, where its reports lie, and how to train with it."""
    console = Console(soft_wrap=True, highlight=False)
    values = ", ".join(f"{name} {value:g}" for name, value in found.values.items())
    base = "" if found.base is None else f"; the base configuration reached {found.base:.1%}"
    console.print(f"Best of {found.finished} finished trials: MAP@3 {found.score:.1%} of {found.n} drawings{base}")
    console.print(f"  {values}")
    console.print(f"  {found.stopped} trials were stopped early, {found.failed} failed")
    console.print("Reports: " + ", ".join(str(report) for report in reports))
    console.print(f"To train with it: {found.command}", markup=False)


def print_evaluation(summary: Mapping[str, Any], per_class: Mapping[str, float], extremes: int = 8) -> None:
    """Prints an evaluation's summary as a table, one row a group and share of the ink, and its worst and best words."""
    table = Table("drawings", "ink", "n", "top-1", "top-3", "MAP@3", "top-1, mean of words")
    for group, by_ink in summary.items():
        if not isinstance(by_ink, Mapping):
            continue
        for ink, scores in by_ink.items():
            shares = [
                "" if scores[name] is None else f"{100 * scores[name]:.2f}"
                for name in ("top1", "top3", "map3", "classes_top1")
            ]
            table.add_row(group, ink, f"{scores['n']:,}", *shares)
        table.add_section()
    console = Console()
    console.print(table)
    known = sorted((share, word) for word, share in per_class.items())
    for title, words in (("Worst", known[:extremes]), ("Best", known[: -extremes - 1 : -1])):
        console.print(f"{title}: " + ", ".join(f"{word} {share:.2f}" for share, word in words), highlight=False)
    if summary["calibration error"] is not None:
        console.print(f"Calibration error, natural mix: {summary['calibration error']:.1%}", highlight=False)
    console.print(f"Protocol: {summary['protocol']}", highlight=False)
