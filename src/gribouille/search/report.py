"""What a search found, to look at: its folder in, one HTML file without a link to anything out, in English or French."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from gribouille.checkpoint import LOG, write_text
from gribouille.documents.page import definitions, figure, note, page, section, table
from gribouille.documents.plots import svg_of
from gribouille.documents.words import Language, count, number, share
from gribouille.search import plots
from gribouille.search.found import Found, found_in
from gribouille.search.study import ENDED, finished_trials, folder_of, load_study
from gribouille.search.texts import TEXTS
from gribouille.store import Selection

REPORT: dict[Language, str] = {"en": "report.html", "fr": "report.fr.html"}
SHOWN = 10  # trials in the table of the best
FEWEST = 8  # trials with which importances are shown at all


def write_report(out: Path, language: Language) -> Path:
    """Write the report of the search in a folder into it, as it stands; the file. Raises ValueError where there is no search."""
    study = load_study(out)
    text = "\n".join(page(TEXTS[language]["title"], language, _content(study, out, language)))
    path = out / REPORT[language]
    write_text(path, text)
    return path


def _content(study: optuna.Study, out: Path, language: Language) -> Iterator[str]:
    """The page below its heading, line by line."""
    texts, ranked = TEXTS[language], finished_trials(study)
    yield f"<p>{escape(_summary(study, language))}</p>"
    if ranked:
        found = found_in(out)
        yield f"<p><strong>{escape(_best(found, language))}</strong></p>"
        yield f'<p class="note">{escape(texts["error"].format(error=_points(found, language), n=count(found.n, language)))}</p>'
        yield section(
            texts["command"], f"<pre><code>{_unbroken(found.command)}</code></pre>{note(texts['command note'])}"
        )
        yield section(texts["table"], _table(study, ranked, language))
    else:
        yield f"<p><strong>{escape(texts['none'])}</strong></p>"
    yield from _figures(study, language)
    yield from _failures(study, language)
    yield section(texts["about"], _about(study, out, language))


def _summary(study: optuna.Study, language: Language) -> str:
    trials, facts = study.get_trials(deepcopy=False), study.user_attrs["drawings"]
    ended = {state: sum(trial.state == state for trial in trials) for state in ENDED}
    return TEXTS[language]["summary"].format(
        trials=sum(ended.values()),
        finished=ended[TrialState.COMPLETE],
        stopped=ended[TrialState.PRUNED],
        failed=ended[TrialState.FAIL],
        classes=len(facts["labels"]),
        training=count(facts["training"], language),
        epochs=study.user_attrs["config"]["trial_epochs"],
        n=count(facts["validation"], language),
    )


def _best(found: Found, language: Language) -> str:
    texts = TEXTS[language]
    best = texts["best"].format(number=found.number, score=share(found.score, language))
    if found.number == 0:
        return f"{best}{texts['is base']}"
    if found.base is None:
        return f"{best}{texts['base stopped']}"
    return f"{best}{texts['against base'].format(base=share(found.base, language))}"


def _points(found: Found, language: Language) -> str:
    """95 % of the sampling error of a mean of numbers between 0 and 1, in percentage points, at most."""
    return number(100 * 1.96 * math.sqrt(found.score * (1 - found.score) / max(1, found.n)), language, 2)


def _table(study: optuna.Study, ranked: list[FrozenTrial], language: Language) -> str:
    """The best trials, and the base configuration where it is not among them."""
    texts, names = TEXTS[language], _names(study)
    heads = [texts["rank"], texts["trial"], "MAP@3", "top-1", *(texts[name] for name in names)]
    rows = []
    for rank, trial in enumerate(ranked, 1):
        if rank <= SHOWN or trial.number == 0:
            base = f" ({texts['base']})" if trial.number == 0 else ""
            cells = [
                f"{trial.number}{base}",
                share(plots.last_score(trial), language),
                share(trial.user_attrs["top1"], language),
            ]
            cells += [number(trial.params[name], language) for name in names]
            rows.append([str(rank), *cells])
    return table(heads, rows)


def _figures(study: optuna.Study, language: Language) -> Iterator[str]:
    texts, config = TEXTS[language], study.user_attrs["config"]
    trials = [trial for trial in study.get_trials(deepcopy=False, states=ENDED) if trial.intermediate_values]
    if not trials:
        return
    shown = plots.Shown(trials, _names(study), _rungs(config), language)
    rows = -(-len(shown.names) // 3)
    wanted = [("history", plots.history, 2.9), ("learning", plots.learning, 3.4), ("parallel", plots.parallel, 3.2)]
    for name, draw, height in [*wanted, ("slices", plots.slices, 0.4 + 2.1 * rows)]:
        caption = texts[f"{name} caption"].format(reduction=config["reduction"])
        yield section(texts[name], figure(svg_of(partial(draw, shown=shown), texts[name], height), caption))
    reached = [trial for trial in trials if shown.rungs[0] in trial.intermediate_values]
    if len(reached) < FEWEST:
        yield section(texts["importance"], note(texts["too few"].format(trials=len(reached), wanted=FEWEST)))
    else:
        svg = svg_of(partial(plots.importance, shown=shown), texts["importance"], 0.5 + 0.32 * len(shown.names))
        caption = texts["importance caption"].format(epoch=shown.rungs[0], trials=len(reached))
        yield section(texts["importance"], figure(svg, caption))


def _failures(study: optuna.Study, language: Language) -> Iterator[str]:
    ended = [
        trial for trial in study.get_trials(deepcopy=False) if trial.state in ENDED[1:] and "reason" in trial.user_attrs
    ]
    if ended:
        lines = "".join(f"<li>{trial.number}: {escape(trial.user_attrs['reason'])}</li>" for trial in ended)
        yield section(TEXTS[language]["failures"], f"<ul>{lines}</ul>")


def _about(study: optuna.Study, out: Path, language: Language) -> str:
    texts, facts, config = TEXTS[language], study.user_attrs["drawings"], study.user_attrs["config"]
    minutes = number(sum(_seconds(folder_of(out, trial.number)) for trial in study.trials) / 60, language, 3)
    lines = {
        texts["words"]: ", ".join(facts["labels"]),
        texts["store"]: facts["store"],
        texts["selection"]: ", ".join(Selection(**each).options() for each in facts.get("selection", [])),
        texts["hash"]: facts["hash"][:12],
        texts["seed"]: str(config["train"]["seed"]),
        texts["time"]: texts["minutes"].format(minutes=minutes),
        texts["sampler"]: f"TPE, Optuna {optuna.__version__}",
        texts["commit"]: study.user_attrs["commit"],
    }
    return definitions(lines)


def _seconds(folder: Path) -> float:
    """What a trial's run took until its last validation."""
    log = folder / LOG
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return float(json.loads(lines[-1]).get("seconds", 0.0)) if lines else 0.0


def _names(study: optuna.Study) -> list[str]:
    """The names of what is searched, in the order of the space."""
    return list(study.get_trials(deepcopy=False)[0].distributions)


def _rungs(config: Mapping[str, Any]) -> list[int]:
    """The epochs after which trials were stopped."""
    rungs, epoch = [], config["first_rung"]
    while epoch < config["trial_epochs"]:
        rungs.append(epoch)
        epoch *= config["reduction"]
    return rungs or [config["trial_epochs"]]


def _unbroken(command: str) -> str:
    """A command line that breaks only before its options."""
    return " ".join(f"<span>{escape(part)}</span>" for part in re.split(" (?=--)", command))
