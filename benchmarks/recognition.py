"""How long a guess takes on this machine: the model file in onnxruntime on 1 and 2 threads, beside the torch net.

    python benchmarks/recognition.py [--model FILE] [--run RUN] [--guesses 300]

A guess is everything from raw strokes to ranked words: canonical, box, raster, net, softmax, sorting. The golden raw
drawings are guessed in turn by every means, one at a time. With --run (the training run that the file was exported from)
the float32 torch net does the same work on 1 thread.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from provenance import REPOSITORY, provenance

from gribouille.checkpoint import load_weights
from gribouille.drawing import Strokes, canonical
from gribouille.export import Recognition, answers
from gribouille.recogniser import Recogniser

WARM_UP = 20  # guesses that do not count


def by_torch(run: Path) -> Callable[[Strokes], object]:
    """The best weights of a run, float32 on one thread."""
    torch.set_num_threads(1)
    net, card = load_weights(run)
    recognition = Recognition(net, card.spec, 1.0)

    def guess(strokes: Strokes) -> list[str]:
        probabilities = answers(recognition, [canonical(strokes)])[0]
        return [card.labels[index] for index in np.argsort(-probabilities)[:5]]

    return guess


def timed(guess: Callable[[Strokes], object], strokes: Strokes) -> float:
    """Milliseconds that one call takes."""
    start = time.perf_counter()
    guess(strokes)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="model file (default: the shipped one)")
    parser.add_argument("--run", type=Path, help="training run of the same net, for torch beside it")
    parser.add_argument("--guesses", type=int, default=300, help="guesses that count")
    options = parser.parse_args()
    drawings = [r["strokes"] for r in json.loads((REPOSITORY / "tests" / "golden" / "raw.json").read_text())]
    recogniser = Recogniser(options.model)
    ways: dict[str, Callable[[Strokes], object]] = {
        "of these, canonical alone": canonical,
        "onnxruntime, 1 thread": recogniser,
        "onnxruntime, 2 threads": Recogniser(options.model, threads=2),
    }
    if options.run:
        ways["torch float32, 1 thread"] = by_torch(options.run)
    turns = range(WARM_UP + options.guesses)
    times = [{name: timed(way, drawings[n % len(drawings)]) for name, way in ways.items()} for n in turns][WARM_UP:]

    print(provenance("numpy", "onnxruntime", "torch"))
    raster = recogniser.metadata.raster
    points = sum(len(canonical(strokes)) for strokes in drawings) / len(drawings)
    print(
        f"{recogniser.path.name}: {len(recogniser.file) / 1e6:.1f} MB, {raster['side']} px, {len(recogniser.metadata.labels)} "
        f"words; {len(drawings)} golden raw drawings in turn, {points:.0f} points each on average once simplified"
    )
    for name in ways:
        p50, p95 = np.percentile([each[name] for each in times], [50, 95])
        print(f"{name:<28} n {len(times):>5}   p50 {p50:>7.2f} ms   p95 {p95:>7.2f} ms")


if __name__ == "__main__":
    main()
