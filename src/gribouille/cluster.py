"""Ingesting, training and searching on several machines, with Ray: the same files and folders out as on one machine.

Every machine sees the store and the folder (and sources that are files) under the same paths, on a shared file system,
and has Gribouille installed. When a process dies, Ray starts it again and it goes on from the run folder, as an
interrupted run on one machine does: nothing here keeps any state of its own that matters. Ray is imported when it is
used; `gribouille[cluster]` brings it.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from gribouille.checkpoint import LAST, Card, load_weights
from gribouille.course import TrainConfig
from gribouille.ingest import Count, Run
from gribouille.ingest.piece import Note, make_piece
from gribouille.ingest.plan import Plan
from gribouille.search.found import Found, found_in
from gribouille.search.space import SearchConfig, base_values, distributions
from gribouille.search.study import TRIALS, Tried, alone, folder_of, record, sampler_of, thin
from gribouille.search.trial import Drawings, Validated, drawings_of, expect_buildable, run_trial, trial_config
from gribouille.store import AnyStore, open_selected
from gribouille.train import DivergedError, Progress, Reporting, train

RAY = "ray"  # folder of what Ray itself writes down, inside a run's or search's folder
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TRAIN_METRICS_ENABLED": "0"}  # reports to nobody


@dataclass(frozen=True)
class Cluster:
    """Where to run.

    `address` of a Ray cluster ("auto": the one that this machine belongs to; "local": a new one, this machine alone), and `cores`
    for each process; with `device cuda` each gets a GPU.
    """

    address: str = "auto"
    cores: int = 1

    def __post_init__(self) -> None:
        if self.cores < 1:
            raise ValueError(f"cores: expected at least 1, found {self.cores}")


@dataclass(frozen=True)
class ClusterTraining:
    """How to train on a cluster.

    `processes` share every batch; when one dies, all start again where the run was last saved, at most `failures` times.
    """

    processes: int = 2
    failures: int = 3
    cluster: Cluster = field(default_factory=Cluster)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise ValueError(f"processes: expected at least 1, found {self.processes}")
        if self.failures < 0:
            raise ValueError(f"failures: expected at least 0, found {self.failures}")


@dataclass(frozen=True)
class ClusterSearch:
    """How to search on a cluster: as on one machine, but its `workers` are spread over the nodes."""

    cluster: Cluster = field(default_factory=Cluster)
    search: SearchConfig = field(default_factory=SearchConfig)


def pieces_on_cluster(cluster: Cluster) -> Run:
    """Makes the pieces of an ingest on the nodes of a cluster, one a task; what `ingest` is given to run.

    A task whose process or node dies is started again by Ray, elsewhere if need be, and makes its piece from the start. Of
    several pieces that fail, the first one's error is raised, as on one machine.
    """

    def run(plan: Plan, numbers: Sequence[int], folder: Path, count: Count) -> None:
        with _connected(cluster):
            import ray

            make = ray.remote(num_cpus=cluster.cores, max_retries=-1)(_made)
            given = ray.put(plan)
            waiting = {make.remote(given, number, folder.resolve()): number for number in numbers}
            failed: tuple[int, Exception] | None = None
            try:
                while waiting:
                    (task,), _ = ray.wait(list(waiting), num_returns=1)
                    number = waiting.pop(task)
                    try:
                        note: Note = ray.get(task)
                    except ray.exceptions.TaskCancelledError:
                        continue
                    except ray.exceptions.RayTaskError as error:
                        if failed is None or number < failed[0]:
                            failed = number, error.cause if isinstance(error.cause, Exception) else error
                        for later in [each for each, place in waiting.items() if place > number]:
                            ray.cancel(later)
                    else:
                        count.step(note.bytes, note.rows)
            finally:  # an interruption: nothing may write there any more when the folder is given back
                for task in waiting:
                    ray.cancel(task, force=True)
                if waiting:
                    ray.wait(list(waiting), num_returns=len(waiting))
            if failed is not None:
                raise failed[1]

    return run


def train_on_cluster(store: AnyStore, out: Path, config: ClusterTraining) -> Card:
    """Train on several nodes, or go on with the run in `out`; the card of its last weights.

    Raises ValueError where Ray or its cluster is missing, or the training fails more often than `config` allows.
    """
    place = {"store": store.path.resolve(), "selection": store.selection}
    with _connected(config.cluster):
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer

        on_gpu = config.train.device == "cuda"
        trainer = TorchTrainer(
            _learn,
            train_loop_config={**place, "out": out.resolve(), "config": config.train},
            torch_config=TorchConfig(backend="nccl" if on_gpu else "gloo"),
            scaling_config=ScalingConfig(
                num_workers=config.processes,
                use_gpu=on_gpu,
                resources_per_worker={"CPU": config.cluster.cores, **({"GPU": 1} if on_gpu else {})},
                placement_strategy="SPREAD",
            ),
            run_config=RunConfig(
                name=RAY,
                storage_path=str(out.resolve()),
                failure_config=FailureConfig(max_failures=config.failures),
            ),
        )
        try:
            trainer.fit()
        except RuntimeError as error:  # Ray's TrainingFailedError
            raise ValueError(
                f"{out}: the training failed more than {config.failures} times: {_reason(error)}"
            ) from error
    shutil.rmtree(out / RAY, ignore_errors=True)
    return load_weights(out / LAST)[1]


def search_on_cluster(store: AnyStore, out: Path, config: ClusterSearch) -> Found:
    """Search on several nodes, or go on with the search in `out`; what was found, as `search` does on one machine.

    Ray Tune asks the same sampler over the same space and stops trials by asynchronous successive halving (the base
    configuration too); a trial whose process died goes on from its run folder. Raises ValueError as `search` does,
    and where Ray is missing.
    """
    search = config.search
    drawings = drawings_of(store, search)
    expect_buildable(search, drawings)
    with alone(out), _connected(config.cluster):
        record(out, search, drawings, [])
        results = _tuner(out, config, drawings).fit()
        tried = sorted((_tried(out, result) for result in results), key=lambda one: one.number)
        study = record(out, search, drawings, tried)
        thin(out, study, search.keep)
        return found_in(out)


def _made(plan: Plan, number: int, folder: Path) -> Note:
    """What a task of an ingest does, on whatever node it runs."""
    return make_piece(plan, number, folder)


def _learn(task: dict[str, Any]) -> None:
    """What each process of a training does: the process group is there already, and `train` finds it."""
    from ray.train import report

    heard = 0

    def tell(progress: Progress) -> None:
        nonlocal heard
        if progress.validation and progress.epoch > heard:
            heard = progress.epoch
            report({"epoch": progress.epoch, "map3": progress.validation["map3"]})

    store = open_selected(task["store"], *task["selection"])
    train(store, task["out"], task["config"], reporting=Reporting(tell))


def _tuner(out: Path, config: ClusterSearch, drawings: Drawings) -> Any:
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    search, aim = config.search, {"metric": "map3", "mode": "max"}
    resources = {"cpu": config.cluster.cores, "gpu": 1 if search.train.device == "cuda" else 0}
    task = {"out": out.resolve(), "search": search, "drawings": drawings}
    trainable = tune.with_resources(tune.with_parameters(_try, task=task), resources)
    if tune.Tuner.can_restore(str(out.resolve() / RAY)):
        return tune.Tuner.restore(str(out.resolve() / RAY), trainable, resume_unfinished=True, resume_errored=True)
    sampler = sampler_of(search, 0)
    asked = OptunaSearch(
        space=dict(distributions(search)), points_to_evaluate=[base_values(search)], sampler=sampler, **aim
    )
    rungs = {"max_t": search.trial_epochs, "grace_period": search.first_rung, "reduction_factor": search.reduction}
    halving = ASHAScheduler("epoch", **rungs, **aim)
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            num_samples=search.trials,
            max_concurrent_trials=search.workers,
            search_alg=asked,
            scheduler=halving,
            trial_dirname_creator=_folder_name,
        ),
        run_config=tune.RunConfig(
            name=RAY,
            storage_path=str(out.resolve()),
            failure_config=tune.FailureConfig(max_failures=search.retries),
            verbose=0,
        ),
    )


def _try(values: dict[str, float], task: dict[str, Any]) -> None:
    """One trial, on whatever node it runs."""
    from ray import tune

    search: SearchConfig = task["search"]
    folder = task["out"] / TRIALS / tune.get_context().get_trial_id()

    def heed(progress: Progress, validated: Validated | None) -> None:
        # At the last epoch the trial's end is told instead; a targeted trial may have more epochs than it was given.
        if validated is not None and validated.epoch < search.trial_epochs:
            tune.report({"epoch": validated.epoch, "map3": validated.score, "ended": False})

    view = task["drawings"].open()
    try:
        last = run_trial(view, folder, trial_config(search, values), heed)
    except DivergedError as error:
        tune.report({"epoch": search.trial_epochs, "map3": 0.0, "ended": False, "reason": str(error)})
    else:
        tune.report({"epoch": search.trial_epochs, "map3": last.score, "ended": True})


def _tried(out: Path, result: Any) -> Tried:
    """A trial as Ray Tune remembers it; its run folder gets its number for a name, as one machine would have given it."""
    count, _, trial_id = Path(result.path).name.partition("_")
    number, folder = int(count) - 1, out / TRIALS / trial_id
    if folder.is_dir():
        folder.rename(folder_of(out, number))
    metrics = result.metrics or {}
    failed = str(result.error).strip().splitlines()[-1:] if result.error else []
    reason = failed[0] if failed else metrics.get("reason", "")
    return Tried(number, dict(result.config), metrics.get("ended", False), bool(failed), reason)


def _folder_name(trial: Any) -> str:
    """How Tune's own folder of a trial is called: its count, from 1 on (which begins its tag), and Tune's name for it."""
    count = str(trial.experiment_tag).partition("_")[0]
    return f"{count}_{trial.trial_id}"


def _reason(error: BaseException) -> str:
    """What Ray says is the exception of the first process that raised one, or its last line."""
    lines = [line for line in str(error).splitlines() if line.strip()] or ["no reason given"]
    return next((line for line in lines if "Error" in line and not line.startswith(" ")), lines[-1])


@contextmanager
def _connected(cluster: Cluster) -> Iterator[None]:
    """While it lasts, Ray is connected; a connection that was there before stays."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    ray = _ray()
    if ray.is_initialized():
        yield
        return
    local = cluster.address == "local"
    try:
        ray.init(address=cluster.address, logging_level="warning", **({"include_dashboard": False} if local else {}))
    except ConnectionError as error:
        raise ValueError(f"address: expected a Ray cluster at {cluster.address!r}, found none ({error})") from error
    try:
        yield
    finally:
        ray.shutdown()


def _ray() -> ModuleType:
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ValueError('expected Ray, found it not installed: pip install "gribouille[cluster]"') from error
    module: ModuleType = ray
    return module
