"""`gribouille site` behind a plain file server, below a path."""

from collections.abc import Iterator

import pytest
from browser_page import guesses, open_ready, recorded, replay, settled_guesses
from static_host import BELOW, StaticHost, hosting

from gribouille.recogniser import Recogniser
from gribouille.site import write_site

ANY_SPEED = 1e6


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, recogniser: Recogniser) -> Iterator[StaticHost]:
    """A plain file server with a site of the model under test."""
    folder = tmp_path_factory.mktemp("static") / "site"
    write_site(folder, recogniser)
    with hosting(folder) as host:
        yield host


def test_a_plain_file_server_below_a_path_is_enough(new_page, host, drawings, recogniser):
    """The page guesses as Python does, opens every screen, and asks for nothing outside of its folder."""
    page = new_page()
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    open_ready(page, host.address)
    replay(page, drawings["house"], speed=ANY_SPEED)
    best = recogniser(recorded(page))[0]
    assert settled_guesses(page)[0] == pytest.approx(best, abs=1e-3)
    for screen in ("play", "look", "gallery", "how", "settings", "measure"):
        page.goto(f"{host.address}#/{screen}")
        page.wait_for_selector(f"[data-screen={screen}]")
    assert [url for url in asked if not url.startswith(host.address)] == []
    assert [path for path in host.asked if not path.startswith(BELOW)] == []


def test_on_a_first_visit_a_small_model_guesses_first(new_page, host, drawings):
    """The page is ready with the small model; the better one, once it is there, looks at the drawing again."""
    page = new_page()
    held = []
    page.route("**/files/model-*", lambda route: held.append(route))
    page.goto(host.address)
    page.wait_for_selector("[data-state=ready][data-loaded=first]")
    replay(page, drawings["house"], speed=ANY_SPEED)
    before = settled_guesses(page)
    assert len(before) == 5
    held[0].continue_()
    page.wait_for_selector("[data-loaded=full]")
    page.wait_for_selector(f"[data-guess][data-probability='{before[0][1]}']", state="detached")
    assert len(guesses(page)) == 5


def test_what_the_slim_runtime_lacks_the_whole_one_has(new_page, host, drawings):
    """A runtime that fails at the model is left for the whole one, on the device, without a word."""
    page = new_page()
    page.route("**/slim-*.wasm", lambda route: route.fulfill(body=b"\0asm\1\0\0\0", content_type="application/wasm"))
    open_ready(page, host.address)
    assert page.get_attribute(".page", "data-where") == "device"
    replay(page, drawings["house"], speed=ANY_SPEED)
    assert len(settled_guesses(page)) == 5


def test_where_no_server_helps_the_page_says_so(new_page, host):
    """A browser that cannot run the model is told in words, and asks no server that is not there."""
    page = new_page()
    page.route("**/*.wasm", lambda route: route.abort())
    page.goto(host.address)
    page.get_by_text("here no server helps").wait_for()
    assert [path for path in host.asked if "guess" in path or "live" in path] == []


def test_the_page_measures_itself(new_page, host):
    """One button times 200 guesses and a drawing hand; the figures stand there in words, and can be copied."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    open_ready(page, f"{host.address}#/measure")
    page.click("[data-action=measure]")
    page.wait_for_selector("[data-measured]")
    figures = page.inner_text("[data-measured]")
    assert "200 times" in figures
    assert "does not tell" not in figures
    page.click("[data-action=copy]")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "One guess, from lines to words: half within" in copied
    assert "Chrom" in copied
