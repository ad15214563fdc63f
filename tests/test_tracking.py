"""What a run tells TensorBoard and MLflow can be read back, once a step, and the pictures show what they should."""

import ast
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as PluginAccumulator

from gribouille import tracking
from gribouille.tracking import (
    COLOURED,
    GREY,
    MLFLOW,
    TENSORBOARD,
    MLflow,
    TensorBoard,
    accuracy_chart,
    contact_sheet,
    flattened,
    most_confused,
    trackers,
)

LABELS = ["cake", "birthday cake", "bus"]
CONFUSED = np.array([[0.5, 0.4, 0.1], [0.2, 0.8, 0.0], [np.nan] * 3])
PARAMS = {"net": "resnet18", "augmentation": {"rotation": 10.0}}


def read(folder: Path) -> EventAccumulator:
    """All that TensorBoard would show of a folder."""
    events = EventAccumulator(str(folder), {"scalars": 0, "tensors": 0, "images": 0, "histograms": 0})
    return events.Reload()


def text(events: EventAccumulator, name: str) -> str:
    """The last text of that name."""
    return events.Tensors(f"{name}/text_summary")[-1].tensor_proto.string_val[0].decode()


def pictures(n: int, channels: int, side: int) -> np.ndarray:
    """Random pictures."""
    return np.random.default_rng(0).random((n, channels, side, side), np.float32)


def test_importing_needs_none_of_the_trackers():
    """What only some runs use is loaded by those: the command line stays quick."""
    tree = ast.parse(Path(tracking.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert not {name.partition(".")[0] for name in names} & {"torch", "tensorboard", "mlflow", "matplotlib", "PIL"}


def test_tensorboard_shows_what_it_is_told(tmp_path):
    """Configuration, curves, histogram, chart, tables and contact sheet arrive in the run's folder."""
    tracker = trackers(tmp_path, 0, "", PARAMS)
    tracker.pictures(1, pictures(2, 3, 32), LABELS[:2])
    tracker.scalars(10, {"loss": 2.5})
    tracker.per_class(10, LABELS, np.array([0.5, 0.25, np.nan]))
    tracker.per_class(20, LABELS, np.array([0.4, 0.75, np.nan]))
    tracker.confused(20, LABELS, CONFUSED)
    tracker.close()
    events = read(tmp_path / TENSORBOARD)
    assert [(each.step, each.value) for each in events.Scalars("loss")] == [(10, 2.5)]
    assert [each.value for each in events.Scalars("words/birthday cake")] == [0.25, 0.75]
    assert "words/bus" not in events.Tags()["scalars"], "nothing is known of it"
    assert set(events.Tags()["images"]) == {"what the net sees", "words' accuracy/worst and best"}
    assert [each.histogram_value.num for each in events.Histograms("words' accuracy/histogram")] == [2, 2]
    assert "| `augmentation.rotation` | 10.0 |" in text(events, "configuration")
    table = text(events, "words' accuracy").splitlines()
    assert table[2:] == ["| cake | 40.0% | -10.0 |", "| birthday cake | 75.0% | +50.0 |"]
    assert "| cake | birthday cake | 40.0% | 20.0% |" in text(events, "confusions")


def test_resumed_curves_show_every_step_once(tmp_path):
    """What an interrupted run told beyond its saved step is replaced; the saved step itself stays."""
    for began, ended in ((0, 40), (20, 60)):
        tracker = TensorBoard(tmp_path, began, PARAMS)
        for step in range(began + 10, ended + 1, 10):
            tracker.scalars(step, {"loss": began + step})
            tracker.per_class(step, LABELS, np.array([0.5, 0.25, 1.0]))
            tracker.pictures(step + 1, pictures(1, 1, 28), ["cake"])
        if ended == 60:
            tracker.close()  # the first was killed: what it told is on disk all the same
        else:
            tracker._writer.flush()
    events = read(tmp_path)
    assert [(each.step, each.value) for each in events.Scalars("loss")] == [
        (10, 10),
        (20, 20),
        (30, 50),
        (40, 60),
        (50, 70),
        (60, 80),
    ]
    assert [each.step for each in events.Images("words' accuracy/worst and best")] == [10, 20, 30, 40, 50, 60]
    tensors = PluginAccumulator(str(tmp_path), {"tensors": 0}).Reload()  # what the page itself reads texts with
    assert [each.step for each in tensors.Tensors("words' accuracy/text_summary")] == [10, 20, 30, 40, 50, 60]
    tracker._writer.close()


def test_scalars_are_on_disk_at_once(tmp_path):
    """A kill right after loses nothing that was told before."""
    tracker = TensorBoard(tmp_path)
    tracker.scalars(7, {"loss": 1.0})
    assert [each.step for each in read(tmp_path).Scalars("loss")] == [7]
    tracker.close()


def test_nothing_known_shows_nothing(tmp_path):
    """A store without validation drawings has no accuracy to show, and no pictures is no error."""
    tracker = TensorBoard(tmp_path)
    tracker.per_class(1, LABELS, np.full(3, np.nan))
    tracker.confused(1, LABELS, np.full((3, 3), np.nan))
    tracker.pictures(1, pictures(0, 3, 32), [])
    tracker.close()
    assert not any(read(tmp_path).Tags()[kind] for kind in ("images", "scalars", "tensors", "histograms"))


def test_a_process_that_does_not_write_tells_nobody():
    """All ranks but the first have trackers that do nothing."""
    tracker = trackers(None, 0, "", {})
    tracker.scalars(1, {"loss": 1.0})
    tracker.close("interrupted")


@pytest.mark.parametrize("side", [28, 48, 64, 128, 224])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_contact_sheet_shows_colours_and_greys(channels, side):
    """Channels are red, green and blue together, and grey one by one below; every picture is whole."""
    images = np.ones((9, channels, side, side), np.float32) * np.array([1, 0.4, 0.2], np.float32)[:channels, None, None]
    sheet = contact_sheet(images, ["a name that is far too long for its place on the sheet"] * 9)
    width = COLOURED if channels == 1 else channels * GREY + 2 * (channels - 1)
    middle = (12 + width // 2, 12 + width // 2)
    expected = {1: (255, 255, 255), 2: (255, 102, 0), 3: (255, 102, 51)}[channels]
    assert sheet.getpixel(middle) == expected
    if channels > 1:
        greys = [sheet.getpixel((12 + GREY // 2 + index * (GREY + 2), 12 + width + 2 + GREY // 2)) for index in (0, 1)]
        assert greys == [(255, 255, 255), (102, 102, 102)]
    assert sheet.width == 8 * (width + 12) + 12, "eight side by side, the ninth below"


def test_chart_takes_any_words():
    """Many words or one; names that a formula could be made of."""
    many = accuracy_chart({f"word {index}": index / 99 for index in range(100)})
    assert many.shape[1] > many.shape[0] * 0.9, "worst and best side by side"
    assert accuracy_chart({"$x_1$ ^{": 0.0}).shape[2] == 3


def test_most_confused_are_pairs_of_different_classes():
    """The greatest shares off the diagonal, none of 0, nothing unknown."""
    assert most_confused(CONFUSED, 9) == [(0, 1), (1, 0), (0, 2)]
    assert most_confused(CONFUSED, 1) == [(0, 1)]


def test_flattened_names_are_paths():
    """Nested settings become one level."""
    assert flattened(PARAMS) == {"net": "resnet18", "augmentation.rotation": 10.0}


@pytest.fixture(scope="module")
def mlflow_uri(tmp_path_factory) -> str:
    """A data base in a file; making its tables takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/runs.db"


def test_mlflow_run_is_one_run_over_interruptions(mlflow_uri, tmp_path):
    """Settings, curves, accuracies, pictures, card and log arrive; a resumed run goes on in the same MLflow run."""
    out = tmp_path / "first run"
    out.mkdir()
    (out / "card.md").write_text("# Card")
    tracker = MLflow(out, mlflow_uri, PARAMS)
    tracker.scalars(10, {"loss": 2.5, "validation/top1 (%)": 0.5})
    tracker.close("interrupted")
    run = json.loads((out / MLFLOW).read_text())["run"]
    assert tracker._client.get_run(run).info.status == "KILLED"

    tracker = MLflow(out, mlflow_uri, PARAMS | {"threads": 2})
    assert tracker._client.get_run(run).info.status == "RUNNING"
    tracker.scalars(20, {"loss": 1.5})
    tracker.per_class(20, LABELS, np.array([0.5, 0.25, np.nan]))
    tracker.confused(20, LABELS, CONFUSED)
    tracker.pictures(21, pictures(2, 3, 32), LABELS[:2])
    tracker.close()
    told = tracker._client.get_run(run)
    assert (told.info.run_name, told.info.status) == ("first run", "FINISHED")
    assert told.data.params == {"net": "resnet18", "augmentation.rotation": "10.0"}
    assert [(each.step, each.value) for each in tracker._client.get_metric_history(run, "loss")] == [
        (10, 2.5),
        (20, 1.5),
    ]
    assert told.data.metrics["validation/top1 ___"] == 0.5
    artifacts = Path(told.info.artifact_uri.removeprefix("file://"))
    assert (artifacts / "card.md").read_text() == "# Card"
    assert json.loads((artifacts / "words/0000020.json").read_text()) == {"birthday cake": 0.25, "cake": 0.5}
    with Image.open(artifacts / "pictures/0000021.png") as sheet:
        assert sheet.width > 2 * GREY
    assert not {"mlflow.user", "mlflow.source.name"} & told.data.tags.keys(), "no names taken from the system"


def test_mlflow_run_that_is_gone_is_named(mlflow_uri, tmp_path):
    """A run whose MLflow run is not there is refused in one line."""
    (tmp_path / MLFLOW).write_text('{"run": "0123"}')
    with pytest.raises(ValueError, match="0123"):
        MLflow(tmp_path, mlflow_uri, PARAMS)


@pytest.mark.parametrize("uri", ["./mlruns", "file:///mlruns", "nonsense"])
def test_mlflow_folder_is_refused(uri, tmp_path):
    """MLflow keeps no runs in plain folders any more; the message says what to give instead."""
    with pytest.raises(ValueError, match="sqlite:///"):
        MLflow(tmp_path, uri, PARAMS)


def test_missing_mlflow_says_what_to_install(monkeypatch, tmp_path):
    """Who asks for MLflow without having it is told how to get it."""
    importlib.import_module(
        "mlflow.tracking"
    )  # whole, before a part is taken away: a half import would stay for other tests
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    with pytest.raises(ValueError, match=r"pip install .*mlflow"):
        MLflow(tmp_path, "sqlite:///runs.db", PARAMS)


def test_a_tracker_that_fails_is_told_no_more():
    """One that raises is named once and left out; the others hear everything, and nobody's failure ends a run."""

    class Deaf:
        """Fails at whatever it is told."""

        def scalars(self, *_: object) -> None:
            raise OSError("no space left")

        per_class = confused = pictures = close = scalars

    class Listening(Deaf):
        """Hears scalars and the end."""

        def __init__(self) -> None:
            self.heard: list[object] = []

        def scalars(self, step: int, values: object) -> None:
            self.heard.append(step)

        def close(self, ending: str = "finished") -> None:
            self.heard.append(ending)

    listening = Listening()
    several = tracking.Several([Deaf(), listening])
    with pytest.warns(UserWarning, match="Deaf failed and hears no more of this run: no space left"):
        several.scalars(1, {"loss": 2.0})
    several.scalars(2, {"loss": 1.0})
    several.close("interrupted")
    assert listening.heard == [1, 2, "interrupted"]
