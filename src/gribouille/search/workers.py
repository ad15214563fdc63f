"""The processes that run a search's trials: a store and a configuration in, a folder of trials and what was found out.

One process leads: it alone holds the study, hands each worker a trial, and answers every validation with "go on" or
"stop". Workers are spawned, so that each has torch, its threads and its GPU for itself. One that dies is replaced,
and its trial goes on from its run folder; when the leader dies, workers stop at their next step.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

import optuna
import torch
from optuna.trial import Trial

from gribouille.course import TrainConfig
from gribouille.search.found import Found, found_in
from gribouille.search.space import SearchConfig
from gribouille.search.study import (
    Standing,
    alone,
    folder_of,
    goes_on,
    next_trial,
    open_study,
    retried,
    standing_of,
    stop,
    thin,
)
from gribouille.search.trial import Drawings, Validated, drawings_of, expect_buildable, run_trial, trial_config
from gribouille.store import AnyStore, View
from gribouille.train import DivergedError, Progress

SPAWN = multiprocessing.get_context("spawn")  # a fork would share torch's threads and the GPU
DYING = 10.0  # s that a process may take to die of itself, so that its exit code is its own


@dataclass(frozen=True)
class Workplace:
    """What a worker has: the drawings to learn from, how many threads (0: torch's own choice), which GPU (None: none)."""

    drawings: Drawings
    threads: int
    gpu: int | None


@dataclass(frozen=True)
class Task:
    """A trial as a worker gets it."""

    folder: Path
    config: TrainConfig


@dataclass(frozen=True)
class Ended:
    """A worker's last word on a trial: its last validation where it came to its end, else the reason."""

    how: Literal["finished", "stopped", "diverged", "refused"]
    last: Validated | None = None
    reason: str = ""


class Stopped(Exception):  # noqa: N818 - a decision, no error
    """The leader's word that a trial is not worth going on with."""


def search(
    store: AnyStore, out: Path, config: SearchConfig, report: Callable[[Standing], None] = lambda standing: None
) -> Found:
    """Search around a configuration, or go on with the search in `out`; what was found.

    `report` is called whenever something changed. Raises ValueError where the store or the net cannot be searched
    with, where `out` holds another search, and where no trial came to its end.
    """
    drawings = drawings_of(store, config)
    expect_buildable(config, drawings)
    with alone(out), _crew(config, drawings) as crew:
        study = open_study(out, config, drawings)
        while busy := _employ(crew, study, out, config):
            report(standing_of(study, config))
            for pipe in wait(list(busy)):
                _heed(busy[pipe], config)
            thin(out, study, config.keep)
        report(standing_of(study, config))
        return found_in(out)


class Worker:
    """A worker process, the pipe to it, and the trial that it runs, if any."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self.process: BaseProcess | None = None
        self.pipe: Connection
        self.trial: Trial | None = None

    def run(self, trial: Trial, task: Task) -> None:
        """Hand it a trial; a process is started where there is none."""
        if self.process is None:
            self.pipe, end = SPAWN.Pipe()
            self.process = SPAWN.Process(
                target=_work, args=(self.workplace, end), name="gribouille worker", daemon=True
            )
            self.process.start()
            end.close()  # the process holds the only other end: when it dies, this one says so
        self.trial = trial
        self.tell(task)

    def tell(self, word: Task | bool) -> None:
        """A task, or whether its trial goes on."""
        try:
            self.pipe.send(word)
        except BrokenPipeError:
            return  # it has died, which `hear` is going to find

    def hear(self) -> Validated | Ended | None:
        """What it says next; None where it died."""
        try:
            said: Validated | Ended = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return said

    def leave(self, patience: float = 0.0) -> int | None:
        """Send it home, after `patience` seconds whatever it does; the exit code of its process, None where it has none."""
        process, self.process, self.trial = self.process, None, None
        if process is None:
            return None
        process.join(patience)
        process.kill()
        process.join()
        self.pipe.close()
        return process.exitcode


@contextmanager
def _crew(config: SearchConfig, drawings: Drawings) -> Iterator[list[Worker]]:
    """The workers of a search, without a process as yet; all are sent home in the end."""
    gpus = torch.cuda.device_count() if config.train.device == "cuda" else 0
    threads = 0 if config.workers == 1 else max(1, _cores() // config.workers)
    places = [Workplace(drawings, threads, index % gpus if gpus else None) for index in range(config.workers)]
    crew = [Worker(place) for place in places]
    try:
        yield crew
    finally:
        for worker in crew:
            worker.leave()


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _employ(crew: list[Worker], study: optuna.Study, out: Path, config: SearchConfig) -> dict[Any, Worker]:
    """Give every idle worker a trial as long as there are any; the busy ones by their pipes."""
    for worker in crew:
        if worker.trial is None and (trial := next_trial(study, config)) is not None:
            worker.run(trial, Task(folder_of(out, trial.number), trial_config(config, trial.params)))
    return {worker.pipe: worker for worker in crew if worker.trial is not None}


def _heed(worker: Worker, config: SearchConfig) -> None:
    """Act on what a worker says. Raises ValueError where it says that the trial's configuration cannot be."""
    said, trial = worker.hear(), worker.trial
    assert trial is not None
    if isinstance(said, Validated):
        worker.tell(goes_on(trial, said, config))
    elif isinstance(said, Ended):
        worker.trial = None
        _end(trial, said, config)
    else:
        retried(trial, f"its process ended with exit code {worker.leave(DYING)}", config)


def _end(trial: Trial, ended: Ended, config: SearchConfig) -> None:
    if ended.how == "refused":
        raise ValueError(f"trial {trial.number}: {ended.reason}")
    if ended.last is None:
        stop(trial, ended.reason)
    else:
        goes_on(trial, ended.last, config)
        trial.study.tell(trial.number, ended.last.score)


def _work(workplace: Workplace, pipe: Connection) -> None:
    """A worker's life: trials until the leader is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the leader, who sends its workers home
    if workplace.threads:
        torch.set_num_threads(workplace.threads)
    if workplace.gpu is not None:
        torch.cuda.set_device(workplace.gpu)
    view = workplace.drawings.open()
    try:
        while True:
            task: Task = pipe.recv()
            pipe.send(_outcome(view, task, pipe))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the leader is gone


def _outcome(view: View, task: Task, pipe: Connection) -> Ended:
    leader = os.getppid()

    def heed(progress: Progress, validated: Validated | None) -> None:
        if os.getppid() != leader:
            raise EOFError("the leader is gone")
        if validated is not None:
            pipe.send(validated)
            if not pipe.recv():
                raise Stopped

    try:
        return Ended("finished", run_trial(view, task.folder, task.config, heed))
    except Stopped:
        return Ended("stopped")
    except DivergedError as error:
        return Ended("diverged", reason=str(error))
    except ValueError as error:
        return Ended("refused", reason=str(error))
