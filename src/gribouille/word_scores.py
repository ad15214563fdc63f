"""How often a model is right about each word: `MODEL.words.json` beside `MODEL.onnx`, written by recipes/model_card.py.

In the file: the sha256 of the model that was asked, the protocol, and per English word [right, seen], counts of finished
test drawings. It is no part of the model file, because it is measured on that file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Drawings of an ordinary word that every word is credited with: with some 45 seen, four of them pull an estimate by less
# than its sampling error, and keep a word of which three were seen from standing first or last.
CREDIT = 4


class WordScoresError(ValueError):
    """A file that holds no scores of words; the message names the file, what was expected and what was found."""


@dataclass(frozen=True)
class WordScores:
    """Per word how many drawings were guessed rightly, and of how many; `model` is the sha256 of the file asked."""

    model: str
    protocol: str
    words: Mapping[str, tuple[int, int]]

    @property
    def accuracies(self) -> dict[str, float]:
        """The share of each word's drawings that is guessed rightly, estimated: pulled a little towards that of all words."""
        right, seen = (sum(column) for column in zip(*self.words.values(), strict=True)) if self.words else (0, 0)
        ordinary = right / max(seen, 1)
        return {word: (hits + CREDIT * ordinary) / (n + CREDIT) for word, (hits, n) in self.words.items()}

    def to_json(self) -> str:
        """The file's text, a line a word."""
        lines = [f"  {json.dumps(word, ensure_ascii=False)}: [{right}, {n}]" for word, (right, n) in self.words.items()]
        head = f' "model": {json.dumps(self.model)},\n "protocol": {json.dumps(self.protocol, ensure_ascii=False)},'
        return f'{{\n{head}\n "words": {{\n' + ",\n".join(lines) + "\n }\n}\n"


def word_scores_path(model: Path) -> Path:
    """Where the scores of a model file lie: small.onnx → small.words.json."""
    return model.with_suffix(".words.json")


def word_scores_of(model: Path, sha256: str) -> WordScores | None:
    """The scores that lie beside a model file and were measured on its very bytes; None where there are none.

    Raises WordScoresError for a file of another form.
    """
    path = word_scores_path(model)
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        words = {str(word): (int(right), int(n)) for word, (right, n) in found["words"].items()}
        scores = WordScores(found["model"], found["protocol"], words)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WordScoresError(
            f"{path}: expected model, protocol and words {{word: [right, seen]}} ({error!r})"
        ) from error
    return scores if scores.model == sha256 else None
