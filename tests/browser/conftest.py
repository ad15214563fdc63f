"""Chromium and a served page for the tests of this folder; they all skip, saying why, where either is missing."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browser_page
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from gribouille.recogniser import SHIPPED, Recogniser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks this folder's tests, and skips them where there is no browser or no page."""
    reason = browser_page.missing()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if reason:
                item.add_marker(pytest.mark.skip(reason=f"LEFT OUT, no browser test runs: {reason}"))


@pytest.fixture(scope="session")
def model() -> Path:
    """The shipped model, or the one that GRIBOUILLE_MODEL names (to test one before it is shipped)."""
    path = Path(os.environ.get("GRIBOUILLE_MODEL", SHIPPED))
    if not path.is_file():
        pytest.skip(f"LEFT OUT: no model at {path}")
    return path


@pytest.fixture(scope="session")
def recogniser(model: Path) -> Recogniser:
    """The model under test, in Python."""
    return Recogniser(model)


@pytest.fixture(scope="session")
def address(model: Path) -> Iterator[str]:
    """Where a server process of this session listens, e.g. http://127.0.0.1:12345/."""
    with browser_page.serving(model) as address:
        yield address


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of the browser."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests; each opens its own, empty context."""
    browser = browser_page.launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens blank pages, each in a browser context of its own with the options given; closes them after the test."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        # What is kept for offline use only costs time in a context that is thrown away, and hides requests from `route`.
        usual = {"locale": "en-US", "viewport": {"width": 1280, "height": 900}, "service_workers": "block"}
        context = browser.new_context(**(usual | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(browser_page.TIMEOUT)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page], address: str) -> Page:
    """The page in English, 1280 × 900, ready to recognise."""
    page = new_page()
    browser_page.open_ready(page, address)
    return page


@pytest.fixture(scope="session")
def drawings(golden_raw: list[dict[str, Any]]) -> dict[str, list[list[list[float]]]]:
    """Real raw drawings by word."""
    return {drawing["word"]: drawing["strokes"] for drawing in golden_raw}
