"""A search goes on where it was killed, stops what is worse, and its report and command line say what it found."""

import os
import pickle
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState
from shapes import store_of_shapes
from test_train import TINY

import gribouille
from gribouille.augment import Augmentation
from gribouille.checkpoint import load_weights
from gribouille.course import TrainConfig
from gribouille.options import run_with_options
from gribouille.search import SearchConfig, Space, found_in, search, write_report
from gribouille.search.space import base_values, command_of, configured, distributions, strengthened
from gribouille.search.study import (
    alone,
    finished_trials,
    folder_of,
    goes_on,
    load_study,
    next_trial,
    open_study,
    retried,
    stop,
    thin,
)
from gribouille.search.texts import TEXTS
from gribouille.search.trial import Drawings, Validated, drawings_of
from gribouille.store import Store

DRAWINGS = Drawings(Path("/somewhere/store"), (), ("cat", "<dog>"), 20, 40, 300, "0123456789abcdef")
# Nothing but the learning rate and the augmentation: the test net has one width.
SMALL = SearchConfig(
    trials=4,
    classes=3,
    rows=16,
    trial_epochs=2,
    first_rung=1,
    keep=1,
    space=Space(widths=(1, 1), sides=(1, 1), lines=(1, 1)),
    train=replace(TINY, validation=12, save_every=1),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, 40 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 40)


def validated(epoch: int, score: float) -> Validated:
    """A validation with this MAP@3."""
    return Validated(epoch, {"n": 300, "top1": score / 2, "map3": score})


def pretend(out: Path, config: SearchConfig, until: int) -> optuna.Study:
    """The study in `out`, gone on with until so many trials have ended; scores are a formula of the values."""
    out.mkdir(exist_ok=True)
    study = open_study(out, config, DRAWINGS)
    while sum(trial.state.is_finished() for trial in study.trials) < until:
        trial = next_trial(study, config)
        if trial is None:
            break
        peak = 0.8 - 0.1 * abs(np.log(trial.params["rate"] / 4e-3)) - 0.05 * trial.params["strength"]
        for epoch in range(1, config.trial_epochs + 1):
            now = validated(epoch, float(max(0.01, peak) * epoch / config.trial_epochs))
            if not goes_on(trial, now, config):
                stop(trial, "")
                break
        else:
            study.tell(trial.number, now.score)
    return study


def values_of(study: optuna.Study) -> list[dict]:
    return [trial.params for trial in study.trials]


# ---------------------------------------------------------------- where it looks


def test_the_base_is_the_first_trial_and_inside_every_range():
    """What is searched lies around the base configuration, whose values trial 0 gets exactly."""
    config = SearchConfig(space=Space(decays=(0.1, 10), smoothings=(0, 2)))
    searched, base = distributions(config), base_values(config)
    assert list(searched) == ["rate", "strength", "width", "side", "line", "decay", "smoothing"]
    for name, values in searched.items():
        assert values._contains(values.to_internal_repr(base[name])), name
    assert configured(config.train, base) == config.train


@pytest.mark.parametrize(
    ("factors", "side", "expected"),
    [((0.75, 1.25), 64, (48, 80)), ((0.5, 1.0), 64, (32, 64)), ((0.1, 1.1), 64, (32, 64)), ((0.9, 8), 64, (64, 256))],
)
def test_sides_are_steps_of_8_px_from_the_base_within_what_a_picture_may_be(factors, side, expected):
    """Sides go towards the factors in steps of 8 px and not past them, nor below 28 or above 256 px."""
    config = SearchConfig(space=Space(sides=factors), train=TrainConfig(side=side))
    values = distributions(config).get("side")
    assert (values.low, values.high, values.step) == (*expected, 8)


def test_factors_of_one_are_not_searched():
    """A pair of ones leaves the base's value alone."""
    assert list(distributions(SMALL)) == ["rate", "strength"]


@pytest.mark.parametrize("name", ["rates", "strengths", "widths", "sides", "lines", "decays", "smoothings"])
def test_factors_that_leave_out_the_base_are_refused(name):
    """The base must lie in every range, or there would be nothing to judge the others against."""
    with pytest.raises(ValueError, match=f"{name}: expected a factor from 0 to 1 and one of at least 1, found 2 3"):
        Space(**{name: (2.0, 3.0)})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"trials": 0}, "trials"),
        ({"workers": 0}, "workers"),
        ({"reduction": 1}, "reduction"),
        ({"classes": 1}, "classes"),
        ({"keep": 0}, "keep"),
        ({"space": Space(smoothings=(0, 20))}, "smoothing"),
        ({"space": Space(decays=(0.1, 10)), "train": TrainConfig(decay=0)}, "decay"),
        ({"train": TrainConfig(net="resnet18*half")}, "net"),
        ({"space": Space(**{each.name: (1.0, 1.0) for each in fields(Space)})}, "space"),
    ],
)
def test_a_search_that_cannot_be_is_named(change, named):
    """A configuration that cannot be searched is refused by the name of what is wrong, before anything runs."""
    with pytest.raises(ValueError, match=named):
        SearchConfig(**change)


def test_widths_are_part_of_the_nets_name():
    """A width goes behind the net's name; the base's own is where it starts from."""
    halved = TrainConfig(net="resnet18*0.5")
    assert base_values(SearchConfig(train=halved))["width"] == 0.5
    assert configured(halved, {"width": 0.375}).net == "resnet18*0.375"
    assert configured(halved, {"width": 1.0}).net == "resnet18"


def test_one_factor_strengthens_the_whole_augmentation():
    """Amounts are multiplied; probabilities stay ones, and mirroring never becomes the rule."""
    augmentation = Augmentation(rotation=10, cut=0.6, mirror=0.4, shortest=0.2)
    twice = strengthened(augmentation, 2)
    assert (twice.rotation, twice.cut, twice.mirror, twice.shortest) == (20, 1, 0.5, 0.2)
    none = strengthened(augmentation, 0)
    assert (none.rotation, none.stretch, none.shear, none.jitter, none.mirror, none.cut) == (0, 0, 0, 0, 0, 0)
    assert strengthened(augmentation, 1) == augmentation


@given(
    st.fixed_dictionaries(
        {
            "rate": st.floats(2.5e-4, 1.6e-2),
            "strength": st.floats(0, 2),
            "width": st.sampled_from([0.5, 0.75, 1.0]),
            "side": st.sampled_from([48, 56, 64, 72, 80]),
            "line": st.floats(1 / 64, 1 / 16),
        }
    )
)
def test_the_command_line_is_the_configuration(values):
    """The command that a search recommends, parsed as the command line is, gives exactly the trial's configuration."""
    config = configured(TrainConfig(net="resnet10t", epochs=3, deterministic=True), values)
    program, command, store, *options = shlex.split(command_of(Path("a store"), (), Path("RUN"), config))
    assert (program, command, store, *options[:2]) == ("gribouille", "train", "a store", "--out", "RUN")
    parsed = []
    with pytest.raises(SystemExit, match="0"):
        run_with_options(lambda config: parsed.append(config), TrainConfig, options[2:], "train")
    assert parsed == [config]


def test_every_setting_is_an_option_of_the_command_line():
    """Bounds are given as two numbers, lowest and highest; the base configuration's options stand beside the search's."""
    parsed = []
    arguments = ["--trials", "5", "--rates", "0.5", "2", "--sides", "1", "1", "--net", "resnet10t", "--cut", "0.1"]
    with pytest.raises(SystemExit, match="0"):
        run_with_options(lambda config: parsed.append(config), SearchConfig, arguments, "search")
    train = TrainConfig(net="resnet10t", augmentation=Augmentation(cut=0.1))
    assert parsed == [SearchConfig(trials=5, space=Space(rates=(0.5, 2), sides=(1, 1)), train=train)]


# ---------------------------------------------------------------- what it remembers


def test_an_interrupted_search_tries_the_same(tmp_path):
    """Stopped after 5 of 11 trials, with one under way, it goes on as if nothing had been: same values, same ends."""
    config = replace(SMALL, trials=11, trial_epochs=3)
    whole = pretend(tmp_path / "whole", config, 11)
    pretend(tmp_path / "halves", config, 5)
    under_way = next_trial(load_study(tmp_path / "halves"), config)
    assert under_way.number == 5
    halves = pretend(tmp_path / "halves", config, 11)
    assert values_of(halves) == values_of(whole)
    assert [trial.state for trial in halves.trials] == [trial.state for trial in whole.trials]
    assert (
        values_of(pretend(tmp_path / "other", replace(config, trials=2, train=replace(TINY, seed=1)), 2))
        != values_of(whole)[:2]
    )


def test_more_trials_may_be_asked_for(tmp_path):
    """A finished search goes on when more trials are wanted, and does nothing when they are not."""
    pretend(tmp_path, SMALL, 4)
    assert next_trial(load_study(tmp_path), SMALL) is None
    assert len(pretend(tmp_path, replace(SMALL, trials=6, workers=3), 6).trials) == 6


def test_another_search_is_not_gone_on_with(tmp_path):
    """A folder with a search of another configuration, or on other drawings, is refused, and the difference named."""
    pretend(tmp_path, SMALL, 1)
    with pytest.raises(ValueError, match=r"found batch 16 \(now 8\)"):
        open_study(tmp_path, replace(SMALL, train=replace(TINY, validation=12, save_every=1, batch=8)), DRAWINGS)
    with pytest.raises(ValueError, match="same drawings"):
        open_study(tmp_path, SMALL, replace(DRAWINGS, hash="another"))


def test_two_searches_do_not_share_a_folder(tmp_path):
    """The second is told that there is a first; when that is over, it may."""
    with alone(tmp_path), pytest.raises(ValueError, match="found another search at it"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_worse_trials_are_stopped_and_the_base_never(tmp_path):
    """Successive halving: about a third goes on past each rung; the base configuration always reaches its end."""
    config = replace(SMALL, trials=12, trial_epochs=9, space=replace(SMALL.space, rates=(0.001, 1)))
    study = pretend(tmp_path, config, 24)
    ends = [max(trial.intermediate_values) for trial in study.trials]
    assert ends[0] == 9
    assert set(ends) <= {1, 3, 9}
    assert ends.count(1) >= 6
    at_once = [trial.intermediate_values[1] for trial in study.trials if max(trial.intermediate_values) == 1]
    assert max(at_once) <= finished_trials(study)[0].intermediate_values[1]


def test_a_validation_that_comes_twice_counts_once(tmp_path):
    """A resumed run tells its last validation again."""
    study = open_study(tmp_path, SMALL, DRAWINGS)
    trial = next_trial(study, SMALL)
    assert goes_on(trial, validated(1, 0.5), SMALL)
    assert goes_on(trial, validated(1, 0.5), SMALL)
    assert study.trials[0].intermediate_values == {1: 0.5}


def test_a_trial_whose_process_dies_again_and_again_has_failed(tmp_path):
    """It waits again under its number as often as is allowed; then the search goes on without it."""
    config = replace(SMALL, retries=1)
    study = open_study(tmp_path, config, DRAWINGS)
    first = next_trial(study, config)
    assert retried(first, "killed", config)
    again = next_trial(study, config)
    assert (again.number, again.params) == (0, first.params)
    assert not retried(again, "killed", config)
    assert study.trials[0].state == TrialState.FAIL
    assert next_trial(study, config).number == 1


def test_only_the_best_keep_their_weights(tmp_path):
    """Of ended trials the logs stay, and the weights of the best; a trial under way keeps everything."""
    config = replace(SMALL, trials=6, trial_epochs=1, keep=2)
    study = pretend(tmp_path, config, 5)
    under_way = next_trial(study, config)
    for trial in study.trials:
        folder = folder_of(tmp_path, trial.number)
        (folder / "tensorboard").mkdir(parents=True)
        for name in ("best.safetensors", "card.md", "state.pt", "log.jsonl", "tensorboard/events"):
            (folder / name).write_text("")
    thin(tmp_path, study, config.keep)
    best = {trial.number for trial in finished_trials(study)[:2]}
    for trial in study.trials:
        left = {path.name for path in folder_of(tmp_path, trial.number).iterdir()}
        if trial.number == under_way.number:
            assert left == {"best.safetensors", "card.md", "state.pt", "log.jsonl", "tensorboard"}
        else:
            assert left == {"log.jsonl"} | ({"best.safetensors", "card.md"} if trial.number in best else set())


# ---------------------------------------------------------------- on which drawings


def test_words_are_drawn_by_the_seed_among_those_that_can_be_judged(store):
    """The same words and drawings at every call; another seed draws others; more than there are is refused."""
    one, two = drawings_of(store, SMALL), drawings_of(store, SMALL)
    assert one == two
    assert len(one.labels) == 3
    assert one.training <= 3 * 16
    others = {drawings_of(store, replace(SMALL, train=replace(TINY, seed=seed))).labels for seed in range(6)}
    assert len(others) > 1
    with pytest.raises(ValueError, match="expected 5 words"):
        drawings_of(store, replace(SMALL, classes=5))


# ---------------------------------------------------------------- processes

LEADER = """
if __name__ == "__main__":
    import pathlib, pickle, sys
    from gribouille.search import search
    from gribouille.store import Store

    store, out, config = sys.argv[1:]
    search(Store.open(store), pathlib.Path(out), pickle.loads(pathlib.Path(config).read_bytes()))
"""


def children_of(parent: int) -> list[int]:
    """The worker processes of a search, without multiprocessing's own."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            line = status.read_text()
            command = (status.parent / "cmdline").read_text()
        except OSError:  # it ended meanwhile
            continue
        if int(line.rpartition(")")[2].split()[1]) == parent and "spawn_main" in command:
            found.append(int(status.parent.name))
    return found


def wait_until(condition, seconds: float = 120) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it takes too long"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
def test_a_search_stands_the_death_of_workers_and_of_its_leader(store, tmp_path):
    """A worker killed in the middle is replaced; a search killed altogether goes on and ends with every trial once."""
    out, script, config = tmp_path / "search", tmp_path / "leader.py", tmp_path / "config"
    script.write_text(LEADER)
    config.write_bytes(pickle.dumps(replace(SMALL, workers=2)))
    paths = os.pathsep.join([str(Path(gribouille.__file__).parents[1]), *sys.path])
    leader = subprocess.Popen(
        [sys.executable, script, store.path, out, config], env={**os.environ, "PYTHONPATH": paths}
    )
    try:
        wait_until(lambda: any(out.glob("trials/*/state.pt")))
        first = children_of(leader.pid)
        os.kill(first[0], signal.SIGKILL)
        wait_until(lambda: len({*children_of(leader.pid)} - {*first}) == 1)
        orphans = children_of(leader.pid)
    finally:
        leader.kill()
        leader.wait()
    wait_until(lambda: not any(Path(f"/proc/{orphan}").exists() for orphan in orphans))
    found = search(store, out, SMALL)
    study = load_study(out)
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3]
    assert all(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in study.trials)
    assert found.finished + found.stopped == 4
    assert found.score == study.trials[found.number].value
    assert found == found_in(out)
    assert load_weights(found.folder)[1].config["rate"] == pytest.approx(found.values["rate"], rel=1e-3)
    assert len([*out.glob("trials/*/best.safetensors")]) == 1


# ---------------------------------------------------------------- the report


class Reader(HTMLParser):
    """The parts of a page: its text, its tags, and every address that it names."""

    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        """Notes the tag and its addresses."""
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href") or name.endswith(":href")]

    def handle_data(self, data):
        """Notes the text."""
        self.text.append(data)


@pytest.fixture(scope="module")
def searched(tmp_path_factory) -> Path:
    """The folder of a finished search over everything that is searched by default."""
    out = tmp_path_factory.mktemp("searched")
    pretend(out, SearchConfig(trials=9, train=TrainConfig(net="resnet10t")), 9)
    return out


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_is_one_file_with_everything(searched, language):
    """All plots, the table and the command line in one page that names no other file, in the language asked for."""
    page = write_report(searched, language)
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    text = " ".join("".join(reader.text).split())
    assert reader.tags.count("svg") == 5
    assert all(address.startswith("#") for address in reader.addresses)
    assert "url(http" not in page.read_text(encoding="utf-8")
    for name in ("title", "history", "learning", "parallel", "slices", "importance", "about", "rate", "line"):
        assert TEXTS[language][name] in text, name
    assert found_in(searched).command in text
    assert "<dog>" in text  # a word is text, whatever is in it
    assert page.stat().st_size < 300_000


def test_the_report_of_a_search_that_has_just_begun(tmp_path):
    """Before the first trial has ended there is a page already, which says so."""
    open_study(tmp_path, SMALL, DRAWINGS)
    assert TEXTS["en"]["none"] in write_report(tmp_path, "en").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="found none"):
        found_in(tmp_path)


def test_the_report_says_why_trials_failed(tmp_path):
    """Reasons are told, of trials that diverged and of those whose process died for good."""
    study = open_study(tmp_path, SMALL, DRAWINGS)
    stop(next_trial(study, SMALL), "step 3: the loss is nan")
    assert not retried(next_trial(study, SMALL), "exit code -9", replace(SMALL, retries=0))
    page = write_report(tmp_path, "en").read_text(encoding="utf-8")
    assert re.search("0: step 3: the loss is nan.*1: exit code -9", page)


def test_languages_say_the_same():
    """Both languages have every text, with the same places for numbers."""
    places = {
        language: {name: sorted(re.findall(r"{\w+}", text)) for name, text in texts.items()}
        for language, texts in TEXTS.items()
    }
    assert places["en"] == places["fr"]


def test_a_folder_without_a_search_is_named(tmp_path):
    """A report of nothing is refused, and nothing is made."""
    with pytest.raises(ValueError, match="expected the folder of a search"):
        write_report(tmp_path, "en")
    assert not [*tmp_path.iterdir()]
