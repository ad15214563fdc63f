"""Two nodes of a cluster, on this machine: the same training and search, whatever becomes of a process."""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from shapes import store_of_shapes
from test_train import TINY

from gribouille.checkpoint import LAST, LOG, load_weights
from gribouille.cluster import (
    Cluster,
    ClusterSearch,
    ClusterTraining,
    pieces_on_cluster,
    search_on_cluster,
    train_on_cluster,
)
from gribouille.course import TrainConfig
from gribouille.formats.records import FormatError
from gribouille.ingest import IngestOptions, ingest
from gribouille.search import SearchConfig, Space, write_report
from gribouille.search.study import finished_trials, load_study
from gribouille.store import Store

MEMORY = 80 * 2**20  # bytes of each node's object store, which holds next to nothing here
# Ray reads these when it is imported and its processes when they start. No dashboard runs, so nobody is told anything.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "300",  # a busy core takes its time
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_worker_niceness": "0",  # by default its processes are so nice that on a busy core they never start
    "OMP_NUM_THREADS": "1",
}
SMALL = replace(TINY, epochs=2, batch=16, per_class=12, save_every=1, validation=8)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, 30 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 30)


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[None]:
    """A Ray cluster of two nodes with one core each, and this process connected to it."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own deprecations and unclosed pipes, as it starts and stops
        for name, value in QUIET.items():
            patch.setenv(name, value)
        import ray
        from ray.cluster_utils import Cluster as Nodes

        head = {"num_cpus": 1, "object_store_memory": MEMORY, "include_dashboard": False}
        nodes = Nodes(initialize_head=True, head_node_args=head)
        try:
            nodes.add_node(num_cpus=1, object_store_memory=MEMORY)
            ray.init(address=nodes.address, logging_level="error", log_to_driver=False)
            yield
        finally:
            ray.shutdown()
            nodes.shutdown()


# One of two processes that train together without Ray, as torchrun would start them.
ALONE = """
import pickle, sys
from pathlib import Path
from gribouille.store import Store
from gribouille.train import train

store, out, config = map(Path, sys.argv[1:])
train(Store.open(store), out, pickle.loads(config.read_bytes()))
"""


def train_by_two(store: Path, out: Path, config: TrainConfig) -> None:
    """Trains with two processes and no Ray."""
    pickled = out.with_suffix(".config")
    pickled.write_bytes(pickle.dumps(config))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    places = [{**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(2)]
    pair = [subprocess.Popen([sys.executable, "-c", ALONE, store, out, pickled], env=place) for place in places]
    assert [process.wait() for process in pair] == [0, 0]


def descendants(of: int, title: str) -> list[int]:
    """The processes below one whose command line begins like this."""
    parents, titles = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            titles[int(stat.parent.name)] = (stat.parent / "cmdline").read_text()
        except OSError:  # it ended meanwhile
            continue
    found = []
    for process in parents:
        above = process
        while above in parents and above != of:
            above = parents[above]
        if above == of and titles.get(process, "").startswith(title):
            found.append(process)
    return found


def kill_one(title: str, when: Path, killed: list[int]) -> None:
    """Kills one process of that title as soon as a file is there."""
    ends = time.monotonic() + 200
    while time.monotonic() < ends:
        if when.exists() and (processes := descendants(os.getpid(), title)):
            os.kill(processes[0], signal.SIGKILL)
            killed.append(processes[0])
            return
        time.sleep(0.02)


def killing(title: str, when: Path) -> tuple[threading.Thread, list[int]]:
    """A thread that kills one process of that title as soon as a file is there, and the list it writes that into."""
    killed: list[int] = []
    thread = threading.Thread(target=kill_one, args=(title, when, killed), daemon=True)
    thread.start()
    return thread, killed


def assert_same_weights(one: Path, other: Path) -> None:
    ours, theirs = (load_weights(run / LAST)[0].state_dict() for run in (one, other))
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.filterwarnings("ignore")  # Ray's own, in this process
def test_a_training_on_two_nodes_survives_a_killed_process(store, two_nodes, tmp_path):
    """One of two processes is killed with SIGKILL in the middle; the run ends with the weights of an undisturbed one.

    Which two processes without Ray make: it is the same function, and the same group.
    """
    train_by_two(store.path, tmp_path / "whole", SMALL)
    config = ClusterTraining(processes=2, failures=2, train=SMALL)
    thread, killed = killing("ray::RayTrainWorker", tmp_path / "killed" / LOG)
    card = train_on_cluster(store, tmp_path / "killed", config)
    thread.join()
    assert killed
    assert card.processes == 2
    assert_same_weights(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.filterwarnings("ignore")  # as above
def test_an_ingest_on_two_nodes_survives_a_killed_process(two_nodes, tmp_path):
    """The process of a piece is killed with SIGKILL in the middle; the store is one machine's, byte for byte."""
    source = tmp_path / "cat.ndjson"
    rows = [
        {"word": "cat", "key_id": key, "drawing": [[[0, 255, key % 256], [key // 256, 7, 255]]]} for key in range(9000)
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in [*rows[:5000], {"word": "cat"}, *rows[5000:], rows[3]]))
    # Small blocks make a piece slow enough to be met in the middle.
    options = IngestOptions(piece_bytes=200_000, block_bytes=300)
    whole = ingest([source], tmp_path / "whole", options)
    thread, killed = killing("ray::_made", tmp_path / ".store.part" / "pieces" / "00001.faults")
    card = ingest([source], tmp_path / "store", options, run=pieces_on_cluster(Cluster()))
    thread.join()
    assert killed
    assert card == whole
    assert sum(card.quarantined.values()) == 2
    for path in (tmp_path / "whole").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "store" / path.relative_to(tmp_path / "whole")).read_bytes()
    with pytest.raises(FormatError, match=r"cat\.ndjson:5001: expected the key 'drawing'"):
        ingest([source], tmp_path / "strict", replace(options, strict=True), run=pieces_on_cluster(Cluster()))
    assert not (tmp_path / ".strict.part").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.filterwarnings("ignore")  # as above
def test_a_search_on_two_nodes_survives_a_killed_trial(store, two_nodes, tmp_path):
    """The process of a trial is killed with SIGKILL; the trial goes on, and all of them stand in the same report as ever."""
    space = Space(widths=(1, 1), sides=(1, 1), lines=(1, 1))
    search = SearchConfig(trials=3, workers=2, classes=3, rows=12, trial_epochs=2, keep=1, space=space, train=SMALL)
    thread, killed = killing("ray::ImplicitFunc", tmp_path / "trials")
    found = search_on_cluster(store, tmp_path, ClusterSearch(search=search))
    thread.join()
    assert killed
    study = load_study(tmp_path)
    assert [trial.number for trial in study.trials] == [0, 1, 2]
    assert found.failed == 0
    assert found.number == finished_trials(study)[0].number
    assert study.trials[0].params == {"rate": SMALL.rate, "strength": 1.0}
    assert load_weights(found.folder)[1].net == SMALL.net
    assert "<svg" in write_report(tmp_path, "en").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore")  # as above
def test_a_missing_cluster_is_named(store, tmp_path, monkeypatch):
    """Without a cluster to join, and without Ray, the error says what to do; nothing is written."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install \"gribouille\[cluster\]\""):
        train_on_cluster(store, tmp_path / "run", ClusterTraining(train=SMALL))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("change", [{"processes": 0}, {"failures": -1}])
def test_a_cluster_that_cannot_be_is_named(change):
    """Numbers out of range are refused by name."""
    with pytest.raises(ValueError, match=next(iter(change))):
        ClusterTraining(**change)
    with pytest.raises(ValueError, match="cores"):
        Cluster(cores=0)
