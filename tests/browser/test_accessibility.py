"""Every screen for everybody: no axe violation, all by keyboard, nothing too small to touch, nothing wider than the screen.

The screens are those of web/src/app/route.ts: a new one is tested from its first day.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser_page import REPOSITORY, draw_at_once, open_ready
from playwright.sync_api import Page

AXE = REPOSITORY / "web" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = re.findall(r"'(\w+)'", re.search(r"SCREENS = \[(.*)\]", (REPOSITORY / "web/src/app/route.ts").read_text())[1])
WHO: dict[str, dict[str, Any]] = {
    "desktop, light, English": {"viewport": {"width": 1200, "height": 750}, "color_scheme": "light"},
    "narrowest phone, dark, French": {
        "viewport": {"width": 320, "height": 640},
        "color_scheme": "dark",
        "locale": "fr-FR",
        "has_touch": True,
    },
    "tablet, high contrast": {"viewport": {"width": 820, "height": 1180}, "contrast": "more"},
}

# The game as somebody may have left it: with one word of their own, in either language, and no clock, which would not wait.
GAME = {"list": "own", "own": "fish, poisson", "rounds": 3, "seconds": None}
FISH = "fish"  # a golden drawing that a decent model recognises with confidence
# What a screen holds beyond its first sight, and what leads there from the place before: buttons (`data-action`), selectors,
# or FISH, drawn. Escape closes a dialog again.
BEYOND: dict[str, dict[str, list[str]]] = {
    "draw": {
        "a drawing": [FISH],
        "pens": ["pen"],
        "every word": ["all-words"],
        "naming it": ["all-words", "it-was"],
        "sharing": ["share"],
        "kept": ["keep"],
    },
    "play": {
        "more choices": ["[data-screen=play] summary"],
        "getting ready": ["play"],
        "a round": ["start"],
        "its end": [FISH],
        "results": ["next"],
    },
    "gallery": {"one drawing": ["[data-kept]"], "removed": ["remove"]},
    "settings": {"consent": ["[data-setting=collect]"], "forgetting all": ["reset"]},
}

DIALOGS = {"share", "it-was", "reset"}

# WCAG 2.0 to 2.2, A and AA, and axe's best practices; target-size is off by default. Each violation in one line.
RUN_AXE = """async () => {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const rules = { 'target-size': { enabled: true } }
  const options = { runOnly: { type: 'tag', values: tags }, rules, resultTypes: ['violations'] }
  const { violations } = await axe.run(document, options)
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} (${node.failureSummary})`))
}"""

# What a hand or a key can work, as a person sees it: neither hidden nor covered by a dialog.
OPERABLE = """() => {
  const kinds = 'a[href], button, input, select, textarea, summary, [role=button], [role=slider], [tabindex]:not([tabindex^="-"])'
  const top = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && !one.closest('[inert]')
  window.operable = [...top.querySelectorAll(kinds)].filter(seen)
  return window.operable.length
}"""

# Below 44 px in either direction; a label is a part of its field, and a link in a sentence may be as high as its line.
TOO_SMALL = """() => window.operable
  .filter((one) => one.isConnected)
  .filter((one) => one.matches('a, button, input, select, textarea, summary, [role=button]') && !one.matches('.skip'))
  .filter((one) => !(one.matches('a') && getComputedStyle(one).display === 'inline'))
  .map((one) => [one, [one, one.labels?.[0]].filter(Boolean).map((part) => part.getBoundingClientRect())])
  .filter(([one, parts]) => !parts.some(({ width, height }) => Math.min(width, height) >= 43.99))
  .map(([one, [{ width, height }]]) => `${Math.round(width)} × ${Math.round(height)}: ${one.outerHTML.slice(0, 120)}`)"""

WATCH_FOCUS = """() => {
  document.activeElement?.blur()
  window.reached = new Set()
  window.unmarked = []
  if (window.watching) return
  window.watching = true
  const outlined = ({ outlineStyle, boxShadow }) => outlineStyle !== 'none' || boxShadow !== 'none'
  const marked = (one) => one && outlined(getComputedStyle(one))
  addEventListener('focusin', ({ target }) => {
    window.reached.add(target)
    const around = [target, target.labels?.[0], target.parentElement, target.nextElementSibling]
    if (target.matches(':focus-visible') && !around.some(marked)) window.unmarked.push(target.outerHTML.slice(0, 120))
  })
}"""

# Within a composite widget, and a group of radio buttons, Tab stops once and the arrow keys do the rest.
NOT_REACHED = """() => window.operable
  .filter((one) => one.isConnected)
  .filter((one) => !window.reached.has(one))
  .filter((one) => ![...window.reached].some((other) => {
    if (one.type === 'radio' && other.type === 'radio') return one.name === other.name
    const widget = one.closest('[role=radiogroup], [role=toolbar], [role=tablist], [role=listbox], [role=grid], [role=menu]')
    return widget?.contains(other)
  }))
  .map((one) => one.outerHTML.slice(0, 120))"""

TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll('main, main *')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
  .filter((one) => one === document.documentElement || ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
  .filter((one) => !one.closest('[data-scrolls-sideways]'))
  .map((one) => `${one.scrollWidth} px in ${one.clientWidth}: ${one.outerHTML.slice(0, 120)}`)"""


def places(page: Page, fish: list[list[list[float]]]) -> Iterator[str]:
    """Goes from screen to screen, and beyond; yields the name of each place."""
    for screen in SCREENS:
        page.evaluate("(screen) => (location.hash = `#/${screen}`)", screen)
        page.wait_for_selector(f"[data-screen={screen}]")
        yield screen
        for place, actions in BEYOND.get(screen, {}).items():
            for action in actions:
                if action == FISH:
                    draw_at_once(page, fish)
                    page.locator("[data-guess], [data-action=next]").first.wait_for()
                else:
                    selector = action if action.startswith("[") else f"[data-action={action}]"
                    page.locator(selector).locator("visible=true").first.click()
                if action in DIALOGS:  # the first one is loaded when it is asked for
                    page.wait_for_selector("dialog[open]")
            yield f"{screen}: {place}"
            if page.locator("dialog[open]").count():
                page.keyboard.press("Escape")
                page.wait_for_selector("dialog[open]", state="detached")


def not_by_keyboard(page: Page) -> list[str]:
    """What the Tab key, from here to the end and on from the top, does not come to, or does not show that it has."""
    page.evaluate(WATCH_FOCUS)
    for _ in range(page.evaluate(OPERABLE) + 3):
        page.keyboard.press("Tab")
    missed: list[str] = page.evaluate(NOT_REACHED)
    unmarked: list[str] = page.evaluate("window.unmarked")
    return [f"not reached: {one}" for one in missed] + [f"focus not seen: {one}" for one in unmarked]


@pytest.mark.parametrize("who", WHO)
def test_no_screen_shuts_anybody_out(new_page, address, drawings, who):
    """WCAG 2.2 A and AA and axe's best practices; 44 × 44 px to press; no scrolling sideways; Tab reaches all and shows where
    it is: on every screen, in every theme."""
    page = new_page(reduced_motion="reduce", **WHO[who])
    page.add_init_script(f"localStorage.setItem('gribouille.game', JSON.stringify({json.dumps(GAME)}))")
    open_ready(page, address)
    page.evaluate(AXE.read_text(encoding="utf-8"))  # by the debugger: the page's own policy admits no such script
    found = {}
    for place in places(page, drawings[FISH]):
        page.evaluate(OPERABLE)
        found[place] = (
            page.evaluate(RUN_AXE) + page.evaluate(TOO_SMALL) + page.evaluate(TOO_WIDE) + not_by_keyboard(page)
        )
    assert {place: faults for place, faults in found.items() if faults} == {}
