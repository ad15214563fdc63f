"""What a search found: its folder in, the best trial beside the base configuration out, and how to train with it at full size."""

from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from gribouille.course import TrainConfig
from gribouille.search.space import command_of, configured
from gribouille.search.study import finished_trials, folder_of, load_study
from gribouille.store import Selection

RUN = Path("RUN")  # stands for the run folder in the command line that trains with the best values


@dataclass(frozen=True)
class Found:
    """What a search found: its best trial's number, values, MAP@3 and run folder, and how all trials ended.

    `base` is the MAP@3 of the base configuration, None where it did not come to its end; `n` validation drawings
    stand behind each. `command` is the command line that trains with the best values at full size, the whole store
    and the base's own epochs.
    """

    number: int
    values: dict[str, float]
    score: float
    folder: Path
    base: float | None
    n: int
    finished: int
    stopped: int
    failed: int
    command: str


def found_in(out: Path) -> Found:
    """What the search in this folder has found so far. Raises ValueError where there is none, or no trial came to its end."""
    study = load_study(out)
    ranked = finished_trials(study)
    ended = {
        state: len(study.get_trials(deepcopy=False, states=(state,))) for state in (TrialState.PRUNED, TrialState.FAIL)
    }
    if not ranked:
        reasons = sorted({trial.user_attrs["reason"] for trial in study.trials if "reason" in trial.user_attrs})
        raise ValueError(f"{out}: expected a trial that came to its end, found none {reasons[:3] or ''}".rstrip())
    best = ranked[0]
    base = next((trial.value for trial in ranked if trial.number == 0), None)
    return Found(
        number=best.number,
        values=dict(best.params),
        score=best.value or 0.0,
        folder=folder_of(out, best.number),
        base=base,
        n=best.user_attrs["n"],
        finished=len(ranked),
        stopped=ended[TrialState.PRUNED],
        failed=ended[TrialState.FAIL],
        command=command_for(study, best),
    )


def command_for(study: optuna.Study, trial: FrozenTrial) -> str:
    """The command line that trains with a trial's values at full size."""
    config = configured(TrainConfig.from_dict(study.user_attrs["config"]["train"]), trial.params)
    drawings = study.user_attrs["drawings"]
    selection = [Selection(**each) for each in drawings.get("selection", [])]  # searches of earlier versions have none
    return command_of(Path(drawings["store"]), selection, RUN, config)
