"""What a search remembers, and how it decides: an Optuna study in one SQLite file of the search's folder.

One process alone writes it (`alone`), so that a trial that is "running" when a search starts is one whose process was
killed: it waits again, under its number and with its values, and its run goes on from its folder. SQLite, because a
process may be killed at any moment: three workers killed with SIGKILL 30 times in 25 s finished 132 trials with it,
and 20 with Optuna's journal file, whose lock outlives its holder (Optuna 5.0, one core). What comes next is drawn
from (seed, number of the trial) and what was tried before, so that an interrupted search of one worker tries the same
as an unbroken one.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from gribouille.checkpoint import CARD, LOG, current_commit
from gribouille.search.space import SearchConfig, base_values, distributions
from gribouille.search.trial import Drawings, Validated, validations_of

DATABASE, LOCK, TRIALS = "search.db", "search.lock", "trials"
NAME = "search"
STARTUP = 8  # trials at random values before the sampler believes what it saw
OPEN = {"trials", "workers", "keep", "retries", "threads"}  # may change when a search goes on
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True)
class Standing:
    """Where a search stands: trials that ended, of how many, and the best MAP@3 so far (None before the first)."""

    ended: int
    trials: int
    best: float | None


@dataclass(frozen=True)
class Tried:
    """A trial that ran elsewhere: its number and values, whether it came to its end, or failed, and why if it did not."""

    number: int
    values: dict[str, float]
    ended: bool
    failed: bool
    reason: str


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """While it lasts no other process searches in this folder. Raises ValueError where one does already.

    The lock is SQLite's, which the system lets go of when its holder is killed.
    """
    out.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(out / LOCK, timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise ValueError(f"{out}: expected to search here alone, found another search at it ({error})") from error
        yield


def open_study(out: Path, config: SearchConfig, drawings: Drawings) -> optuna.Study:
    """The study of a new search, whose first trial is the base configuration, or of the one in `out`, to go on with.

    Raises ValueError where `out` holds a search of another configuration, on other drawings, or of a cluster.
    """
    study = _described(out, config, drawings, "this machine")
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(base_values(config))
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        put_back(study, trial)
    return study


def record(out: Path, config: SearchConfig, drawings: Drawings, tried: list[Tried]) -> optuna.Study:
    """The study of a search that ran elsewhere, with these trials in it and no others; validations are read from their logs.

    Raises ValueError as `open_study` does.
    """
    study = _described(out, config, drawings, "a cluster")
    if study.get_trials(deepcopy=False):
        optuna.delete_study(study_name=NAME, storage=study._storage)
        study = _described(out, config, drawings, "a cluster")
    for one in tried:
        study.add_trial(_frozen(one, config, validations_of(folder_of(out, one.number))))
    return study


def _frozen(one: Tried, config: SearchConfig, validations: list[Validated]) -> FrozenTrial:
    """A trial as the study keeps it."""
    finished = one.ended and bool(validations)
    state = TrialState.FAIL if one.failed else TrialState.COMPLETE if finished else TrialState.PRUNED
    last = validations[-1].validation if validations else {}
    facts = {name: last[name] for name in ("n", "top1") if name in last} | (
        {"reason": one.reason} if one.reason else {}
    )
    return optuna.trial.create_trial(
        state=state,
        value=validations[-1].score if state == TrialState.COMPLETE else None,
        params=one.values,
        distributions=dict(distributions(config)),
        intermediate_values={each.epoch: each.score for each in validations},
        user_attrs=facts,
    )


def _described(out: Path, config: SearchConfig, drawings: Drawings, where: str) -> optuna.Study:
    """The study in `out`, made where there is none, which says what is searched, and runs where it did before."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.SuccessiveHalvingPruner(config.first_rung, config.reduction)
    study = optuna.create_study(
        storage=_storage(out), study_name=NAME, direction="maximize", pruner=pruner, load_if_exists=True
    )
    now = {"config": json.loads(json.dumps(asdict(config))), "drawings": drawings.to_dict(), "where": where}
    if study.user_attrs:
        _expect_same(out, study.user_attrs, now)
    for name, value in {**now, "commit": current_commit()}.items():
        study.set_user_attr(name, value)
    return study


def load_study(out: Path) -> optuna.Study:
    """The study in a search's folder, to read. Raises ValueError where there is none."""
    if not (out / DATABASE).is_file():
        raise ValueError(f"{out}: expected the folder of a search, found no {DATABASE} in it")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.load_study(storage=_storage(out), study_name=NAME)


def next_trial(study: optuna.Study, config: SearchConfig) -> Trial | None:
    """The trial to run now, with its values: one that waits, or a new one; None when there are enough."""
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    number = waiting[0].number if waiting else len(study.get_trials(deepcopy=False))
    if number >= config.trials:
        return None
    study.sampler = sampler_of(config, number)
    return study.ask(dict(distributions(config)))


def sampler_of(config: SearchConfig, number: int) -> optuna.samplers.BaseSampler:
    """Where a trial's values come from: a tree-structured Parzen estimator with random numbers of (seed, number) alone."""
    seed = int(np.random.SeedSequence((config.train.seed, number)).generate_state(1)[0])
    return optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=seed)


def goes_on(trial: Trial, validated: Validated, config: SearchConfig) -> bool:
    """Whether a trial is worth going on with after this validation, which is remembered; at its last epoch it always is.

    So is the base configuration, against which the others are judged. A validation that a resumed run repeats is
    remembered once.
    """
    if validated.epoch not in trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values:
        trial.report(validated.score, validated.epoch)
    for name in ("n", "top1"):
        trial.set_user_attr(name, validated.validation[name])
    among_the_best = not trial.should_prune()  # asked in any case: it also notes what later trials are compared with
    return among_the_best or validated.epoch >= config.trial_epochs or trial.number == 0


def stop(trial: Trial, reason: str) -> None:
    """Note that a trial ended early: it was among the worse ones, or (`reason`) could not be trained."""
    if reason:
        trial.set_user_attr("reason", reason)
    trial.study.tell(trial.number, state=TrialState.PRUNED)


def retried(trial: Trial, reason: str, config: SearchConfig) -> bool:
    """Whether a trial whose process died waits again, as often as `config` allows; the last time it has failed."""
    deaths = trial.user_attrs.get("deaths", 0) + 1
    trial.set_user_attr("deaths", deaths)
    trial.set_user_attr("reason", reason)
    if deaths > config.retries:
        trial.study.tell(trial.number, state=TrialState.FAIL)
        return False
    put_back(trial.study, trial.study.trials[trial.number])
    return True


def put_back(study: optuna.Study, trial: FrozenTrial) -> None:
    """Let a trial wait again, with its number, values and validations."""
    # Optuna's own retries make another trial, whose number would shift the random numbers of all that follow.
    study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)


def finished_trials(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that ran to their last epoch, best first; of equal ones the earlier."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return sorted(trials, key=lambda trial: (-(trial.value or 0.0), trial.number))


def standing_of(study: optuna.Study, config: SearchConfig) -> Standing:
    """Where the search stands."""
    best = finished_trials(study)[:1]
    return Standing(len(study.get_trials(deepcopy=False, states=ENDED)), config.trials, best[0].value if best else None)


def folder_of(out: Path, number: int) -> Path:
    """The run folder of a trial."""
    return out / TRIALS / str(number)


def thin(out: Path, study: optuna.Study, keep: int) -> None:
    """Delete what the runs of ended trials left, but for their logs, and for the weights of the best `keep`."""
    best = {trial.number for trial in finished_trials(study)[:keep]}
    for trial in study.get_trials(deepcopy=False, states=ENDED):
        kept = {LOG, "*.safetensors", *CARD.values()} if trial.number in best else {LOG}
        for path in sorted(folder_of(out, trial.number).rglob("*"), reverse=True):  # a folder's files before the folder
            if path.is_dir():
                path.rmdir()
            elif not any(path.match(pattern) for pattern in kept):
                path.unlink()


def _storage(out: Path) -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(f"sqlite:///{(out / DATABASE).resolve()}")


def _expect_same(out: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    was, becomes = _flat(before["config"]), _flat(now["config"])
    changed = sorted(name for name in becomes.keys() | was.keys() if was.get(name) != becomes.get(name))
    if changed:
        found = ", ".join(f"{name} {was.get(name)} (now {becomes.get(name)})" for name in changed)
        raise ValueError(f"{out}: expected a search of the same configuration to go on with, found {found}")
    if before["where"] != now["where"]:
        raise ValueError(f"{out}: expected a search on {now['where']} to go on with, found one on {before['where']}")
    if before["drawings"]["hash"] != now["drawings"]["hash"]:
        raise ValueError(
            f"{out}: expected a search on the same drawings to go on with, found those of {before['drawings']['store']}"
        )


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a configuration and of those inside it by name, without those that may change."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        flat |= _flat(value) if isinstance(value, Mapping) else {} if name in OPEN else {name: value}
    return flat
