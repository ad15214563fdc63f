"""Commands for data: `fetch` and `ingest` bring it in; `data` shows what is in a store (the bare command), draws contact sheets,
writes an explorer or other forms of it, and marks what should be left out.

Each parses, calls one function, prints its result.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

SUMMARY = "summary"


class BareSummary(TyperGroup):
    """A group of commands whose name may be left out for the first: `data STORE` is `data summary STORE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the name of the command where none is said."""
        named = any(argument in self.commands for argument in args[:1])
        if args and not named and args[0] not in ("--help", "-h"):
            args = [SUMMARY, *args]
        return super().parse_args(ctx, args)


class Language(StrEnum):
    """Languages that people read the explorer in."""

    EN = "en"
    FR = "fr"


class Colour(StrEnum):
    """How ink is coloured."""

    INK = "ink"
    TIME = "time"


def fetch(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the files.")],
    form: Annotated[
        str, typer.Option(help="Which of the published forms: simplified, raw, binary, bitmap or sketchrnn.")
    ] = "simplified",
    category: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="A category, as cat; again for more. By default all 345.")
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only the first N rows of each category, in the file's order.", min=1),
    ] = None,
    base: Annotated[
        str, typer.Option("--from", metavar="URL", help="Folder of the files elsewhere; by default Google's bucket.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the download.")] = False,
) -> None:
    """Download the public drawings, or a part of them.

    What is interrupted or killed goes on when it is asked for again; what is there already is not fetched twice.
    """
    from gribouille.fetch import FetchOptions, fetch, forecast, plan
    from gribouille.terminal import fetching, print_fetched, print_forecast

    planned = plan(out, FetchOptions(form, tuple(category or ()), rows, base))
    try:
        print_forecast(planned, forecast(planned))
        if not planned.missing:
            return
        if not yes:
            typer.confirm("Fetch them?", abort=True)
        with fetching() as progress:
            record = fetch(planned, progress)
    except KeyboardInterrupt:
        typer.echo(f"{out}: stopped; what is there stays, and the same command goes on from it", err=True)
        raise typer.Exit(130) from None
    print_fetched(out, [record[file.name] for file in planned.missing])


def ingest(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE…", help="Files, folders, globs or addresses (https://, gs://, s3://) of drawings."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="STORE", help="Folder of the new store.")],
    training_only: Annotated[
        list[str] | None, typer.Option(metavar="SOURCE", help="More sources, whose drawings are only trained on.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the store that is there.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad row, instead of quarantine.")] = False,
    any_word: Annotated[bool, typer.Option("--any-word", help="Take words that Quick, Draw! does not have.")] = False,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Keep rows whose key_id an earlier row has.")
    ] = False,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help='Ray cluster that does the work: "auto" for this machine\'s.')
    ] = "",
) -> None:
    """Turn files of drawings into a store.

    NDJSON, raw or simplified, Kaggle's CSV, Google's .bin and sketch-rnn's .npz, gzip or zstd too: what a file is shows
    in its content. Bad rows go to STORE/quarantine.ndjson with their place and the reason. What is interrupted or
    killed goes on when the same command is given again.
    """
    from gribouille.formats.records import UNKNOWN_WORD
    from gribouille.ingest import IngestOptions, ingest
    from gribouille.ingest.finish import DUPLICATE
    from gribouille.store.card import QUARANTINE_NAME
    from gribouille.terminal import ingesting

    options = IngestOptions(
        training_only=tuple(training_only or ()),
        overwrite=overwrite,
        strict=strict,
        any_word=any_word,
        keep_duplicates=keep_duplicates,
    )
    run = None
    if cluster:
        from gribouille.cluster import Cluster, pieces_on_cluster

        run = pieces_on_cluster(Cluster(cluster))
    with ingesting() as progress:
        card = ingest(sources, out, options, progress, run)
    splits = ", ".join(f"{name} {rows:,}" for name, rows in card.splits.items())
    typer.echo(f"{out}: {card.rows:,} drawings of {len(card.labels)} words ({splits}); hash {card.hash[:12]}")
    if card.quarantined:
        hints = {UNKNOWN_WORD: " (--any-word takes others)", DUPLICATE: " (--keep-duplicates keeps both)"}
        typer.echo(f"{sum(card.quarantined.values()):,} rows are not in it but in {out / QUARANTINE_NAME}:")
        for expected, rows in sorted(card.quarantined.items(), key=lambda item: -item[1]):
            typer.echo(f"  {rows:,} × expected {expected}{hints.get(expected, '')}")


data_app = typer.Typer(cls=BareSummary, no_args_is_help=True, rich_markup_mode=None)

StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="Folder of the store.", show_default=False)]


@data_app.callback()
def data() -> None:
    """See what is in a store, and mark what should be left out.

    `gribouille data STORE` alone prints the summary.
    """


@data_app.command(SUMMARY)
def data_summary(
    store: StorePath,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, every word too, as JSON.")] = False,
    words: Annotated[int, typer.Option(help="Smallest and largest words shown, so many each.", min=0)] = 10,
    everything: Annotated[bool, typer.Option("--all", help="Show every word, the largest first.")] = False,
    duplicates: Annotated[bool, typer.Option("--duplicates/--no-duplicates", help="Look for duplicates.")] = True,
) -> None:
    """Count what is in a store: words, countries, times, sizes, duplicates."""
    from gribouille.data.summary import summary
    from gribouille.store import Store
    from gribouille.terminal import counted, print_summary

    opened = Store.open(store)
    with counted("Reading", len(opened)) as progress:
        found = summary(opened, progress, duplicates)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print_summary(found, len(found.per_word) if everything else words)


@data_app.command("sheet")
def data_sheet(
    store: StorePath,
    out: Annotated[Path, typer.Option(metavar="FILE.png", help="The picture.")],
    word: Annotated[str | None, typer.Option(help="English word; without it, one drawing of each.")] = None,
    recognized: Annotated[
        bool | None, typer.Option("--recognized/--not-recognized", help="Only those the game (never) recognised.")
    ] = None,
    country: Annotated[str | None, typer.Option(help="Only those from this country, e.g. FR.")] = None,
    marked: Annotated[
        str | None, typer.Option(metavar="REASON", help="Only those marked so; duplicates after what they duplicate.")
    ] = None,
    rows: Annotated[int | None, typer.Option(min=1, max=100, help="Rows of drawings; by default 10.")] = None,
    columns: Annotated[int | None, typer.Option(min=1, max=100, help="Drawings a row; by default 10.")] = None,
    side: Annotated[int, typer.Option(help="Px of one drawing, 28…256.")] = 96,
    colour: Annotated[Colour, typer.Option(help="Black, or from blue to orange by time.")] = Colour.INK,
    captions: Annotated[bool, typer.Option("--captions/--no-captions", help="Words or rows below.")] = True,
    seed: Annotated[int, typer.Option(help="Of which drawings are taken.")] = 0,
) -> None:
    """Draw a contact sheet: one word's drawings, or one drawing of each word."""
    from gribouille.data.sheets import Choice, SheetOptions, contact_sheet, write_sheet
    from gribouille.store import Store

    choice = Choice(word, recognized, country, marked)
    options = SheetOptions(rows, columns, side, colour.value, seed, captions)
    made = contact_sheet(Store.open(store), choice, options)
    write_sheet(made.picture, out)
    typer.echo(f"{out}: {made.shown:,} of {made.found:,} drawings, {made.picture.width} × {made.picture.height} px")


@data_app.command("explore")
def data_explore(
    store: StorePath,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the site; one that is there is replaced.")],
    per_word: Annotated[int, typer.Option(min=1, max=10_000, help="Random drawings of each word.")] = 200,
    language: Annotated[Language, typer.Option(help="Language at first sight.")] = Language.EN,
    seed: Annotated[int, typer.Option(help="Of which drawings are taken.")] = 0,
) -> None:
    """Write a small site to look through the words: opens from disk, needs no server."""
    from gribouille.data.explorer import ExplorerOptions, write_explorer
    from gribouille.store import Store
    from gribouille.terminal import counted

    opened = Store.open(store)
    with counted("Writing words", len(opened.labels)) as progress:
        written = write_explorer(opened, out, ExplorerOptions(per_word, language.value, seed), progress)
    typer.echo(
        f"{out}: {written.drawings:,} drawings of {len(opened.labels)} words, {written.bytes / 1e6:.1f} MB; open {written.page}"
    )


class WrittenForm(StrEnum):
    """Forms of others that drawings are written in."""

    NDJSON = "ndjson"
    CSV = "csv"
    BINARY = "binary"
    SKETCHRNN = "sketchrnn"
    SVG = "svg"


@data_app.command("export")
def data_export(
    store: StorePath,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE|DIR", help="File named .ndjson, .csv, .bin or .npz (.gz, .zst); with --form a folder."
        ),
    ],
    form: Annotated[
        WrittenForm | None, typer.Option(help="Write a file for each word, or for each drawing (svg).")
    ] = None,
    where: Annotated[str, typer.Option(metavar="CONDITION", help="Only drawings for which this holds.")] = "",
    max_per_class: Annotated[int, typer.Option(metavar="N", min=0, help="At most N of each class and split.")] = 0,
) -> None:
    """Write the drawings in a form of others: NDJSON, Kaggle's CSV, Google's .bin, sketch-rnn's .npz, SVG."""
    from gribouille.data.writing import write_drawings
    from gribouille.store import Selection, open_selected
    from gribouille.terminal import counted

    opened = open_selected(store, Selection(where, max_per_class))
    with counted("Writing", len(opened)) as progress:
        files = write_drawings(opened, out, None if form is None else form.value, progress)
    typer.echo(f"{out}: {len(opened):,} drawings in {files:,} file{'s' if files > 1 else ''}")


@data_app.command("clean")
def data_clean(
    store: StorePath,
    exact: Annotated[
        bool, typer.Option("--exact/--no-exact", help="Same points as an earlier one of the word.")
    ] = True,
    near: Annotated[
        float | None, typer.Option(metavar="UNITS", help="At most so far from an earlier one; 2 is careful, 4 is wide.")
    ] = None,
    scribbles: Annotated[
        bool, typer.Option("--scribbles", help="Scribbled over, by what is usual for the word.")
    ] = False,
    empty: Annotated[bool, typer.Option("--empty", help="Without ink.")] = False,
    listed: Annotated[
        Path | None,
        typer.Option("--list", exists=True, dir_okay=False, metavar="FILE", help='NDJSON: {"row"|"key_id", "reason"}.'),
    ] = None,
    undo: Annotated[
        list[str] | None, typer.Option(metavar="REASON|all", help="Take marks back instead; may be repeated.")
    ] = None,
    drop: Annotated[
        Path | None, typer.Option("--drop", metavar="NEW", help="Write a store without the marked rows there, instead.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The counts as JSON.")] = False,
) -> None:
    """Mark duplicates, scribbles and empty drawings, reversibly: nothing then learns from them or is tested on them.

    The store's files stay as they are; the marks lie in STORE/marks.arrow. A run replaces earlier marks of the same reasons.
    """
    from gribouille.data import clean
    from gribouille.store import Store
    from gribouille.terminal import counted, print_clean

    if drop is not None:
        _expect_alone("--drop", near, scribbles, empty, listed, undo, dry_run)
        _drop(store, drop)
        return
    if undo:
        _expect_alone("--undo", near, scribbles, empty, listed, dry_run)
        report = clean.undo(store, tuple(undo))
    else:
        options = clean.CleanOptions(exact=exact, near=near, scribbles=scribbles, empty=empty)
        with counted("Looking", len(Store.open(store, marks=False)) if options.settings() else 0) as progress:
            report = clean.clean(store, options, listed, dry_run, progress)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=1, ensure_ascii=False))
    else:
        print_clean(report, "taken back" if undo else "to mark" if dry_run else "marked")


@data_app.command("suspects", context_settings={"ignore_unknown_options": True}, add_help_option=False)
def data_suspects(arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
    """List drawings under a wrong word and drawings of nothing, by runs that did not learn from them."""
    from gribouille.options import run_with_options
    from gribouille.suspects import SuspectOptions, write_suspects
    from gribouille.terminal import counted, print_suspects

    def command(
        runs: Annotated[list[Path], typer.Argument(metavar="RUN…", exists=True, help="Runs on parts of the store.")],
        store: StorePath,
        out: Annotated[Path, typer.Option(metavar="FILE.ndjson", help="The list, for `data clean --list`.")],
        config: SuspectOptions,
        where: Annotated[str, typer.Option(metavar="CONDITION", help="Only drawings for which this holds.")] = "",
    ) -> None:
        """List drawings under a wrong word and drawings of nothing, by runs that did not learn from them."""
        with counted("Judging", None) as progress:
            report = write_suspects(runs, store, out, config, where, progress)
        print_suspects(out, report)

    run_with_options(command, SuspectOptions, arguments or [], "data suspects")


def _expect_alone(option: str, *others: object) -> None:
    """Refuses an option that takes no part in a search beside one that does."""
    if any(other not in (None, False) for other in others):
        raise typer.BadParameter(f"{option} goes with no other option of the search")


def _drop(store: Path, out: Path) -> None:
    from gribouille.data.dropping import drop
    from gribouille.store import Store
    from gribouille.terminal import counted

    with counted("Writing", len(Store.open(store, marks=False))) as progress:
        card = drop(store, out, progress)
    reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in card.dropped.items())
    typer.echo(f"{out}: {card.rows:,} drawings of {len(card.labels)} words, without {reasons}; hash {card.hash[:12]}")
