"""The tables of a shipped model's card: measured, and written between the marks that the card holds for them; its scores.

    python recipes/model_card.py MODEL.onnx STORE [--peer NAME=MODEL …] [--work runs/cards]

The card (MODEL.md, beside the model) is prose in English and French with pairs of marks, `<!-- results en -->` …
`<!-- end -->`; what stands between them is made anew: results (with peers on the very same drawings), failures, words. What
a model answers is kept in the work folder under its hash, so that a second call costs nothing. The counts of each word are
written to MODEL.words.json as well, for programs (the page's game asks for easy words or hard ones).
"""

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from gribouille.checkpoint import write_text
from gribouille.evaluate import FRACTIONS, evaluate
from gribouille.labels import french
from gribouille.predict import predictor_of
from gribouille.store import AnyStore, Store
from gribouille.word_scores import WordScores, word_scores_path

WORST, PAIRS = 14, 8  # named in the text
GROUPS = {"natural mix": "mélange naturel", "recognized": "reconnus seulement", "all rows": "toutes les lignes"}
TEXTS = {
    "en": {
        "head": "| drawings | n | ink | top-1 | top-3 | MAP@3 | top-1, mean of words |",
        "calibration": "Calibration error on finished drawings of the natural mix: {:.1f} %.",
        "protocol": "Protocol: {}.",
        "worst": "Worst words, on all test rows, and what they are most often taken for: {}.",
        "pairs": "Pairs that are confused most: {}.",
        "best": "Best: {}.",
        "words": "| word | n | top-1 | most often taken for |",
    },
    "fr": {
        "head": "| dessins | n | encre | top-1 | top-3 | MAP@3 | top-1, moyenne des mots |",
        "calibration": "Erreur de calibration sur les dessins finis du mélange naturel : {:.1f} %.",
        "protocol": "Protocole (en anglais, tel qu’imprimé) : {}.",
        "worst": "Les mots les moins bien reconnus (tout le test) et ce qu’il dit le plus souvent à leur place : {}.",
        "pairs": "Les paires les plus confondues : {}.",
        "best": "Les mieux reconnus : {}.",
        "words": "| mot | n | top-1 | pris le plus souvent pour |",
    },
}


@dataclass(frozen=True, eq=False)
class Measured:
    """A model's evaluation summary, and how many finished test drawings of each word were taken for each [words, words]."""

    summary: dict[str, Any]
    taken: np.ndarray


def measured(path: Path, store: AnyStore, work: Path) -> Measured:
    """What the model answers about the store's test split, or what is kept of it."""
    kept = work / f"{sha256(path.read_bytes()).hexdigest()[:16]}-{store.hash[:12]}.json"
    if not kept.exists():
        predictor = predictor_of(path)
        columns, evaluation = predictor.columns_of(store.labels), evaluate(predictor, store)
        taken = evaluation.group("all rows").confusion[np.ix_(columns, columns)]
        found = {"summary": evaluation.summary(), "taken": taken.tolist()}
        work.mkdir(parents=True, exist_ok=True)
        write_text(kept, json.dumps(found))
    found = json.loads(kept.read_text(encoding="utf-8"))
    return Measured(found["summary"], np.array(found["taken"]))


def number(value: float, language: str) -> str:
    """A percentage with two digits, as the language writes it."""
    text = f"{100 * value:.2f}"
    return text.replace(".", ",") if language == "fr" else text


def results(name: str, model: Measured, peers: dict[str, Measured], language: str) -> str:
    """The table of results, peers in italics below it."""
    text = TEXTS[language]
    lines = [text["head"], "|" + "---|" * 7]
    for who, each in {name: model, **peers}.items():
        groups = GROUPS if who == name else ["natural mix", "recognized"]
        for group in groups:
            label = group if language == "en" else GROUPS[group]
            fractions = reversed(FRACTIONS) if group == "natural mix" else (1.0,)
            for fraction in fractions:
                row = each.summary[group][f"{fraction:.0%}"]
                figures = [number(row[key], language) for key in ("top1", "top3", "map3", "classes_top1")]
                title = label if who == name else f"{who}, {label}"
                mark = "" if who == name else "*"
                cells = [
                    title if fraction == 1 else "",
                    str(row["n"]) if fraction == 1 else "",
                    f"{fraction:.0%}",
                    *figures,
                ]
                lines.append("| " + " | ".join(f"{mark}{cell}{mark}" if cell else "" for cell in cells) + " |")
    calibration = text["calibration"].format(100 * model.summary["calibration error"])
    if language == "fr":
        calibration = calibration.replace(".", ",", 1)
    return "\n".join([*lines, "", calibration, text["protocol"].format(model.summary["protocol"])])


def failures(taken: np.ndarray, words: list[str], language: str) -> str:
    """The worst words with what they are taken for, the pairs that are confused most, and the best words."""
    text, seen = TEXTS[language], taken.sum(axis=1)
    right = np.diagonal(taken) / np.maximum(seen, 1)
    wrong = taken.copy()
    np.fill_diagonal(wrong, 0)
    order = [n for n in np.argsort(right, kind="stable") if seen[n]]
    share = (lambda value: f"{value:.2f}") if language == "en" else (lambda value: f"{value:.2f}".replace(".", ","))
    worst = [f"{words[n]} {share(right[n])} ({words[wrong[n].argmax()]})" for n in order[:WORST]]
    shares = wrong / np.maximum(seen, 1)[:, None]
    upper = np.triu(shares + shares.T, 1)
    strongest = np.column_stack(np.unravel_index(np.argsort(-upper, axis=None)[:PAIRS], upper.shape))
    pairs = [f"{words[one]} / {words[other]}" for one, other in strongest]
    best = [f"{words[n]} {share(right[n])}" for n in order[::-1][:8]]
    return " ".join(
        [
            text["worst"].format(", ".join(worst)),
            text["pairs"].format(", ".join(pairs)),
            text["best"].format(", ".join(best)),
        ]
    )


def table(taken: np.ndarray, store: AnyStore) -> str:
    """Every word, in both languages, with its test drawings, its top-1 and what it is most often taken for."""
    head = TEXTS["en"]["words"].replace("word |", "word / mot |").replace("taken for |", "taken for / pris pour |")
    lines, other = [head, "|---|---|---|---|"], french(store.labels)
    for index, (label, mot) in enumerate(zip(store.labels, other, strict=True)):
        wrong = taken[index].copy()
        wrong[index] = 0
        instead = f"{store.labels[wrong.argmax()]} ({wrong.max()})" if wrong.max() else ""
        seen = taken[index].sum()
        share = f"{100 * taken[index, index] / seen:.0f}" if seen else "–"
        lines.append(f"| {label} / {mot} | {seen} | {share} | {instead} |")
    return "\n".join(lines)


def scores(path: Path, model: Measured, words: Sequence[str]) -> WordScores:
    """The counts of each word, for the file beside the model."""
    counts = zip(np.diagonal(model.taken).tolist(), model.taken.sum(axis=1).tolist(), strict=True)
    protocol = f"finished drawings, all rows; {model.summary['protocol']}"
    return WordScores(sha256(path.read_bytes()).hexdigest(), protocol, dict(zip(words, counts, strict=True)))


def filled(card: str, blocks: dict[str, str], path: Path) -> str:
    """The card with every block between its marks; ValueError where the card lacks a mark."""
    for name, block in blocks.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not marked.search(card):
            raise ValueError(f"{path}: expected the marks <!-- {name} --> and <!-- end -->, found none")
        card = marked.sub(lambda found, block=block: f"{found[1]}{block}\n{found[2]}", card)
    return card


def main() -> None:
    """Measures, and writes the card and the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=MODEL")
    parser.add_argument("--work", type=Path, default=Path("runs/cards"))
    options = parser.parse_args()
    store = Store.open(options.store)
    model = measured(options.model, store, options.work)
    named = (peer.partition("=") for peer in options.peer)
    peers = {name: measured(Path(path), store, options.work) for name, _, path in named}
    blocks = {"words": table(model.taken, store)}
    for language, words in (("en", list(store.labels)), ("fr", french(store.labels))):
        blocks[f"results {language}"] = results(options.model.name, model, peers, language)
        blocks[f"failures {language}"] = failures(model.taken, words, language)
    card = options.model.with_suffix(".md")
    text = filled(card.read_text(encoding="utf-8"), blocks, card)
    write_text(card, text)
    counts = scores(options.model, model, store.labels).to_json()
    write_text(word_scores_path(options.model), counts)


if __name__ == "__main__":
    main()
