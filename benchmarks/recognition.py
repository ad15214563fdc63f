"""How long a guess takes on this machine: the model file in onnxruntime on 1 and 2 threads, beside the torch net.

    python benchmarks/recognition.py [--model FILE] [--run RUN] [--guesses 300]

A guess is everything from raw strokes to ranked words: canonical, box, raster, net, softmax, sorting. The golden raw
drawings are guessed one at a time, by one means after the other: the waiting threads of onnxruntime spin, and would take
the cores from whoever is measured beside them. With --run (the training run that the file was exported from) the float32
torch net does the same work on 1 thread.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
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


def timed(guess: Callable[[Strokes], object], drawings: Sequence[Strokes], guesses: int) -> list[float]:
    """Milliseconds of each guess, the drawings in turn."""
    times = []
    for n in range(WARM_UP + guesses):
        start = time.perf_counter()
        guess(drawings[n % len(drawings)])
        times.append((time.perf_counter() - start) * 1e3)
    return times[WARM_UP:]


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="model file (default: the shipped one)")
    parser.add_argument("--run", type=Path, help="training run of the same net, for torch beside it")
    parser.add_argument("--guesses", type=int, default=300, help="guesses that count")
    options = parser.parse_args()
    drawings = [r["strokes"] for r in json.loads((REPOSITORY / "tests" / "golden" / "raw.json").read_text())]
    ways: dict[str, Callable[[], Callable[[Strokes], object]]] = {
        "of these, canonical alone": lambda: canonical,
        "onnxruntime, 1 thread": lambda: Recogniser(options.model),
        "onnxruntime, 2 threads": lambda: Recogniser(options.model, threads=2),
    }
    if options.run:
        ways["torch float32, 1 thread"] = lambda: by_torch(options.run)

    print(provenance("numpy", "onnxruntime", "torch"))
    print(described(Recogniser(options.model), drawings))
    for name, way in ways.items():
        times = timed(way(), drawings, options.guesses)
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{name:<28} n {len(times):>5}   p50 {p50:>7.2f} ms   p95 {p95:>7.2f} ms")


def described(recogniser: Recogniser, drawings: Sequence[Strokes]) -> str:
    """The model and the drawings in one line."""
    points = np.mean([len(canonical(strokes)) for strokes in drawings])
    side, words = recogniser.metadata.raster["side"], len(recogniser.metadata.labels)
    return (
        f"{recogniser.path.name}: {len(recogniser.file) / 1e6:.1f} MB, {side} px, {words} words; "
        f"{len(drawings)} golden raw drawings in turn, {points:.0f} points each on average once simplified"
    )


if __name__ == "__main__":
    main()
