"""How long a guess takes in Chromium: from the last pointer event of a drawing to painted bars, on one core.

    python benchmarks/page.py [--core 0] [--model MODEL] [--guesses 200] [--speed 1]

Replays the golden raw drawings with their own timing into the built page, as mouse events, and reads the page's
performance.measure "guess" (web/src/guess/measureGuess.ts: the event's time stamp → after the frame with the bars is
painted). The first drawing warms up and is not counted. Everything shares the core: server, browser and this script.
Chromium paints in software here and hands a page its pointer events once a frame (16.7 ms), so a part of every number
is the wait for a frame, not the recognition; the worker's own time stands beside it.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from playwright.sync_api import Page, sync_playwright
from provenance import REPOSITORY, provenance

sys.path.insert(0, str(REPOSITORY / "tests" / "browser"))

from browser_page import chromium, launch, missing, open_ready, replay, serving, settled_guesses

WATCH = """() => {
  window.pauses = []
  const keep = (list) => window.pauses.push(...list.getEntries().map((entry) => entry.duration))
  new PerformanceObserver(keep).observe({type: 'longtask'})
}"""
MEASURES = "(name) => performance.getEntriesByName(name).map((measure) => measure.duration)"


def measured(page: Page, name: str) -> list[float]:
    """The durations of the page's measures of that name, ms."""
    durations: list[float] = page.evaluate(MEASURES, name)
    return durations


@contextmanager
def browser_on(core: int | None) -> Iterator[str | None]:
    """A program that starts Chromium on that core alone; this process and what it starts from now on keep away from it."""
    if core is None:
        yield None
        return
    os.sched_setaffinity(0, os.sched_getaffinity(0) - {core} or {core})
    with TemporaryDirectory() as folder:
        program = Path(folder) / "chromium"
        program.write_text(f'#!/bin/sh\nexec taskset -c {core} {chromium()} "$@"\n')
        program.chmod(0o755)
        yield str(program)


def run(model: Path | None, wanted: int, speed: float, core: int | None) -> tuple[dict[str, list[float]], str, int]:
    """Durations in ms by measure (`pause`: the main thread's tasks of 50 ms and more), Chromium's version, drawings replayed."""
    drawings = json.loads((REPOSITORY / "tests" / "golden" / "raw.json").read_text())
    durations: dict[str, list[float]] = {"guess": [], "answer": []}
    replayed = 0
    with browser_on(core) as program, serving(model) as address, sync_playwright() as playwright:
        browser = launch(playwright, program)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        open_ready(page, address)
        if page.get_attribute(".page", "data-where") != "device":
            raise SystemExit("expected recognition on the device, found it on the server")
        replay(page, drawings[0]["strokes"], speed)
        while len(durations["guess"]) < wanted:
            page.click("[data-action=clear]", force=True)
            if replayed == 0:
                page.evaluate(WATCH)
            page.evaluate("performance.clearMeasures()")
            replay(page, drawings[replayed % len(drawings)]["strokes"], speed)
            settled_guesses(page)
            page.wait_for_timeout(300)
            replayed += 1
            for name, kept in durations.items():
                kept += measured(page, name)
        durations["pause"] = page.evaluate("window.pauses")
        version = browser.version
        browser.close()
    return durations, version, replayed


def row(name: str, durations: list[float]) -> str:
    """One line of the table."""
    p50, p95 = np.percentile(durations, [50, 95])
    return f"{name:<48} n {len(durations):>5}   p50 {p50:>6.1f} ms   p95 {p95:>6.1f} ms"


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="model file (default: the shipped one)")
    parser.add_argument("--guesses", type=int, default=200, help="at least so many guesses")
    parser.add_argument("--speed", type=float, default=1, help="replay so many times as fast as it was drawn")
    parser.add_argument("--core", type=int, help="the browser's only core, counted from 0 (default: as this script)")
    options = parser.parse_args()
    reason = missing()
    if reason:
        raise SystemExit(reason)
    durations, version, replayed = run(options.model, options.guesses, options.speed, options.core)
    ort = json.loads((REPOSITORY / "web" / "package.json").read_text())["dependencies"]["onnxruntime-web"]
    print(f"{provenance('playwright')}, Chromium {version}, onnxruntime-web {ort}")
    print(
        f"{replayed} drawings replayed at {options.speed:g} times their speed; model {options.model or 'shipped'}"
        + ("" if options.core is None else "; the browser on one core of its own")
    )
    print(row("last pointer event → bars painted", durations["guess"]))
    print(row("of that, strokes → probabilities (worker)", durations["answer"]))
    pauses = durations["pause"]
    print(
        f"tasks of the main thread of 50 ms and more: {len(pauses)}"
        + (f", longest {max(pauses):.0f} ms" if pauses else "")
    )


if __name__ == "__main__":
    main()
