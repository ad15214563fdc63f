"""Recipes: the whole project runs from one script, and each of them asks the command line only for what it has."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

import pytest
import typer
from shapes import records
from typer.testing import CliRunner

from gribouille.augment import Augmentation
from gribouille.cli import app
from gribouille.course import TrainConfig
from gribouille.options import run_with_options
from gribouille.recogniser import Recogniser

RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.sh"))
# Stands for `gribouille` and `torchrun`: notes what it was asked, and leaves behind the files that the next step looks for.
STAND_IN = """
import json, sys
from pathlib import Path

with (Path(__file__).parents[1] / "log.jsonl").open("a") as log:
    log.write(json.dumps(sys.argv) + "\\n")
made = {"ingest": "card.json", "ensemble": "ensemble.json"}.get(sys.argv[1])
if made:
    out = Path(sys.argv[sys.argv.index("--out") + 1])
    out.mkdir(parents=True)
    (out / made).write_text('{"rows": 2, "labels": ["cat", "ice cream"]}')
"""


@pytest.fixture
def bin_folder(tmp_path) -> Path:
    """A folder with a `gribouille` and a `torchrun` that only note what they were asked, in log.jsonl."""
    folder = tmp_path / "bin"
    folder.mkdir()
    table = "echo '- data: some'; echo; echo \\| the table \\|"  # tests/test_poster_table.py has the real one
    python = f'#!/bin/sh\ncase "$1" in *poster_table.py) {table};; *) exec {sys.executable} "$@";; esac\n'
    (folder / "python").write_text(python)
    (folder / "python").chmod(0o755)
    for name in ("gribouille", "torchrun"):
        (folder / name).write_text(f"#!{sys.executable}{STAND_IN}")
        (folder / name).chmod(0o755)
    return folder


def run_recipe(name: str, *arguments: object, **variables: object) -> str:
    """What the recipe prints, standard error too; fails where it does."""
    script = RECIPES[0].parent / name
    ran = subprocess.run(
        ["bash", str(script), *map(str, arguments)],
        env=os.environ | {key: str(value) for key, value in variables.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def asked(folder: Path) -> list[list[str]]:
    """The arguments of every `gribouille` command that was noted, those started by torchrun too."""
    lines = [json.loads(line)[1:] for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line[line.index("gribouille") + 1 :] if "gribouille" in line else line for line in lines]


@cache
def options_of(command: str) -> set[str]:
    """The options that `gribouille COMMAND --help` names."""
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0, shown.output
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", shown.output))


def assert_known(commands: list[list[str]]) -> None:
    """Fails for a command or an option that the command line does not have."""
    for command, *arguments in commands:
        unknown = {argument for argument in arguments if argument.startswith("--")} - options_of(command)
        assert not unknown, f"{command}: {unknown}"


def config_of(training: list[str]) -> TrainConfig:
    """The configuration that `gribouille train` reads from these arguments."""
    read = []

    def command(
        store: Path,
        out: Annotated[Path, typer.Option()],
        config: TrainConfig,
        soft_labels: Annotated[list[Path] | None, typer.Option()] = None,
    ) -> None:
        read.append(config)

    with pytest.raises(SystemExit, match="0"):
        run_with_options(command, TrainConfig, training[1:], "train")
    return read[0]


@pytest.fixture
def store(tmp_path) -> Path:
    """What the recipes take for a store: a folder with a card."""
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "card.json").write_text('{"rows": 2, "labels": ["cat", "ice cream"]}')
    return folder


@pytest.fixture
def published(tmp_path) -> Iterator[str]:
    """The address of a bucket with a file of each shape, that answers ranges of bytes as Google's does."""
    files: dict[str, bytes] = {}
    for record in records(40):
        files[f"/{record['word']}.ndjson"] = (
            files.get(f"/{record['word']}.ndjson", b"") + json.dumps(record).encode() + b"\n"
        )
    files["/ice cream.ndjson"] = files.pop("/zigzag.ndjson").replace(b"zigzag", b"ice cream")

    class Bucket(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            body = files[unquote(self.path)][first : last + 1]
            self.send_response(206)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipe_is_a_shell_script_that_stops_at_an_error(recipe):
    """Each recipe parses, can be executed, and goes no further than its first failure."""
    assert subprocess.run(["bash", "-n", str(recipe)], check=False).returncode == 0
    assert os.access(recipe, os.X_OK)
    assert "\nset -euo pipefail\n" in recipe.read_text(encoding="utf-8")


def test_speedrun_goes_from_an_empty_disk_to_a_model_file(published, tmp_path):
    """Fetched by ranges of bytes, learned from, exported, judged: the file at the end knows the words that were asked for."""
    words = ["circle", "cross", "ice cream", "square"]
    tiny = {"NET": "test_resnet", "SIDE": 32, "EPOCHS": 2, "PER_CLASS": 8, "BATCH": 16, "DRAW": 0, "OMP_NUM_THREADS": 1}
    printed = run_recipe(
        "speedrun.sh",
        "",
        tmp_path / "work",
        BASE_URL=published,
        WORDS=",".join(words),
        ROWS=40,
        BIN=Path(sys.executable).parent,
        **tiny,
    )
    for word in words:
        lines = (tmp_path / "work" / "data" / f"{word}.ndjson").read_text().splitlines()
        assert len(lines) >= 10
        assert all(json.loads(line)["word"] == word for line in lines)
    assert Recogniser(tmp_path / "work" / "model.onnx").labels == tuple(words)
    assert "natural mix" in printed
    assert len((RECIPES[0].parent / "speedrun.sh").read_text().splitlines()) < 80


def test_speedrun_takes_a_folder(bin_folder, tmp_path):
    """Drawings that are there are not fetched: the files of the words wanted, compressed or not."""
    (tmp_path / "drawings").mkdir()
    for name in ("cat.ndjson.gz", "ice cream.ndjson", "dog.ndjson"):
        (tmp_path / "drawings" / name).touch()
    run_recipe("speedrun.sh", tmp_path / "drawings", tmp_path / "work", WORDS="cat,ice cream", BIN=bin_folder, DRAW=0)
    commands = asked(tmp_path)
    assert [command[0] for command in commands] == ["ingest", "train", "export", "evaluate"]
    assert [Path(file).name for file in commands[0][1:3]] == ["cat.ndjson.gz", "ice cream.ndjson"]
    assert_known(commands)


def test_poster_makes_its_four_rows(bin_folder, tmp_path):
    """Of each seed two networks and two ensembles, then a table that says what is not as on the poster; a second call goes on."""
    (tmp_path / "drawings").mkdir()
    for word in ("cat", "ice cream", "lighter", "aircraft carrier"):
        (tmp_path / "drawings" / f"{word}.ndjson.gz").touch()
    arguments = ["poster.sh", tmp_path / "drawings", tmp_path / "work"]
    printed = run_recipe(*arguments, BIN=bin_folder, PRETRAINED="none", SIDE=64, SEEDS="0 3")
    commands = asked(tmp_path)
    assert_known(commands)
    assert [command[0] for command in commands] == ["ingest", *[*["train"] * 2, *["ensemble"] * 2] * 2]
    assert [config_of(command).seed for command in commands if command[0] == "train"] == [0, 0, 3, 3]
    assert [Path(file).name for file in commands[0][1:3]] == ["cat.ndjson.gz", "ice cream.ndjson.gz"]
    assert not {"lighter.ndjson.gz", "aircraft carrier.ndjson.gz"} & {Path(file).name for file in commands[0]}
    assert "- weights to start from: none (the poster: timm)" in printed
    assert "- side of the picture, px: 64 (the poster: 224)" in printed
    assert "- passes" not in printed
    assert "| the table |" in printed
    assert (tmp_path / "work" / "table.md").read_text() in printed
    run_recipe(*arguments, BIN=bin_folder, PRETRAINED="none", SIDE=64, SEEDS="0 3")
    assert [command[0] for command in asked(tmp_path)[len(commands) :]] == ["train"] * 4  # which go on, or are over


def test_poster_trains_as_the_poster_did(bin_folder, store, tmp_path):
    """By default: ImageNet's ResNet18, one channel of 224 px, thin lines, 35 passes over 500 of each class, nothing augmented."""
    printed = run_recipe("poster.sh", store, tmp_path / "work", BIN=bin_folder)
    trainings = [command for command in asked(tmp_path) if command[0] == "train"]
    assert_known(trainings)
    fixed, targeted = map(config_of, trainings)
    assert (fixed.net, fixed.pretrained, fixed.first_conv) == ("resnet18", "timm", "random")
    assert (fixed.side, fixed.spec.channels, fixed.spec.line_width) == (224, ("ink",), 224 * 6 / 256)
    assert (fixed.epochs, fixed.per_class, fixed.sampling) == (35, 500, "fixed")
    still = Augmentation(rotation=0, stretch=0, shear=0, jitter=0, mirror=0, cut=0)
    assert (fixed.augmentation, fixed.smoothing, fixed.average) == (still, 0, 0)
    assert targeted == replace(fixed, sampling="targeted")
    conditions = printed.partition("Conditions that differ")[2].partition("|")[0]
    assert [line.partition(":")[0] for line in conditions.splitlines() if line.startswith("-")] == [
        "- equally many drawings for both networks",
        "- not stated there, so ours",
        "- data",
    ]


@pytest.mark.parametrize(
    ("recipe", "variables"),
    [
        ("laptop.sh", {}),
        ("laptop.sh", {"TEACHER": "model.onnx"}),
        ("gpu.sh", {}),
        ("cluster.sh", {"NODES": 2, "NODE": 0}),
    ],
)
def test_recipe_asks_for_what_there_is(recipe, variables, bin_folder, store, tmp_path):
    """Every command and option of the recipe exists, and what it trains with can be trained with."""
    run_recipe(recipe, store, tmp_path / "work", BIN=bin_folder, **variables)
    commands = asked(tmp_path)
    assert {"train", "export", "evaluate"} <= {command[0] for command in commands}
    assert_known(commands)
    training = next(command for command in commands if command[0] == "train")
    assert config_of(training).device == ("cpu" if recipe == "laptop.sh" else "cuda")


@pytest.mark.parametrize(("recipe", "trainings"), [("small.sh", 5), ("lite.sh", 2), ("tiny.sh", 2)])
def test_models_for_the_page_are_made_by_what_there_is(recipe, trainings, bin_folder, store, tmp_path):
    """The recipes of the small models ask for commands, options and configurations that exist."""
    given = [tmp_path / "data", tmp_path] if recipe == "small.sh" else [tmp_path]
    run_recipe(recipe, *given, BIN=bin_folder, PYTHON="true")
    commands = asked(tmp_path)
    assert_known(commands)
    configs = [config_of(command) for command in commands if command[0] == "train"]
    assert len(configs) == trainings
    assert configs[-1].spec.channels == ("ink", "time", "stroke")


def test_large_is_three_nets_and_their_mean(bin_folder, store, tmp_path):
    """A pretrained net, one from scratch and one on strokes learn from the same answers; their mean is judged."""
    run_recipe("large.sh", store, tmp_path / "work", "teacher.onnx", BIN=bin_folder)
    commands = asked(tmp_path)
    assert_known(commands)
    assert [command[0] for command in commands] == ["distil", "train", "train", "train", "ensemble", "evaluate"]
    trainings = commands[1:4]
    assert {command[command.index("--soft-labels") + 1] for command in trainings} == {commands[0][-1]}
    nets = [config_of(command).net for command in trainings]
    assert nets == ["tf_efficientnet_lite0", "resnet18", "gru"]


def test_cluster_leaves_the_rest_to_its_first_node(bin_folder, store, tmp_path):
    """Other machines only train."""
    run_recipe("cluster.sh", store, tmp_path / "work", BIN=bin_folder, NODES=2, NODE=1, MASTER="host0:1234")
    line = json.loads((tmp_path / "log.jsonl").read_text())  # one line
    assert line[line.index("--master-addr") + 1 : line.index("--master-addr") + 4] == ["host0", "--master-port", "1234"]
    assert line[line.index("--node-rank") + 1] == "1"


def test_an_option_that_does_not_exist_would_be_found():
    """The check itself works."""
    with pytest.raises(AssertionError, match="--sampler"):
        assert_known([["train", "store", "--sampler", "fixed"]])
