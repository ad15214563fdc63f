"""The 345 words of Quick, Draw! in English and French.

English names are Google's own (github.com/googlecreativelab/quickdraw-dataset, `categories.txt`) and the only ones that
the store, the nets and the wire know. French ones are for people to read: bare nouns, as a child would say them, chosen
by what the drawings show ("nail" is the one you hammer, "compass" the one that points north), all different.
"""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

# Of the 345 those that Kaggle's challenge of 2018 (kaggle.com/c/quickdraw-doodle-recognition) left out.
NOT_IN_CHALLENGE = frozenset({"aircraft carrier", "knife", "lighter", "rifle", "syringe"})


@cache
def vocabulary() -> Mapping[str, str]:
    """The French word of each of the 345 English names, in alphabetical order of the English (upper case first)."""
    lines = (files("gribouille") / "labels.csv").read_text(encoding="utf-8").splitlines()
    return MappingProxyType({row["english"]: row["french"] for row in csv.DictReader(lines)})


def french(labels: Iterable[str]) -> list[str]:
    """The French word of each English label, in the same order; a label outside the 345 stands for itself."""
    known = vocabulary()
    return [known.get(label, label) for label in labels]


def challenge_words() -> frozenset[str]:
    """The 340 English words of Kaggle's challenge: the only ones that a submission may say."""
    return frozenset(vocabulary()) - NOT_IN_CHALLENGE
