"""A run's card for people answers every question in both languages; the machine names neither computer nor person."""

import getpass
import json
import platform
from dataclasses import asdict
from pathlib import Path

import pytest

from gribouille import machine as machines
from gribouille.checkpoint import BEST, CARD, LAST, LOG, Card, save_weights
from gribouille.machine import machine, usable_cores, usable_memory
from gribouille.nets import build_net
from gribouille.raster.spec import RasterSpec
from gribouille.run_card import EVALUATIONS, TEXTS, add_evaluation, describe, markdown

SCORES = {"n": 1600, "top1": 0.5, "top3": 0.75, "map3": 0.6, "classes_top1": None}
VALIDATION = {"protocol": "1600 random drawings of the validation split", "step": 1200, **SCORES}
SUMMARY = {
    "protocol": "test split of store 0123",
    "calibration error": 0.021,
    "natural mix": {"50%": SCORES, "100%": SCORES},
    "recognized": {"100%": {"n": 0, "top1": None, "top3": None, "map3": None, "classes_top1": None}},
}
JUDGED = {"weights": BEST, "step": 1200, **SUMMARY}
CONFIGURATION = {"net": "test_resnet", "pretrained": "", "rate": 0.002, "compile": True, "deterministic": False}
FULL = Card(
    net="test_resnet",
    labels=["circle", "cross"],
    raster=RasterSpec.of_side(32).to_dict(),
    config={**CONFIGURATION, "first_conv": "average", "augmentation": {"rotation": 10.0}},
    store="65caebb3af33" * 5,
    commit="0dd6a99+",
    metrics={"validation": VALIDATION},
    data={
        "rows": 207235,
        "labels": 2,
        "splits": {"train": 178146, "test": 20000},
        "sources": [{"name": "a|b.ndjson", "sha256": "f" * 64, "training_only": True}],
    },
    machine={
        "cpu": "Some Processor",
        "cores": 1.5,
        "memory_gib": 23.5,
        "gpus": [{"name": "H100", "memory_gib": 79.2}],
        "system": "Linux 6 x86_64",
        "python": "3.11.7",
        "cuda": "",
        "versions": {"torch": "2.15.0"},
    },
    who="Ada",
    started="2026-11-24T03:13:01+00:00",
    seconds=4000.0,
    drawings=1_040_000,
)
HISTORY = [
    {"epoch": n, "step": 40 * n, "drawings": 5120 * n, "seconds": 60.0 * n, "loss": 3 / n}
    | {"validation": {**SCORES, "map3": 0.7 if n == 17 else 0.6}}
    for n in range(1, 31)
]


def test_the_card_answers_every_question():
    """Who, what, which data, which commit, how long, which machine, and every metric with its protocol."""
    text = markdown(asdict(FULL) | {"weights": 373076}, HISTORY, "en", [{"when": "2026-11-24T04:00+00:00"} | JUDGED])
    for answer in (
        "| **who** | Ada |",
        "| **started** | 2026-11-24 03:13:01 UTC |",
        "| **net** | `test_resnet` |",
        "| **weights** | 373,076 |",
        "| **picture** | 32 px, ink, time, stroke; line 1.00 px |",
        "| **first weights** | random |",
        "207,235 drawings of 2 words; store `65caebb3af33`",
        "train 178,146, test 20,000",
        r"a\|b.ndjson (`ffffffffffff`, only learned from)",
        "`0dd6a99+` (+: with changes",
        "1 h 06 min of training for 1,040,000 drawings seen, 260 drawings/s",
        "Some Processor, 1.5 core(s), 23.5 GiB, H100 (79 GiB), Linux 6 x86_64",
        "Python 3.11.7, torch 2.15.0",
        "| validation, step 1,200 | 100 % | 1,600 | 50.00 | 2.45 | 75.00 | 60.00 |  |",
        "Protocol: 1600 random drawings of the validation split.",
        "| natural mix | 50 % | 1,600 | 50.00 |",
        "Protocol: test split of store 0123. Calibration error: 2.10 %.",
        "those of epoch 17: top-1 50.00 %, MAP@3 70.00 %",
        "--net test_resnet --rate 0.002 --compile --first-conv average --rotation 10.0",
    ):
        assert answer in text.replace(" \\\n ", ""), answer
    assert "| recognized |" not in text, "no drawing of them was judged"
    assert "--deterministic" not in text
    assert "teacher" not in text


def test_the_french_card_is_french():
    """Numbers, names and sentences are French; both languages say the same things."""
    text = markdown(asdict(FULL), HISTORY, "fr", [{"when": "2026-11-24T04:00+00:00"} | JUDGED])
    for answer in (
        "# Fiche d’un entraînement",
        "encre, temps, rang du trait\u202f; trait de 1,00 px",
        "207\u202f235 dessins de 2 mots",
        "| mélange naturel | 50 % | 1\u202f600 | 50,00 | 2,45 |",
        "Erreur de calibration\u202f: 2,10 %.",
    ):
        assert answer in text, answer
    assert TEXTS["fr"].keys() == TEXTS["en"].keys()


def test_the_curve_is_short_and_ends_with_the_last_epoch():
    """A long run shows some of its epochs."""
    lines = markdown(asdict(FULL), HISTORY, "en").partition("## How it learned")[2].splitlines()
    epochs = [int(line.split("|")[1]) for line in lines if line.startswith("| ") and line[2].isdigit()]
    assert epochs == list(range(3, 31, 3))


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_a_card_that_knows_little_is_still_one(language):
    """Runs without name, validation, machine or description of their data have a card too."""
    bare = Card("gru", ["a"] * 345, RasterSpec().to_dict(), {"net": "gru"}, "0123", "unknown")
    text = markdown(asdict(bare), [], language)
    assert "None" not in text
    assert "{" not in text


@pytest.mark.parametrize(
    ("teacher", "option"),
    [
        ("f00d", "--soft-labels SOFT_LABELS"),
        ("f00d, asked about whole augmented drawings", "--teacher TEACHER --asked-about whole"),
    ],
)
def test_the_command_names_the_teacher(teacher, option):
    """Who was taught needs the same teacher to go on."""
    assert option in markdown(asdict(FULL) | {"teacher": teacher}, [], "en")


def test_another_language_is_refused():
    """There are two."""
    with pytest.raises(ValueError, match="expected one of"):
        markdown(asdict(FULL), [], "de")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder, as training leaves it."""
    net = build_net("test_resnet", 2, RasterSpec.of_side(32))
    for name in (BEST, LAST):
        save_weights(net, FULL, tmp_path / name)
    (tmp_path / LOG).write_text("".join(json.dumps(entry) + "\n" for entry in HISTORY))
    return tmp_path


def test_evaluations_stay_with_the_run(run):
    """Each protocol's newest evaluation is kept and shown, in both languages."""
    describe(run)
    assert "calibration" not in (run / CARD["en"]).read_text().lower()
    add_evaluation(run, SUMMARY)
    add_evaluation(run, {**SUMMARY, "protocol": "another store"})
    add_evaluation(run, {**SUMMARY, "calibration error": 0.5})
    kept = [json.loads(line) for line in (run / EVALUATIONS).read_text().splitlines()]
    assert [(one["protocol"], one["calibration error"]) for one in kept] == [
        ("another store", 0.021),
        ("test split of store 0123", 0.5),
    ]
    for name in CARD.values():
        text = (run / name).read_text(encoding="utf-8")
        assert text.count(f"`{BEST}` ") == 2
    assert "| **weights** | 37" in (run / CARD["en"]).read_text()


def test_the_machine_is_plain_and_nameless():
    """What a run ran on can be written as JSON and tells neither who nor where."""
    found = machine()
    text = json.dumps(found)
    assert found["cores"] > 0
    assert found["memory_gib"] > 0
    assert {"torch", "numpy", "numba"} <= found["versions"].keys()
    assert str(Path.home()) not in text
    values = {each for each in found.values() if isinstance(each, str)}
    assert not {platform.node(), getpass.getuser()} & values


def test_a_container_limits_cores_and_memory(monkeypatch, tmp_path):
    """A control group's limits count, those of its parents too; "max" is none."""
    own = tmp_path / "groups" / "pod" / "container"
    own.mkdir(parents=True)
    (tmp_path / "own").write_text("0::/pod/container\n")
    monkeypatch.setattr(machines, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(machines, "OWN_CGROUPS", tmp_path / "own")
    without = usable_cores(), usable_memory()
    (own / "cpu.max").write_text("max 100000\n")
    (own / "memory.max").write_text("max\n")
    assert (usable_cores(), usable_memory()) == without
    (own.parent / "cpu.max").write_text("50000 100000\n")
    (own.parent / "memory.max").write_text("1048576\n")
    assert (usable_cores(), usable_memory()) == (0.5, 2**20)


def test_the_older_control_groups_count_too(monkeypatch, tmp_path):
    """The same limits in the files of version 1."""
    cpu, memory = (tmp_path / "groups" / name / "job" for name in ("cpu", "memory"))
    for folder in (cpu, memory):
        folder.mkdir(parents=True)
    (tmp_path / "own").write_text("3:cpu,cpuacct:/job\n2:memory:/job\n")
    monkeypatch.setattr(machines, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(machines, "OWN_CGROUPS", tmp_path / "own")
    (cpu / "cpu.cfs_quota_us").write_text("25000\n")
    (cpu / "cpu.cfs_period_us").write_text("100000\n")
    (memory / "memory.limit_in_bytes").write_text("4096\n")
    assert (usable_cores(), usable_memory()) == (0.25, 4096)
