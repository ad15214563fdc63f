"""The command `gribouille`. Each sub-command parses, calls one function, prints its result.

What only the laboratory has (torch, numba, pyarrow) is imported inside the commands that need it: the others start fast
and work without it. A mistake in what was asked ends in one line on standard error and exit code 2.
"""

import json
import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from gribouille import __version__

# What gribouille[train] brings.
LABORATORY = {"numba", "onnx", "onnxscript", "pyarrow", "safetensors", "timm", "torch", "torchvision"}
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
Model = Annotated[Path | None, typer.Option(help="Model file; by default the shipped one.")]


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line (sys.argv's where none is given) and turns mistakes into one line and exit code 2."""
    try:
        app(arguments, prog_name="gribouille")
    except BrokenPipeError:  # whoever read our output has seen enough (`… | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LABORATORY:
            raise
        _refuse(f'this command needs {error.name}, which is not installed: pip install "gribouille[train]"')
    except ValueError as error:
        _refuse(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _refuse(f"{error.filename}: {error.strerror}")


def _refuse(message: str) -> None:
    print(f"gribouille: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gribouille {__version__}")
        raise typer.Exit


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
    """Guess the drawings of an NDJSON file (raw or simplified, .gz too; - is standard input), one line each."""
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
def serve(host: Host = LOCALHOST, port: Port = PORT, model: Model = None) -> None:
    """Serve the page and the API until interrupted."""
    from gribouille.server import serve

    serve(host, port, model, lambda address: typer.echo(f"Gribouille is at {address} (Ctrl+C stops it)"))


@app.command()
def draw(port: Port = PORT, model: Model = None) -> None:
    """Draw on this machine: serve the page here and open it in the browser."""
    from gribouille.server import serve

    def show(address: str) -> None:
        typer.echo(f"Draw at {address} (Ctrl+C stops it)")
        if _has_screen():
            webbrowser.open(address)

    serve(LOCALHOST, port, model, show)


def _has_screen() -> bool:
    """Whether a browser would open in a window; without one Python would start a text browser in the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
