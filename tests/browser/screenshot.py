"""Takes docs/screenshot.png: the page in Chromium with a real golden drawing, recognised by the model.

python tests/browser/screenshot.py [--word house] [--model MODEL] [--out docs/screenshot.png]
                                   [--size 1200x750] [--scheme light|dark] [--locale en-US]
"""

import argparse
import json
from pathlib import Path

from browser_page import REPOSITORY, launch, missing, open_ready, replay, serving, settled_guesses
from playwright.sync_api import sync_playwright

SHARE = 0.62  # of the paper's shorter side that the drawing's longer one takes


def main() -> None:
    """Draws, waits for the guess to stand, and keeps the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--word", default="house")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "screenshot.png")
    parser.add_argument("--size", default="1200x750")
    parser.add_argument("--scheme", choices=["light", "dark"], default="light")
    parser.add_argument("--locale", default="en-US")
    options = parser.parse_args()
    reason = missing()
    if reason:
        raise SystemExit(reason)
    drawings = json.loads((REPOSITORY / "tests" / "golden" / "raw.json").read_text())
    strokes = next(drawing["strokes"] for drawing in drawings if drawing["word"] == options.word)
    width, height = map(int, options.size.split("x"))
    with serving(options.model) as address, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=options.scheme, locale=options.locale
        )
        open_ready(page, address)
        paper = page.locator("[data-paper]").bounding_box()
        assert paper
        replay(page, strokes, speed=1.5, side=SHARE * min(paper["width"], paper["height"]))
        page.mouse.move(0, 0)
        settled_guesses(page)
        page.wait_for_timeout(1000)  # the underline is drawn
        options.out.parent.mkdir(exist_ok=True)
        page.screenshot(path=options.out)
        browser.close()


if __name__ == "__main__":
    main()
