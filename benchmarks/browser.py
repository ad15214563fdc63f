"""How long model files take for one guess in Chromium, one thread, raster included, beside each other.

    taskset -c 0 python benchmarks/browser.py [MODEL.onnx …] [--guesses 300]

The page's runtime (onnxruntime-web's WASM, one thread) asks every model in turn about the golden drawings, one at a time,
each as it stood at a random fraction of its ink: points in, probabilities out. What it answers is compared with the native
library's answers. Simplification and painting are not in it (page.py measures the whole way from pointer to bars). A public
classifier with the input `bitmap` gets an empty picture: its time does not depend on what is drawn, and its raster is not
counted.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Route, sync_playwright
from provenance import REPOSITORY, provenance

from gribouille.drawing import canonical, prefix
from gribouille.recogniser import SHIPPED, Recogniser

sys.path.insert(0, str(REPOSITORY / "tests" / "browser"))

from browser_page import launch

RUNTIME = REPOSITORY / "web" / "node_modules" / "onnxruntime-web" / "dist"
ADDRESS = "http://127.0.0.1:1/"  # nobody listens: every request is answered by this script
PAGE = """<!doctype html><script type="module">
import * as ort from './ort.wasm.min.mjs'
ort.env.wasm.numThreads = 1
window.opened = async (names) => {
  const sessions = []
  for (const name of names) {
    const file = new Uint8Array(await (await fetch(name)).arrayBuffer())
    sessions.push(await ort.InferenceSession.create(file, {executionProviders: ['wasm'], graphOptimizationLevel: 'all'}))
  }
  window.sessions = sessions
}
window.asked = async (drawings) => {
  const durations = sessions.map(() => []), answers = sessions.map(() => [])
  for (const drawing of drawings)
    for (const [index, session] of sessions.entries()) {
      const feeds = session.inputNames[0] === 'points'
        ? {points: new ort.Tensor('float32', Float32Array.from(drawing), [1, drawing.length / 3, 3])}
        : {bitmap: new ort.Tensor('float32', new Float32Array(784), [1, 1, 28, 28])}
      const start = performance.now()
      const given = await session.run(feeds)
      durations[index].push(performance.now() - start)
      if (given.probabilities) answers[index].push(Array.from(given.probabilities.data))
    }
  return {durations, answers}
}
window.ready = true
</script>"""


def drawings(count: int) -> list[list[int]]:
    """So many flat drawings: the golden ones in turn, each stopped at a random fraction of its ink."""
    golden = json.loads((REPOSITORY / "tests" / "golden" / "raw.json").read_text())
    whole = [canonical(record["strokes"]) for record in golden]
    fractions = np.random.default_rng(0).uniform(0.15, 1, count)
    return [prefix(whole[n % len(whole)], float(part)).ravel().tolist() for n, part in enumerate(fractions)]


def measured(models: list[Path], flat: list[list[int]]) -> tuple[dict[str, list[list[Any]]], str]:
    """Durations in ms and answers about the flat drawings, one list a model, and Chromium's version. Twenty other guesses before
    warm up and are not counted."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS)
        if name == "":
            route.fulfill(body=PAGE, content_type="text/html")
        elif name.isdigit():
            route.fulfill(body=models[int(name)].read_bytes(), content_type="application/octet-stream")
        elif (RUNTIME / name).is_file():
            kind = "application/wasm" if name.endswith(".wasm") else "text/javascript"
            route.fulfill(body=(RUNTIME / name).read_bytes(), content_type=kind)
        else:
            route.fulfill(status=404)

    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto(ADDRESS)
        page.wait_for_function("window.ready")
        page.evaluate("opened", [str(number) for number in range(len(models))])
        page.evaluate("asked", drawings(20))
        found: dict[str, list[list[Any]]] = page.evaluate("asked", flat)
        version = browser.version
        browser.close()
    return found, version


def apart(model: Path, flat: list[list[int]], answers: list[list[float]]) -> str:
    """How far the page's probabilities lie from the native library's, in words; nothing for a classifier of pictures."""
    if not answers:
        return ""
    recogniser = Recogniser(model)
    native = [recogniser.probabilities([np.array(each, np.uint8).reshape(-1, 3)])[0] for each in flat]
    difference = np.abs(np.array(answers) - np.stack(native)).max(axis=1)
    return f"   {difference.max():.1e} from native, {np.count_nonzero(difference > 1e-3)} beyond 1e-3"


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "models", type=Path, nargs="*", default=[SHIPPED], help="model files (default: the shipped one)"
    )
    parser.add_argument("--guesses", type=int, default=300)
    options = parser.parse_args()
    absent = [str(model) for model in options.models if not model.is_file()]
    if absent:
        raise SystemExit(f"expected model files, found none at {', '.join(absent)}")
    if not RUNTIME.is_dir():
        raise SystemExit(f"expected onnxruntime-web in {RUNTIME}: run `make page`")
    flat = drawings(options.guesses)
    found, version = measured(options.models, flat)
    ort = json.loads((REPOSITORY / "web" / "package.json").read_text())["dependencies"]["onnxruntime-web"]
    print(f"{provenance('playwright')}, Chromium {version}, onnxruntime-web {ort}; n = {options.guesses}")
    for model, durations, answers in zip(options.models, found["durations"], found["answers"], strict=True):
        p50, p95 = np.percentile(durations, [50, 95])
        size = f"{model.stat().st_size / 1e6:6.2f} MB"
        print(f"{model.name:<24}{size}   p50 {p50:6.1f} ms   p95 {p95:6.1f} ms{apart(model, flat, answers)}")


if __name__ == "__main__":
    main()
