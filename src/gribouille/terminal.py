"""What people see of the laboratory in a terminal: progress bars on standard error, tables on standard output.

A bar is a context manager whose value is the callback that the laboratory's function wants.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
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
    from gribouille.data.clean import CleanReport
    from gribouille.data.summary import Summary
    from gribouille.ensemble import EnsembleCard
    from gribouille.evaluation import Evaluation
    from gribouille.fetch import Fetched, Forecast, Plan
    from gribouille.metrics import Counts
    from gribouille.search import Found
    from gribouille.search.study import Standing as SearchStanding
    from gribouille.suspects import SuspectReport
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


def print_ensemble(out: Path, card: "EnsembleCard") -> None:
    """Prints what was made, how good it is on validation drawings, and how its members err together where that is known."""
    from gribouille.ensemble.card import CORRELATION

    console = Console(highlight=False, soft_wrap=True)
    scores = card.metrics.get("validation", {})
    reached = "" if scores.get("top1") is None else f"; top-1 on validation drawings {scores['top1']:.1%}"
    mean = f"{card.how} of {_counted(len(card.members), 'member')}"
    console.print(f"{out}: {mean}{reached}", markup=False)
    for expert in card.metrics.get("experts", []):
        console.print(f"  {', '.join(expert['words'])}: its expert counts {expert['weight']:.0%}", markup=False)
    file = out / CORRELATION
    if file.is_file():
        _print_correlation(console, json.loads(file.read_text(encoding="utf-8")))


def _print_correlation(console: Console, found: Mapping[str, Any]) -> None:
    """The members' scores and what the mean loses without each, the correlation of their errors, and whom to take."""
    table = Table("member", "top-1", "MAP@3", "mean without it", "errs with", title=f"Members, n = {found['n']:,}")
    for place, (name, score, without) in enumerate(
        zip(found["names"], found["members"], found["without"], strict=True)
    ):
        others = [
            f"{other} {value:.2f}"
            for other, value in zip(found["names"], found["errors"][place], strict=True)
            if other != name and value is not None
        ]
        table.add_row(
            name,
            *(f"{100 * value:.2f}" for value in (score["top1"], score["map3"], without["map3"])),
            ", ".join(others),
        )
    mean = found["mean"]
    table.add_section()
    table.add_row("mean of all", f"{100 * mean['top1']:.2f}", f"{100 * mean['map3']:.2f}", "", "")
    console.print(table)
    steps = (
        f"{step['name']} ({100 * step['map3']:.2f} in {1000 * step['seconds']:.1f} ms a drawing)"
        for step in found["greedy"]
    )
    console.print(f"Worth having, in this order: {', '.join(steps) or 'none that fits'}", markup=False)


def print_evaluation(evaluation: "Evaluation", extremes: int = 8) -> None:
    """Prints an evaluation as a table, one row a group and share of the ink, what it takes until the right guess stays, its
    worst and best words, and how far its probabilities are to be believed."""
    from gribouille.evaluation import GROUPS
    from gribouille.metrics import interval

    table = Table("drawings", "ink", "n", "top-1", "top-3", "MAP@3", "top-1, mean of words", "MAP@3, mean of words")
    for group in GROUPS:
        for fraction, counts in zip(evaluation.fractions, evaluation.group(group).by_ink, strict=True):
            shares = ["" if math.isnan(share) else f"{100 * share:.2f}" for share in _shares_of(counts)]
            if fraction == 1 and counts.n:
                low, high = interval(counts, "top1")
                shares[0] += f" [{100 * low:.2f}, {100 * high:.2f}]"
            table.add_row(group, f"{fraction:.0%}", f"{counts.n:,}", *shares)
        table.add_section()
    console = Console(highlight=False, markup=False)
    console.print(table)
    _print_judged(console, evaluation)
    known = sorted((share, word) for word, share in evaluation.per_class().items())
    for title, words in (("Worst", known[:extremes]), ("Best", known[: -extremes - 1 : -1])):
        console.print(f"{title}: " + ", ".join(f"{word} {share:.2f}" for share, word in words))
    console.print("In brackets: 95 % (Wilson).")
    console.print(f"Protocol: {evaluation.protocol}")


def _print_judged(console: Console, evaluation: "Evaluation") -> None:
    """Of the judged drawings: from how much ink the right guess stays, calibration, and the pairs confused most."""
    tally = evaluation.group(evaluation.judged)
    if not tally.finished.n:
        return
    shares = tally.stays.cumsum()[:-1] / tally.stays.sum()
    stays = ", ".join(f"{at:.0%} {share:.1%}" for at, share in zip(evaluation.fractions, shares, strict=True))
    console.print(f"{evaluation.judged.capitalize()}: the right guess is there to stay by this much ink: {stays}")
    plain, tempered = tally.reliability, tally.tempered
    console.print(
        f"Calibration error {plain.error:.1%}, NLL {plain.nll:.3f}; at temperature {evaluation.temperature:.2f}: "
        f"{tempered.error:.1%}, {tempered.nll:.3f}"
    )
    confused = evaluation.confused(pairs=6)
    if confused:
        pairs = (f"{word} for {taken} ({count} of {of})" for word, taken, count, of in confused)
        console.print("Taken for another most often: " + ", ".join(pairs))


def _shares_of(counts: "Counts") -> list[float]:
    return [getattr(counts, name) for name in ("top1", "top3", "map3", "classes_top1", "classes_map3")]


def print_comparison(difference: Mapping[str, Any]) -> None:
    """Prints how a model does beside another on the same drawings: `metrics.comparison` with `one`, `other`, `drawings`."""
    console = Console(highlight=False, markup=False)
    if not difference["n"]:
        return
    gains = (
        f"{title} {100 * gain['other less one']:+.2f} [{100 * gain['interval'][0]:+.2f}, {100 * gain['interval'][1]:+.2f}]"
        for title, gain in (("top-1", difference["top1"]), ("MAP@3", difference["map3"]))
    )
    console.print(
        f"{difference['other']} less {difference['one']}, {difference['drawings']}, n = {difference['n']:,}, paired: "
        f"{', '.join(gains)} points; right alone on {difference['only other right']:,} and {difference['only one right']:,}; "
        f"McNemar p = {difference['p']:.2g}; they disagree on {difference['disagreement']:.1%}"
    )


def print_summary(found: "Summary", words: int = 10) -> None:
    """Prints what is in a store, and a table of its smallest and largest words, so many of each."""
    console = Console(highlight=False)
    console.print(_whole_store(found))
    console.print(_spreads(found))
    table = Table("word", title="Words, by drawings", box=box.SIMPLE, pad_edge=False, collapse_padding=True)
    for head in ("drawings", "recog.", "from", "points", "first day", "last day"):
        table.add_column(head, justify="right", no_wrap=True)
    if found.marks:
        table.add_column("marked", justify="right", no_wrap=True)
    ranked = sorted(found.per_word, key=lambda word: (-word.rows, word.word))
    few = 2 * words < len(ranked)
    for group in (ranked[:words], ranked[len(ranked) - words :]) if few else (ranked,):
        for word in group:
            share = "–" if word.recognized_share is None else f"{word.recognized_share:.1%}"
            others = f" +{word.countries - 1}" if word.countries > 1 else ""
            where = f"{word.top_country or '–'}{others}"
            cells = [
                f"{word.rows:,}",
                share,
                where,
                f"{word.median_points:g}",
                word.first_day or "–",
                word.last_day or "–",
            ]
            table.add_row(word.word, *cells, *([f"{word.marked:,}"] if found.marks else []))
        table.add_section()
    if table.row_count:
        console.print(table)
    if few:
        console.print(f"{len(ranked) - 2 * words} words between are left out; --all shows every one")


def _whole_store(found: "Summary") -> Table:
    def listed(counts: Mapping[str, int]) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"

    said = {
        "yes": found.recognized,
        "no": found.not_recognized,
        "not known": found.recognized_unknown,
    }
    days = f"{found.first_day} to {found.last_day}" if found.first_day else "none known"
    table = Table("", "", title=found.path, show_header=False)
    table.add_row("drawings", f"{found.rows:,} of {found.words:,} words, from {found.sources:,} files")
    table.add_row("splits", listed(found.splits))
    table.add_row("on disk", f"{found.bytes / 1e6:,.1f} MB, {found.bytes_per_drawing:.1f} bytes a drawing")
    table.add_row("recognized", listed(said))
    table.add_row(
        "countries", f"{found.countries} ({listed(found.top_countries)}; not known {found.country_unknown:,})"
    )
    table.add_row("made", f"{days}; not known {found.time_unknown:,}")
    table.add_row("by month", listed(found.months))
    table.add_row("with", f"key_id {found.with_key:,}, times of the points {found.with_times:,}")
    if found.duplicates is not None:
        again = f"same points {found.duplicates.same_points:,}, same key_id {found.duplicates.same_key:,}"
        table.add_row("there again", again)
    table.add_row("marked", listed(found.marks))
    table.add_row("hash", found.hash)
    return table


def _spreads(found: "Summary") -> Table:
    table = Table("a drawing has", *("mean", "5 %", "median", "95 %", "most"), title="Sizes")
    for name, spread in (("points", found.points), ("strokes", found.strokes), ("ink, units", found.ink)):
        numbers = (spread.p5, spread.p50, spread.p95, spread.max)
        table.add_row(name, f"{spread.mean:,.1f}", *(f"{number:,.0f}" for number in numbers))
    return table


def print_clean(report: "CleanReport", verb: str) -> None:
    """Prints what a run found for each reason, and how the store stands."""
    console = Console(highlight=False)
    table = Table("reason", "drawings", "share")
    for reason, rows in report.found.items():
        table.add_row(reason, f"{rows:,}", f"{rows / max(1, report.rows):.3%}")
    console.print(table)
    marks = ", ".join(f"{reason} {rows:,}" for reason, rows in report.marks.items()) or "none"
    console.print(f"{sum(report.found.values()):,} {verb}; marks: {marks}")
    console.print(f"{report.marked:,} of {report.rows:,} drawings are left out once all of these are marked")
    if report.unknown_keys:
        console.print(f"{report.unknown_keys:,} key_ids of the list are not in this store")


def print_suspects(out: Path, report: "SuspectReport") -> None:
    """Prints how many drawings are suspected of what, and how many had no judge."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    found = ", ".join(f"{reason} {rows:,} ({rows / report.judged:.2%})" for reason, rows in report.found.items())
    console.print(f"{out}: {found} of {report.judged:,} drawings")
    for number, rows in report.by_judges.items():
        console.print(f"  {rows:,} were judged by {_counted(number, 'run')} that did not learn from them")
    if report.unjudged:
        console.print(f"  {report.unjudged:,} are left out: every run has learned from them")
