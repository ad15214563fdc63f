"""The last step of recipes/suspects.sh: what training without the suspects changes, in a table; STORE WORK SEED… in.

Test drawings are those of the store without any marks, so that both nets are asked about exactly the same ones.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gribouille.answers import Outcome, Outcomes, compared
from gribouille.evaluate import EvaluateOptions, evaluate
from gribouille.metrics import PairedCounts, bootstrap_difference, counts_of, mcnemar
from gribouille.predict import predictor_of
from gribouille.store import Store, named
from gribouille.store.split import TRAIN

MEASURES = {"top1": "top-1", "map3": "MAP@3"}


def outcome_of(run: Path, store: Store) -> Outcome:
    """What a run says of the store's test drawings, each key_id once."""
    predictor, outcomes = predictor_of(run), Outcomes()
    evaluate(predictor, store, EvaluateOptions(fractions=(1.0,), calibrated_on=0), watch=outcomes)
    return outcomes.of(predictor.labels)


def line(name: str, seed: str, whole: Outcome, cleaned: Outcome) -> str:
    """A row of the table: both nets, and what the difference is, with its interval."""
    pairs = compared(whole, cleaned)
    before, after = (counts_of(each.place, np.zeros_like(each.place), 1) for each in (whole, cleaned))
    cells = [name, seed, f"{pairs.n:,}"]
    for measure in MEASURES:
        one, other = (getattr(counts, measure) for counts in (before, after))
        low, high = bootstrap_difference(pairs, measure)
        cells += [f"{one:.2%}", f"{other:.2%}", f"{100 * (other - one):+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"]
    return "| " + " | ".join([*cells, f"{mcnemar(pairs):.2g}"]) + " |"


def mean_line(name: str, pairs: Sequence[PairedCounts]) -> str:
    """The mean difference of top-1 over the seeds, and how much seeds differ."""
    differences = [100 * (each.only_other - each.only_one) / each.n for each in pairs]
    spread = f" ± {np.std(differences, ddof=1) / len(differences) ** 0.5:.2f} (standard error over seeds)"
    few = len(differences) < 2
    return f"- {name}: top-1 {np.mean(differences):+.2f} points on average of {len(differences)} seed(s)" + spread * (
        not few
    )


def main(path: Path, work: Path, seeds: Sequence[str]) -> None:
    """Print the table."""
    store = Store.open(path, marks=False)
    suspects = [json.loads(text) for text in (work / "suspects.ndjson").read_text(encoding="utf-8").splitlines()]
    left_out = [json.loads(text) for text in (work / "left-out.ndjson").read_text(encoding="utf-8").splitlines()]
    unsuspected = np.ones(len(store), bool)
    unsuspected[[each["row"] for each in suspects]] = False
    groups = {
        "natural mix": store.recognized >= 0,
        "all rows": np.ones(len(store), bool),
        "natural mix, not suspected themselves": (store.recognized >= 0) & unsuspected,
    }
    taught = sum(store.split[each["row"]] == TRAIN for each in left_out)
    print(
        f"Left out: {len(left_out):,} drawings, {taught:,} of them of the training split's {int((store.split == TRAIN).sum()):,}."
    )
    print(
        "Differences are of the net trained without them less the one trained on all, in points, with 95 % by bootstrap over"
    )
    print("the drawings; p by McNemar's test.\n")
    print("| test drawings | seed | n | top-1: all | without | difference | MAP@3: all | without | difference | p |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    pairs: dict[str, list[PairedCounts]] = {name: [] for name in groups}
    for seed in seeds:
        whole, cleaned = (outcome_of(work / f"{name}-{seed}", store) for name in ("whole", "cleaned"))
        for name, kept in groups.items():
            two = whole.only(kept[whole.rows]), cleaned.only(kept[cleaned.rows])
            pairs[name].append(compared(*two))
            print(line(name, seed, *two), flush=True)
    print()
    for name, each in pairs.items():
        print(mean_line(name, each))
    print(f"\nTest split of {named(store)}, each key_id once, drawings as they are.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
