"""What a search found, to look at: its folder in, one HTML file without a link to anything out, in English or French."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from gribouille.checkpoint import LOG, write_atomically
from gribouille.search import plots
from gribouille.search.found import Found, found_in
from gribouille.search.study import ENDED, finished_trials, folder_of, load_study
from gribouille.search.texts import TEXTS, Language, number, share
from gribouille.store import Selection

REPORT: dict[Language, str] = {"en": "report.html", "fr": "report.fr.html"}
SHOWN = 10  # trials in the table of the best
FEWEST = 8  # trials with which importances are shown at all

STYLE = """
:root { color-scheme: light dark; --soft: color-mix(in srgb, currentColor 12%, transparent); } body { font: 16px/1.5
system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 1rem 1rem 4rem; } h1 { font-size: 1.7rem; margin:
1rem 0 .5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; } figure { margin: 0; overflow-x: auto; } figure svg
{ width: 100%; min-width: 34rem; height: auto; display: block; } figcaption, .note { font-size: .875rem; opacity: .8;
} pre { background: var(--soft); padding: .75rem 1rem; border-radius: .4rem; white-space: pre-wrap; overflow-wrap:
anywhere; user-select: all; } pre span { display: inline-block; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric:
tabular-nums; font-size: .9rem; } th, td { padding: .25rem .75rem .25rem 0; text-align: right; border-bottom: 1px
solid var(--soft); } thead th { vertical-align: bottom; font-weight: 600; } tbody th { font-weight: 400; } dl {
display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .9rem; } dt { opacity: .7; } dd {
margin: 0; overflow-wrap: anywhere; }
"""


def write_report(out: Path, language: Language) -> Path:
    """Write the report of the search in a folder into it, as it stands; the file. Raises ValueError where there is no search."""
    study = load_study(out)
    text = "\n".join(_page(study, out, language))
    path = out / REPORT[language]
    write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))
    return path


def _page(study: optuna.Study, out: Path, language: Language) -> Iterator[str]:
    """The page, line by line."""
    texts, ranked = TEXTS[language], finished_trials(study)
    yield f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(texts['title'])}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{escape(texts['title'])}</h1>"
    yield f"<p>{escape(_summary(study, language))}</p>"
    if ranked:
        found = found_in(out)
        yield f"<p><strong>{escape(_best(found, language))}</strong></p>"
        yield f'<p class="note">{escape(texts["error"].format(error=_points(found, language), n=_count(found.n, language)))}</p>'
        yield _section(
            texts["command"], f"<pre><code>{_unbroken(found.command)}</code></pre>{_note(texts['command note'])}"
        )
        yield _section(texts["table"], _table(study, ranked, language))
    else:
        yield f"<p><strong>{escape(texts['none'])}</strong></p>"
    yield from _figures(study, language)
    yield from _failures(study, language)
    yield _section(texts["about"], _about(study, out, language))
    yield "</main>\n</body>\n</html>\n"


def _summary(study: optuna.Study, language: Language) -> str:
    trials, facts = study.get_trials(deepcopy=False), study.user_attrs["drawings"]
    ended = {state: sum(trial.state == state for trial in trials) for state in ENDED}
    return TEXTS[language]["summary"].format(
        trials=sum(ended.values()),
        finished=ended[TrialState.COMPLETE],
        stopped=ended[TrialState.PRUNED],
        failed=ended[TrialState.FAIL],
        classes=len(facts["labels"]),
        training=_count(facts["training"], language),
        epochs=study.user_attrs["config"]["trial_epochs"],
        n=_count(facts["validation"], language),
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
            columns = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            rows.append(f'<tr><th scope="row">{rank}</th>{columns}</tr>')
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


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
        yield _section(texts[name], _figure(plots.svg_of(draw, shown, texts[name], height), caption))
    reached = [trial for trial in trials if shown.rungs[0] in trial.intermediate_values]
    if len(reached) < FEWEST:
        yield _section(texts["importance"], _note(texts["too few"].format(trials=len(reached), wanted=FEWEST)))
    else:
        svg = plots.svg_of(plots.importance, shown, texts["importance"], 0.5 + 0.32 * len(shown.names))
        caption = texts["importance caption"].format(epoch=shown.rungs[0], trials=len(reached))
        yield _section(texts["importance"], _figure(svg, caption))


def _failures(study: optuna.Study, language: Language) -> Iterator[str]:
    ended = [
        trial for trial in study.get_trials(deepcopy=False) if trial.state in ENDED[1:] and "reason" in trial.user_attrs
    ]
    if ended:
        lines = "".join(f"<li>{trial.number}: {escape(trial.user_attrs['reason'])}</li>" for trial in ended)
        yield _section(TEXTS[language]["failures"], f"<ul>{lines}</ul>")


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
    return (
        "<dl>"
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines.items() if value)
        + "</dl>"
    )


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


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _unbroken(command: str) -> str:
    """A command line that breaks only before its options."""
    return " ".join(f"<span>{escape(part)}</span>" for part in re.split(" (?=--)", command))


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _count(count: int, language: Language) -> str:
    """A count with its thousands set apart as the language does."""
    return f"{count:,}" if language == "en" else f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
