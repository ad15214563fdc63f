"""A run's card for people: who, what, which data, which commit, how long, which machine, every metric with its protocol.

Comes in: the card of the run's weights, its log and its evaluations. Goes out: Markdown in English and in French. Names
and protocols stand as they were recorded; commands say RUN and STORE where a person has folders of their own.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safetensors import safe_open

from gribouille.checkpoint import BEST, CARD, LAST, LOG, Card, write_text
from gribouille.store import Selection

EVALUATIONS = "evaluations.jsonl"  # in the run's folder
AFTERWARDS = ("gribouille evaluate RUN STORE", "gribouille export RUN --out MODEL.onnx --store STORE")
CURVE = 12  # lines of the log that the card shows
SHARES = ("top1", "top3", "map3", "classes_top1")
UNLEARNED = ("running_mean", "running_var", "num_batches_tracked")  # what batch norms count
THIN = "\u202f"  # French groups digits with a narrow no-break space, and sets one before % and :

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Card of a training run",
        "who": "who",
        "unnamed": "not given (`--who`)",
        "started": "started",
        "net": "net",
        "weights": "weights",
        "picture": "picture",
        "picture is": "{side} px, {channels}; line {line} px",
        "from": "first weights",
        "scratch": "random",
        "teacher": "teacher",
        "data": "data",
        "data is": "{rows} drawings of {labels} words; store `{store}`",
        "selection": "selection",
        "selection is": "of store `{store}`: {how}",
        "splits": "splits",
        "source": "source",
        "training only": "only learned from",
        "words": "words",
        "commit": "commit",
        "changed": "+: with changes that were not committed",
        "lasted": "took",
        "lasted is": "{time} of training for {drawings} drawings seen, {rate} drawings/s",
        "processes": "processes",
        "machine": "machine",
        "cores": "core(s)",
        "gib": "GiB",
        "versions": "versions",
        "metrics": "How good it is",
        "metric": "drawings",
        "ink": "ink",
        "mean": "top-1, mean of words",
        "validation": "validation, step {step}",
        "evaluation": "{when}, {weights} of step {step}",
        "protocol": "Protocol: {protocol}.",
        "calibration": "Calibration error: {error}.",
        "shares": "Shares in %; ± is 95 % of the sampling error of top-1.",
        "none": "Nothing was measured yet.",
        "curve": "How it learned",
        "curve head": "epoch|step|drawings|minutes|loss|top-1|MAP@3",
        "best": "The best weights (`best.safetensors`), by MAP@3, are those of epoch {epoch}: top-1 {top1} %, MAP@3 {map3} %.",
        "commands": "What to do with it",
        "again": "Train it, or go on where it was interrupted (every setting; the picture and the course follow):",
        "then": "Judge it, and write it as one model file:",
    },
    "fr": {
        "title": "Fiche d’un entraînement",
        "who": "qui",
        "unnamed": "non indiqué (`--who`)",
        "started": "début",
        "net": "réseau",
        "weights": "poids",
        "picture": "image",
        "picture is": "{side} px, {channels} ; trait de {line} px",
        "from": "poids de départ",
        "scratch": "aléatoires",
        "teacher": "professeur",
        "data": "données",
        "data is": "{rows} dessins de {labels} mots ; magasin `{store}`",
        "selection": "sélection",
        "selection is": "du magasin `{store}` : {how}",
        "splits": "répartition",
        "source": "source",
        "training only": "seulement pour apprendre",
        "words": "mots",
        "commit": "commit",
        "changed": "+ : avec des modifications non enregistrées",
        "lasted": "durée",
        "lasted is": "{time} d’entraînement pour {drawings} dessins vus, {rate} dessins/s",
        "processes": "processus",
        "machine": "machine",
        "cores": "cœur(s)",
        "gib": "Gio",
        "versions": "versions",
        "metrics": "Ce qu’il vaut",
        "metric": "dessins",
        "ink": "encre",
        "mean": "top-1, moyenne des mots",
        "validation": "validation, pas {step}",
        "evaluation": "{when}, {weights} au pas {step}",
        "protocol": "Protocole (tel qu’enregistré) : {protocol}.",
        "calibration": "Erreur de calibration : {error}.",
        "shares": "Parts en % ; ± est l’erreur d’échantillonnage à 95 % du top-1.",
        "none": "Rien n’a encore été mesuré.",
        "curve": "Comment il a appris",
        "curve head": "époque|pas|dessins|minutes|perte|top-1|MAP@3",
        "best": "Les meilleurs (`best.safetensors`), par MAP@3, sont ceux de l’époque {epoch} : top-1 {top1} %, MAP@3 {map3} %.",
        "commands": "Qu’en faire",
        "again": "L’entraîner, ou reprendre là où il fut interrompu (tous les réglages) :",
        "then": "L’évaluer, et l’écrire en un seul fichier de modèle :",
    },
}
NAMES: dict[str, dict[str, str]] = {  # of what cards record: channels, splits, groups of drawings
    "en": {},
    "fr": {
        "ink": "encre",
        "time": "temps",
        "stroke": "rang du trait",
        "train": "entraînement",
        "unused": "inutilisés",
        "recognized": "reconnus",
        "natural mix": "mélange naturel",
        "all rows": "toutes les lignes",
    },
}


def describe(run: Path) -> None:
    """Write the card of a run for people, in every language, from its last weights, its log and its evaluations."""
    newest = run / LAST if (run / LAST).exists() else run / BEST
    card = {**_card_of(newest), "weights": _weights_of(newest)}
    log, evaluations = _lines(run / LOG), _lines(run / EVALUATIONS)
    for language, name in CARD.items():
        text = markdown(card, log, language, evaluations)
        write_text(run / name, text)


def add_evaluation(run: Path, summary: Mapping[str, Any]) -> None:
    """Keep the summary of an evaluation of a run's best weights with the run, and show it on its card.

    `summary` as `Evaluation.summary` gives it. Of two by the same protocol and of the same weights, the later stays.
    """
    step = _card_of(run / BEST)["metrics"].get("validation", {}).get("step", 0)
    when = datetime.now(UTC).isoformat(timespec="minutes")
    entry = {"when": when, "weights": BEST, "step": step, **summary}
    same = ("weights", "step", "protocol")
    others = [one for one in _lines(run / EVALUATIONS) if any(one[name] != entry[name] for name in same)]
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in [*others, entry])
    write_text(run / EVALUATIONS, text)
    describe(run)


def markdown(
    card: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]],
    language: str,
    evaluations: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The card as Markdown. `card` has the fields of `checkpoint.Card`, and `weights`, their number, where known; `log`
    and `evaluations` are the lines of the run's files."""
    if language not in TEXTS:
        raise ValueError(f"language: expected one of {sorted(TEXTS)}, found {language!r}")
    words = _Words(language)
    parts = [
        f"# {words['title']}",
        table(["", ""], _origin(card, words)),
        f"## {words['metrics']}",
        _metrics(card, evaluations, words),
        *_curve(log, words),
        f"## {words['commands']}",
        words["again"],
        _block(_command(card)),
        words["then"],
        _block("\n".join([line + _selected(card, "where") for line in AFTERWARDS])),
    ]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; an upright stroke in a cell is written so that it does not end it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


class _Words:
    """Words and numbers as a language writes them."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._texts = TEXTS[language]

    def __getitem__(self, key: str) -> str:
        text = self._texts[key]
        return text if self._language == "en" else text.replace(" ;", f"{THIN};").replace(" :", f"{THIN}:")

    def name(self, name: str) -> str:
        """A recorded name (channel, split, group of drawings) where the language has a word for it."""
        return NAMES[self._language].get(name, name)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """A number; empty for None."""
        if value is None:
            return ""
        text = f"{value:,.{decimals}f}"
        return text if self._language == "en" else text.replace(",", THIN).replace(".", ",")

    def share(self, value: float | None) -> str:
        """A share in %, without the sign; empty for None."""
        return self.number(None if value is None else 100 * value, 2)

    def time(self, seconds: float) -> str:
        """Hours and minutes, or minutes and seconds, or seconds."""
        minutes, rest = divmod(round(seconds), 60)
        if minutes >= 60:
            return f"{minutes // 60} h {minutes % 60:02} min"
        return f"{minutes} min {rest:02} s" if minutes else f"{self.number(seconds, 1)} s"


def _origin(card: Mapping[str, Any], words: _Words) -> list[list[str]]:
    """Who, what, which data, which commit, how long, which machine."""
    raster, seconds = card["raster"], card["seconds"]
    channels = ", ".join(words.name(name) for name in raster["channels"])
    picture = words["picture is"].format(
        side=raster["side"], channels=channels, line=words.number(raster["line_width"], 2)
    )
    lasted = words["lasted is"].format(
        time=words.time(seconds),
        drawings=words.number(card["drawings"]),
        rate=words.number(card["drawings"] / seconds if seconds else None),
    )
    rows = [
        [words["who"], card["who"] or words["unnamed"]],
        [words["started"], card["started"].replace("T", " ").replace("+00:00", " UTC")],
        [words["net"], f"`{card['net']}`"],
        [words["weights"], words.number(card.get("weights"))],
        [words["picture"], picture],
        [words["from"], card["pretrained"] or words["scratch"]],
        [words["teacher"], f"`{card['teacher']}`" if card["teacher"] else ""],
        *_data(card, words),
        [words["commit"], f"`{card['commit']}`" + (f" ({words['changed']})" if "+" in card["commit"] else "")],
        [words["lasted"], lasted if card["drawings"] else ""],
        [words["processes"], str(card.get("processes", 1))],
        *_machine(card["machine"], words),
    ]
    return [[f"**{name}**", value] for name, value in rows if value]


def _data(card: Mapping[str, Any], words: _Words) -> list[list[str]]:
    held, labels = card["data"], card["labels"]
    count, store = words.number(len(labels)), card["store"][:12]
    if not held:
        return [[words["data"], f"`{store}`"]]
    rows = [[words["data"], words["data is"].format(rows=words.number(held["rows"]), labels=count, store=store)]]
    if how := ", ".join(f"`{selection.options()}`" for selection in _selections(card) if selection.options()):
        whole = held["selected from"][:12]
        rows.append([words["selection"], words["selection is"].format(store=whole, how=how)])
    if len(labels) <= 20:
        rows.append([words["words"], ", ".join(labels)])
    splits = ", ".join(f"{words.name(name)} {words.number(size)}" for name, size in held["splits"].items())
    rows.append([words["splits"], splits])
    for source in held["sources"]:
        only = f", {words['training only']}" if source["training_only"] else ""
        rows.append([words["source"], f"{source['name']} (`{source['sha256'][:12]}`{only})"])
    return rows


def _machine(machine: Mapping[str, Any], words: _Words) -> list[list[str]]:
    if not machine:
        return []
    gpus = [f"{gpu['name']} ({words.number(gpu['memory_gib'])} {words['gib']})" for gpu in machine["gpus"]]
    cores = f"{words.number(machine['cores'], 0 if machine['cores'] == int(machine['cores']) else 1)} {words['cores']}"
    place = [
        machine["cpu"],
        cores,
        f"{words.number(machine['memory_gib'], 1)} {words['gib']}",
        *gpus,
        machine["system"],
    ]
    versions = {"Python": machine["python"], "CUDA": machine["cuda"], **machine["versions"]}
    known = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    return [[words["machine"], ", ".join(place)], [words["versions"], known]]


def _metrics(card: Mapping[str, Any], evaluations: Sequence[Mapping[str, Any]], words: _Words) -> str:
    """Each measurement's table, below it its protocol."""
    parts = []
    for name, metric in card["metrics"].items():
        title = words["validation"].format(step=words.number(metric["step"])) if name == "validation" else name
        parts += [table(_head(words), [_scores(title, "100 %", metric, words)]), _protocol(metric, words)]
    for each in evaluations:
        title = words["evaluation"].format(
            when=each["when"].replace("T", " ").replace("+00:00", " UTC"),
            weights=f"`{each['weights']}`",
            step=words.number(each["step"]),
        )
        groups = {group: by_ink for group, by_ink in each.items() if isinstance(by_ink, Mapping)}
        rows = [
            _scores(words.name(group), ink.replace("%", " %"), scores, words)
            for group, by_ink in groups.items()
            for ink, scores in reversed(list(by_ink.items()))
            if scores["n"]
        ]
        error = each.get("calibration error")
        measured = [] if error is None else [words["calibration"].format(error=f"{words.share(error)} %")]
        parts += [f"**{title}**", table(_head(words), rows), " ".join([_protocol(each, words), *measured])]
    return "\n\n".join([*parts, words["shares"]] if parts else [words["none"]])


def _head(words: _Words) -> list[str]:
    return [words["metric"], words["ink"], "n", "top-1", "±", "top-3", "MAP@3", words["mean"]]


def _scores(title: str, ink: str, scores: Mapping[str, Any], words: _Words) -> list[str]:
    top1, n = scores["top1"], scores["n"]
    error = None if top1 is None else 1.96 * (top1 * (1 - top1) / n) ** 0.5  # normal approximation
    shares = [words.share(scores[name]) for name in SHARES]
    return [title, ink, words.number(n), shares[0], words.share(error), *shares[1:]]


def _protocol(metric: Mapping[str, Any], words: _Words) -> str:
    return words["protocol"].format(protocol=metric["protocol"])


def _curve(log: Sequence[Mapping[str, Any]], words: _Words) -> list[str]:
    """The learning curve as a table of a few epochs, the last among them, and which epoch was the best."""
    if not log:
        return []
    stride = -(-len(log) // CURVE)
    rows = [
        [
            *(words.number(entry[name]) for name in ("epoch", "step", "drawings")),
            words.number(entry["seconds"] / 60, 1),
            words.number(entry["loss"], 3),
            *(words.share(entry["validation"][name]) for name in ("top1", "map3")),
        ]
        for entry in log[(len(log) - 1) % stride :: stride]
    ]
    best = max(log, key=lambda entry: (entry["validation"]["map3"] or 0.0, entry["step"]))  # of equals the later
    scores = {name: words.share(best["validation"][name]) for name in ("top1", "map3")}
    head = words["curve head"].split("|")
    return [f"## {words['curve']}", table(head, rows), words["best"].format(epoch=best["epoch"], **scores)]


def _command(card: Mapping[str, Any]) -> str:
    """The command that trains with exactly these settings, whatever the defaults of the day."""
    options = [] if card["teacher"] is None else [_teacher(card["teacher"])]
    for name, value in (leaf for part in card["config"].items() for leaf in _leaves(*part)):
        option = f"--{name.replace('_', '-')}"
        if value is True:
            options.append(option)
        elif value is not False and value != "":
            options.append(f"{option} {shlex.quote(str(value))}")
    lines, line = [], "gribouille train STORE --out RUN"
    for option in options:
        if len(line) + len(option) > 100:
            lines.append(line + " \\")
            line = " "
        line += f" {option}"
    return "\n".join([*lines, line + _selected(card, "where", "max_per_class")])


def _selections(card: Mapping[str, Any]) -> list[Selection]:
    return [Selection(**each) for each in card["data"].get("selection", [])]


def _selected(card: Mapping[str, Any], *names: str) -> str:
    """The options of these names that select what the run learned from."""
    said = (Selection(**{name: getattr(each, name) for name in names}).options() for each in _selections(card))
    return "".join(f" {options}" for options in said if options)


def _teacher(teacher: str) -> str:
    """The option that names a teacher: one who was asked beforehand is known by a hash alone."""
    _, about, asked = teacher.partition(", asked about ")
    return f"--teacher TEACHER --asked-about {asked.split()[0]}" if about else "--soft-labels SOFT_LABELS"


def _leaves(name: str, value: Any) -> list[tuple[str, Any]]:
    """A setting, or those that it holds, as the command line names them."""
    return list(value.items()) if isinstance(value, Mapping) else [(name, value)]


def _block(text: str) -> str:
    return f"```sh\n{text}\n```"


def _card_of(path: Path) -> dict[str, Any]:
    with safe_open(path, "np") as file:
        return asdict(Card(**json.loads(file.metadata()["card"])))  # a card of an earlier version lacks some fields


def _weights_of(path: Path) -> int:
    """How many numbers the net has learned."""
    total = 0
    with safe_open(path, "np") as file:
        for name in file.keys():  # noqa: SIM118 (no mapping)
            if not name.endswith(UNLEARNED):
                size = 1
                for length in file.get_slice(name).get_shape():
                    size *= length
                total += size
    return total


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
