"""How long a first visit takes over a slow network: first paint, paper that can be drawn on, ready to guess, and bytes by kind.

    python benchmarks/load.py [--runs 5] [--megabits 9] [--round-trip 170] [--handshakes 2] [--model MODEL]

By default WebPageTest's "4G" (9 Mbit/s each way, 170 ms), with TCP's and TLS's hand-shakes (network.py), an empty cache for
every run. Times are the page's own clock, which starts when the address is entered. "Paper" is the frame after the one in
which the paper first stands on the page; "ready" and "best model" are the page's measures (web/src/recognise/engine.svelte.ts).
"""

import argparse
import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from network import Network, slowed
from playwright.sync_api import Browser, sync_playwright
from provenance import REPOSITORY, provenance

sys.path.insert(0, str(REPOSITORY / "tests" / "browser"))

from browser_page import STATIC, launch, missing, open_ready, serving

GOALS = {"first useful paint": 1500, "ready to guess": 3000}  # ms, issue 5
WATCH = """
const watch = new MutationObserver(() => {
  if (!document.querySelector('[data-paper]')) return
  watch.disconnect()
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('paper')))
})
watch.observe(document, {childList: true, subtree: true})
"""
TIMES = """() => ({
  'first contentful paint': performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  'first useful paint': performance.getEntriesByName('paper')[0]?.startTime,
  'ready to guess': performance.getEntriesByName('ready')[0]?.duration,
  'best model': performance.getEntriesByName('full')[0]?.duration,
})"""
BYTES = """() => [['page', performance.getEntriesByType('navigation')[0].transferSize],
  ...performance.getEntriesByType('resource').map(({name, transferSize}) => [new URL(name).pathname, transferSize])]"""


def visit(browser: Browser, address: str) -> tuple[dict[str, float], dict[str, int]]:
    """Times (ms) of a first visit, and the bytes that came over the network, by file."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
    page = context.new_page()
    page.add_init_script(WATCH)
    open_ready(page, address)
    times: dict[str, float] = page.evaluate(TIMES)
    found: list[list[Any]] = page.evaluate(BYTES)
    context.close()
    return times, {Path(str(name)).name: int(size) for name, size in found}


def scripts() -> tuple[int, int]:
    """Bytes of all scripts of the built page gzipped, and of those the first screen needs; the runtime's worker left out."""
    sizes = {path: len(gzip.compress(path.read_bytes())) for path in STATIC.rglob("*.js") if "worker-" not in path.name}
    at_once = re.findall(r"assets/[^\"]+\.js", (STATIC / "index.html").read_text())
    first = sum(sizes[STATIC / name] for name in at_once)
    return sum(sizes.values()), first


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="model file (default: the shipped one)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--megabits", type=float, default=9)
    parser.add_argument("--round-trip", type=float, default=170, help="ms")
    parser.add_argument("--handshakes", type=int, default=2, help="round trips to open a connection: 1 TCP, 2 with TLS")
    options = parser.parse_args()
    reason = missing()
    if reason:
        raise SystemExit(reason)
    network = Network(options.megabits, options.round_trip / 1000, options.handshakes)
    with serving(options.model) as server, slowed(server, network) as address, sync_playwright() as playwright:
        browser = launch(playwright)
        visits = [visit(browser, address) for _ in range(options.runs)]
        version = browser.version
        browser.close()
    ort = json.loads((REPOSITORY / "web" / "package.json").read_text())["dependencies"]["onnxruntime-web"]
    print(f"{provenance('playwright')}, Chromium {version}, onnxruntime-web {ort}")
    print(
        f"{network.megabits:g} Mbit/s, {options.round_trip:g} ms, {network.handshakes} hand-shakes; n = {len(visits)}"
    )
    for name in visits[0][0]:
        times = [times[name] for times, _ in visits]
        goal = f"   goal {GOALS[name]}" if name in GOALS else ""
        print(f"{name:<24} p50 {np.median(times):6.0f} ms   max {max(times):6.0f} ms{goal}")
    for name, size in sorted(visits[-1][1].items(), key=lambda entry: -entry[1]):
        print(f"{size / 1000:9.1f} kB  {name}")
    every, first = scripts()
    print(f"scripts, gzip, without the runtime's worker: {every / 1000:.1f} kB, of these at once {first / 1000:.1f} kB")


if __name__ == "__main__":
    main()
