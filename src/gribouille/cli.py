"""The command `gribouille`. Each sub-command parses, calls one function, prints its result.

What only the laboratory has (torch, numba, pyarrow) is imported inside the commands that need it: the others start fast
and work without it. A mistake in what was asked ends in one line on standard error and exit code 2.
"""

import json
import os
import sys
import webbrowser
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gribouille import __version__
from gribouille.data_commands import data_app, fetch, ingest

if TYPE_CHECKING:
    from gribouille.store import AnyStore

# What gribouille[train] brings.
LABORATORY = {
    *(
        "PIL",
        "lightgbm",
        "matplotlib",
        "numba",
        "onnx",
        "onnxscript",
        "optuna",
        "pyarrow",
        "safetensors",
        "scipy",
        "tensorboard",
        "timm",
    ),
    *("torch", "torchvision", "zstandard"),
}
# What gribouille[cloud] brings, for sources that are no files here.
CLOUD = {"aiohttp", "botocore", "filelock", "fsspec", "gcsfs", "s3fs", "tenacity"}
LOCALHOST = "127.0.0.1"
PORT = 8017

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Host = Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")]
Port = Annotated[int, typer.Option(help="Port to listen at; 0 takes any free one.", min=0, max=65_535)]
Model = Annotated[Path | None, typer.Option(help="Model file, or the name of a shipped one; by default small.")]
Shown = Annotated[
    Path | None, typer.Option("--store", metavar="STORE", help="Store whose drawings the page shows: how others drew.")
]
Where = Annotated[
    str,
    typer.Option(
        metavar="CONDITION",
        help="Only drawings for which this holds, such as \"country == 'FR' and recognized\": docs/selecting.md.",
    ),
]


class Split(StrEnum):
    """The parts of a store that drawings are judged on, or learned from."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


MaxPerClass = Annotated[
    int, typer.Option(metavar="N", min=0, help="At most so many drawings of each word in each split; 0: all.")
]


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line (sys.argv's where none is given) and turns mistakes into one line and exit code 2."""
    try:
        app(arguments, prog_name="gribouille")
    except BrokenPipeError:  # whoever read our output has seen enough (`… | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in LABORATORY | CLOUD:
            raise
        extra = "cloud" if package in CLOUD else "train"
        _refuse(f'this command needs {error.name}, which is not installed; in a checkout: pip install ".[{extra}]"')
    except ValueError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or 'output'}: {error.strerror or error}")


def _refuse(message: str) -> None:
    print(f"gribouille: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


def _print_version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"gribouille {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def gribouille(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Recognises what you are drawing, while you draw it."""


@app.command()
def guess(
    arguments: Annotated[list[str], typer.Argument(metavar="[MODEL] FILE|-", show_default=False)],
    top: Annotated[int, typer.Option(help="Guesses for each drawing.", min=1)] = 3,
    french: Annotated[bool, typer.Option("--french", help="Words in French.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a drawing, for programs.")] = False,
) -> None:
    """Guess the drawings of an NDJSON file, or an SVG picture.

    Drawings may be raw or simplified, the file gzipped; - is standard input, of NDJSON. One line a drawing.
    """
    from gribouille.lines import read_lines
    from gribouille.recogniser import Recogniser

    if len(arguments) > 2:
        raise typer.BadParameter(f"expected [MODEL] FILE|-, found {len(arguments)} arguments")
    *model, source = arguments
    recogniser = Recogniser(model[0] if model else None)
    metadata = recogniser.metadata
    shown = dict(zip(metadata.labels, metadata.labels_fr if french else metadata.labels, strict=True))
    for line in read_lines(source):
        guesses = [(shown[label], probability) for label, probability in recogniser.guess(line.drawing, top)]
        if as_json:
            typer.echo(json.dumps({"word": line.word, "guesses": guesses}, ensure_ascii=False))
        else:
            typer.echo(", ".join(f"{word} {probability:.1%}" for word, probability in guesses))


@app.command()
def serve(
    host: Host = LOCALHOST, port: Port = PORT, model: Model = None, store: Shown = None, where: Where = ""
) -> None:
    """Serve the page and the API until interrupted."""
    from gribouille.server import serve

    _expect_store(store, where)

    _warn_without_page()
    serve(host, port, model, lambda address: typer.echo(f"Gribouille is at {address} (Ctrl+C stops it)"), store, where)


@app.command()
def draw(port: Port = PORT, model: Model = None, store: Shown = None, where: Where = "") -> None:
    """Draw here: serve the page on this machine and open it."""
    from gribouille.server import serve

    _expect_store(store, where)

    def show(address: str) -> None:
        typer.echo(f"Draw at {address} (Ctrl+C stops it)")
        if _has_screen():
            webbrowser.open(address)

    _warn_without_page()
    serve(LOCALHOST, port, model, show, store, where)


@app.command()
def site(out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the site.")], model: Model = None) -> None:
    """Write the whole application as static files, for any host or bucket."""
    from gribouille.recogniser import Recogniser
    from gribouille.site import write_site

    written = write_site(out, Recogniser(model))
    typer.echo(
        f"{written.folder}: {written.files} files, {written.bytes / 1e6:.1f} MB; try it: python -m http.server -d {out}"
    )


def _warn_without_page() -> None:
    from gribouille.server.page import STATIC

    if not (STATIC / "index.html").is_file():
        typer.echo(
            "The page is not built: only the API will answer. In the repository, `make draw` builds it.", err=True
        )


def _has_screen() -> bool:
    """Whether a browser would open in a window; without one Python would start a text browser in the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _opened(store: Path, where: str, max_per_class: int) -> "AnyStore":
    """The store in this folder, or what was asked for of it."""
    from gribouille.store import Selection, open_selected

    return open_selected(store, Selection(where, max_per_class))


def _expect_store(store: Path | None, where: str, max_per_class: int = 0) -> None:
    if store is None and (where or max_per_class):
        raise typer.BadParameter("expected --store STORE to select from, found none")


app.command()(fetch)
app.command()(ingest)
app.add_typer(data_app, name="data")


@app.command()
def distil(
    teacher: Annotated[Path, typer.Argument(exists=True, help="Model file, or a public classifier of 28 px bitmaps.")],
    store: Annotated[Path, typer.Argument(help="Store whose drawings it is asked about.")],
    out: Annotated[Path, typer.Option(help="File for its answers.")],
    where: Where = "",
    max_per_class: MaxPerClass = 0,
) -> None:
    """Ask a teacher about the training drawings of a store.

    Its answers are soft labels for `train --soft-labels`, of the same selection.
    """
    from gribouille.distil import teach
    from gribouille.terminal import counted

    opened = _opened(store, where, max_per_class)
    asked = opened.card.splits["train"]
    with counted("Asking the teacher", asked) as progress:
        teach(teacher, opened, out, progress)
    typer.echo(f"{out}: soft labels of {teacher} for {asked:,} drawings")


# The options of these are the fields of dataclasses that live beside torch: they are read when the command runs.
LATE_OPTIONS = {"ignore_unknown_options": True}
Late = Annotated[list[str] | None, typer.Argument(hidden=True)]


@app.command(context_settings=LATE_OPTIONS, add_help_option=False)
def train(arguments: Late = None) -> None:
    """Train a net on a store, or go on with a run."""
    from gribouille.course import TrainConfig
    from gribouille.distil import AskedAbout, LiveTeacher, Teacher, load_soft_labels, mean_of
    from gribouille.options import run_with_options
    from gribouille.terminal import training
    from gribouille.train import Reporting, train

    def command(
        store: Annotated[Path, typer.Argument(help="Store to learn from.")],
        out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of the run.")],
        config: TrainConfig,
        soft_labels: Annotated[
            list[Path] | None, typer.Option(help="A teacher's answers, made by `distil`; of several, their mean.")
        ] = None,
        teacher: Annotated[
            Path | None, typer.Option(help="Teacher to ask about every augmented drawing, instead: run or model file.")
        ] = None,
        asked_about: Annotated[
            AskedAbout, typer.Option(help="What that teacher is asked about: the drawing before it is cut, or after.")
        ] = "whole",
        who: Annotated[str, typer.Option(help="Your name, or your team's, for the run's card.")] = "",
        mlflow: Annotated[
            str,
            typer.Option(
                metavar="URI", help="MLflow server (https://…) or data base (sqlite:///runs.db) that hears of it too."
            ),
        ] = "",
        where: Where = "",
        max_per_class: MaxPerClass = 0,
    ) -> None:
        """Train a net on a store, or go on with a run."""
        if teacher is not None and soft_labels:
            raise typer.BadParameter("expected --teacher or --soft-labels, found both")
        opened = _opened(store, where, max_per_class)
        taught: Teacher | None = None
        if teacher is not None:
            taught = LiveTeacher.open(teacher, opened, config.augmentation, asked_about)
        elif soft_labels:
            taught = mean_of([load_soft_labels(each, opened) for each in soft_labels])
        first = os.environ.get("RANK", "0") == "0"  # of torchrun's processes: one bar is enough
        with training() if first else nullcontext(lambda progress: None) as progress:
            card = train(opened, out, config, taught, Reporting(progress, who, mlflow))
        top1 = card.metrics.get("validation", {}).get("top1")
        if first:
            typer.echo(f"{out}: trained" + ("" if top1 is None else f"; top-1 on validation drawings {top1:.1%}"))

    run_with_options(command, TrainConfig, arguments or [], "train")


@app.command(context_settings=LATE_OPTIONS, add_help_option=False)
def search(arguments: Late = None) -> None:
    """Search for how to train, by many short runs on few words."""
    from gribouille.options import run_with_options
    from gribouille.search import SearchConfig, search
    from gribouille.terminal import print_found, searching

    def command(
        store: Annotated[Path, typer.Argument(help="Store to search with.")],
        out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the search.")],
        config: SearchConfig,
        where: Where = "",
        max_per_class: MaxPerClass = 0,
    ) -> None:
        """Search for how to train, by many short runs on few words."""
        opened = _opened(store, where, max_per_class)
        with searching() as progress:
            found = search(opened, out, config, progress)
        print_found(found, _written_reports(out))

    run_with_options(command, SearchConfig, arguments or [], "search")


cluster_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train or search on a cluster, with Ray.")
app.add_typer(cluster_app, name="cluster")


@cluster_app.command("train", context_settings=LATE_OPTIONS, add_help_option=False)
def cluster_train(arguments: Late = None) -> None:
    """Train on several machines; killed processes are started again."""
    from gribouille.cluster import ClusterTraining, train_on_cluster
    from gribouille.options import run_with_options

    def command(
        store: Annotated[Path, typer.Argument(help="Store to learn from, under the same path on every machine.")],
        out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of the run, likewise.")],
        config: ClusterTraining,
        where: Where = "",
        max_per_class: MaxPerClass = 0,
    ) -> None:
        """Train on several machines; killed processes are started again."""
        card = train_on_cluster(_opened(store, where, max_per_class), out, config)
        top1 = card.metrics["validation"]["top1"]
        typer.echo(f"{out}: trained" + ("" if top1 is None else f"; top-1 on validation drawings {top1:.1%}"))

    run_with_options(command, ClusterTraining, arguments or [], "cluster train")


@cluster_app.command("search", context_settings=LATE_OPTIONS, add_help_option=False)
def cluster_search(arguments: Late = None) -> None:
    """Search on several machines."""
    from gribouille.cluster import ClusterSearch, search_on_cluster
    from gribouille.options import run_with_options
    from gribouille.terminal import print_found

    def command(
        store: Annotated[Path, typer.Argument(help="Store to search with, under the same path on every machine.")],
        out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the search, likewise.")],
        config: ClusterSearch,
        where: Where = "",
        max_per_class: MaxPerClass = 0,
    ) -> None:
        """Search on several machines."""
        found = search_on_cluster(_opened(store, where, max_per_class), out, config)
        print_found(found, _written_reports(out))

    run_with_options(command, ClusterSearch, arguments or [], "cluster search")


def _written_reports(out: Path) -> list[Path]:
    from gribouille.search import write_report

    return [write_report(out, "en"), write_report(out, "fr")]


@app.command(context_settings=LATE_OPTIONS, add_help_option=False)
def ensemble(arguments: Late = None) -> None:
    """Make one recogniser of several, or of one and its experts."""
    from gribouille.ensemble import EnsembleOptions, questions
    from gribouille.experts import assemble
    from gribouille.options import run_with_options
    from gribouille.terminal import counted, print_ensemble

    def command(
        members: Annotated[
            list[Path],
            typer.Argument(metavar="RUN|MODEL…", exists=True, help="Runs and model files; one run for its experts."),
        ],
        out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the ensemble, for `evaluate`, `export`.")],
        config: EnsembleOptions,
        store: Annotated[Path | None, typer.Option(help="Store to learn from, and to judge on.")] = None,
        where: Where = "",
        max_per_class: MaxPerClass = 0,
    ) -> None:
        """Make one recogniser of several, or of one and its experts."""
        _expect_store(store, where, max_per_class)
        opened = None if store is None else _opened(store, where, max_per_class)
        asked = None if opened is None or config.how == "experts" else questions(opened, config)
        with counted("Asking the members", asked) as progress:
            card = assemble(members, out, config, opened, progress)
        print_ensemble(out, card)

    run_with_options(command, EnsembleOptions, arguments or [], "ensemble")


@app.command()
def evaluate(
    model: Annotated[
        Path, typer.Argument(metavar="RUN|MODEL", exists=True, help="Training run, weights, ensemble or model file.")
    ],
    store: Annotated[Path, typer.Argument(help="Store with the drawings to guess.")],
    split: Annotated[Split, typer.Option(help="Which of its drawings.")] = Split.TEST,
    drawings: Annotated[int, typer.Option(min=0, help="At most so many random ones of them; 0: all.")] = 0,
    beside: Annotated[
        Path | None,
        typer.Option(metavar="RUN|MODEL", exists=True, help="Another to compare with, on the very same drawings."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, per word too, as JSON.")] = False,
    where: Where = "",
    max_per_class: MaxPerClass = 0,
) -> None:
    """Count how well a net guesses a store's drawings.

    Each at 25, 50, 75 and 100 % of its ink; recognized drawings and the natural mix apart; with 95 % intervals.
    """
    import numpy as np

    from gribouille.answers import Outcomes, compared
    from gribouille.checkpoint import BEST
    from gribouille.evaluate import EvaluateOptions, evaluate, rows_of
    from gribouille.evaluation import GROUPS
    from gribouille.metrics import comparison
    from gribouille.predict import predictor_of
    from gribouille.run_card import add_evaluation
    from gribouille.terminal import counted, print_comparison, print_evaluation

    opened, options = _opened(store, where, max_per_class), EvaluateOptions(split.value, drawings=drawings)
    models = [model] if beside is None else [model, beside]
    outcomes, evaluations = [], []
    with counted("Guessing", len(models) * len(rows_of(opened, options))) as progress:
        for each in models:
            outcomes.append(Outcomes())
            evaluations.append(evaluate(predictor_of(each), opened, options, progress, outcomes[-1]))
    evaluation, *others = evaluations
    one, *rest = [kept.of(each.labels) for kept, each in zip(outcomes, evaluations, strict=True)]
    judged = np.isin(opened.recognized[one.rows], GROUPS[evaluation.judged])
    difference = None
    if rest:
        named = {"one": str(model), "other": str(beside), "drawings": evaluation.judged}
        difference = named | comparison(compared(one.only(judged), rest[0].only(judged)))
    if as_json:
        found = {**evaluation.summary(), "per class": evaluation.per_class()}
        found |= {"per class, all rows": evaluation.per_class("all rows"), "details": evaluation.details()}
        if beside is not None:
            found |= {"beside": others[0].summary(), "comparison": difference}
        typer.echo(json.dumps(found, indent=1, allow_nan=False))
    else:
        print_evaluation(evaluation)
        if difference is not None:
            print_comparison(difference)
    if (model / BEST).is_file():  # a run: its card shows what it reached
        add_evaluation(model, evaluation.summary())


@app.command()
def submit(
    model: Annotated[
        Path, typer.Argument(metavar="RUN|MODEL", exists=True, help="Training run, weights, ensemble or model file.")
    ],
    sources: Annotated[
        list[str], typer.Argument(metavar="TEST…", help="Kaggle's test file, .gz and .zst too: file, glob or address.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="The submission.")],
    threads: Annotated[int, typer.Option(min=0, help="Cores that guess; 0: all that there are.")] = 0,
) -> None:
    """Guess Kaggle's test drawings: three words for each key_id, as the challenge wants them."""
    from gribouille.labels import challenge_words
    from gribouille.machine import usable_cores
    from gribouille.predict import predictor_of
    from gribouille.submission import write_submission
    from gribouille.terminal import counted

    with counted("Guessing", None) as progress:
        report = write_submission(predictor_of(model), sources, out, threads or max(1, int(usable_cores())), progress)
    words = len(challenge_words())
    known = f"; the model knows {report.words} of the challenge's {words} words" if report.words < words else ""
    typer.echo(f"{out}: three words for each of {report.drawings:,} drawings{known}")


@app.command(context_settings=LATE_OPTIONS, add_help_option=False)
def report(arguments: Late = None) -> None:
    """Write pages on one or several models: figures, confusions, mistakes, comparisons."""
    from gribouille.options import run_with_options
    from gribouille.report import ReportOptions, gather, write_json, write_pages
    from gribouille.terminal import counted

    def command(
        paths: Annotated[
            list[Path],
            typer.Argument(
                metavar="RUN|MODEL… STORE", exists=True, help="Runs, ensembles or model files; last a store."
            ),
        ],
        config: ReportOptions,
        out: Annotated[
            Path | None, typer.Option(metavar="DIR", help="Folder of report.html and report.fr.html.")
        ] = None,
        as_json: Annotated[
            bool, typer.Option("--json", help="Everything as JSON: on standard output, or with --out in report.json.")
        ] = False,
        where: Where = "",
        max_per_class: MaxPerClass = 0,
    ) -> None:
        """Write pages on one or several models: figures, confusions, mistakes, comparisons."""
        *models, store = paths
        if not models:
            raise typer.BadParameter(f"expected RUN|MODEL… STORE, found {store} alone")
        if out is None and not as_json:
            raise typer.BadParameter("expected --out DIR or --json, found neither")
        opened = _opened(store, where, max_per_class)
        with counted("Guessing", len(models) * config.asked_of(opened)) as progress:
            found = gather(models, opened, config, progress)
        if out is None:
            typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
            return
        written = [*write_pages(found, out), *([write_json(found, out)] if as_json else [])]
        typer.echo("Report: " + ", ".join(map(str, written)))

    run_with_options(command, ReportOptions, arguments or [], "report")


@app.command(context_settings=LATE_OPTIONS, add_help_option=False)
def export(arguments: Late = None) -> None:
    """Write a training run, or an ensemble, as one model file, checked against it."""
    from gribouille.export import ExportSpec
    from gribouille.export_ensemble import export_any
    from gribouille.options import run_with_options
    from gribouille.sampling import distinct_rows
    from gribouille.terminal import counted

    def command(
        run: Annotated[Path, typer.Argument(exists=True, help="Training run, or an ensemble's folder.")],
        out: Annotated[Path, typer.Option(metavar="MODEL.onnx", help="The model file.")],
        config: ExportSpec,
        store: Annotated[
            Path | None,
            typer.Option(help="Store to calibrate on, to check on, and whose test scores the file carries."),
        ] = None,
        where: Where = "",
        max_per_class: MaxPerClass = 0,
    ) -> None:
        """Write a training run, or an ensemble, as one model file, checked against it."""
        _expect_store(store, where, max_per_class)
        opened = None if store is None else _opened(store, where, max_per_class)
        rows = 0 if opened is None else len(distinct_rows(opened, "test"))
        with counted("Evaluating", rows) as progress:
            report = export_any(run, out, config, opened, progress)
        typer.echo(
            f"{out}: {report.bytes / 1e6:.2f} MB; at most {report.difference:.1e} from the net on {report.drawings} "
            f"drawings; rounding kept {report.agreement:.0%} of the best guesses"
        )

    run_with_options(command, ExportSpec, arguments or [], "export")
