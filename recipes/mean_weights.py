"""One net out of several runs of the same net: the mean of their weights, which costs nothing when it guesses.

    python recipes/mean_weights.py RUN|WEIGHTS … --out RUN

Helps where the runs began from the same weights and stayed near each other (Wortsman et al. 2022, "Model soups"); of runs
that began at random it makes a net that knows nothing. Each run (its best weights) or weights file counts alike; the new
run's folder holds best.safetensors with the first run's card, less its metrics.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from gribouille.checkpoint import BEST, Card, load_weights, save_weights


def mean_of(runs: list[Path], out: Path) -> Card:
    """Write the mean of the runs' best weights to `out`; its card. Raises ValueError for runs of different nets."""
    nets, cards = zip(*(load_weights(run) for run in runs), strict=True)
    for run, card in zip(runs, cards, strict=True):
        for name in ("net", "labels", "raster"):
            if getattr(card, name) != getattr(cards[0], name):
                raise ValueError(f"{run}: expected the {name} of {runs[0]}, found another one")
    weights = [net.state_dict() for net in nets]
    mean = {
        name: torch.stack([each[name] for each in weights]).mean(0) if first.is_floating_point() else first
        for name, first in weights[0].items()
    }
    nets[0].load_state_dict(mean)
    card = replace(cards[0], metrics={}, drawings=sum(card.drawings for card in cards))
    out.mkdir(parents=True, exist_ok=True)
    save_weights(nets[0], card, out / BEST)
    return card


def main() -> None:
    """Reads, writes and says so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    card = mean_of(options.runs, options.out)
    print(f"{options.out}: the mean of {len(options.runs)} runs of {card.net}")


if __name__ == "__main__":
    main()
