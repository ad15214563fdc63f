"""The page without network after its first load, and how a new version takes the place of the old one: whole, and when asked."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_page import STATIC, open_ready, recorded, replay, settled_guesses
from static_host import StaticHost, hosting

from gribouille.recogniser import Recogniser
from gribouille.server.published import integrity
from gribouille.site import write_site

ANY_SPEED = 1e6
RETURNED = "document.dispatchEvent(new Event('visibilitychange'))"  # as when somebody comes back to the tab
MODEL = "fetch('api/v1/model').then((answer) => answer.json()).then((card) => card.sha256)"
PAGE = "document.querySelector('meta[name=edition]')?.content ?? 'first'"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two editions of the site: another page with another model."""
    folder = tmp_path_factory.mktemp("sites")
    static = folder / "static"
    shutil.copytree(STATIC, static)
    write_site(folder / "first", Recogniser("tiny"), static)
    page, version = static / "index.html", static / "page-version.js"
    before = integrity(page.read_bytes())
    page.write_text(page.read_text().replace("<title>", '<meta name="edition" content="second"><title>'))
    version.write_text(
        version.read_text().replace(before, integrity(page.read_bytes())).replace('"version": "', '"version": "second-')
    )
    write_site(folder / "second", Recogniser("small"), static)
    return folder / "first", folder / "second"


@pytest.fixture
def host(sites: tuple[Path, Path]) -> Iterator[StaticHost]:
    """A plain file server with the first edition."""
    with hosting(sites[0]) as host:
        yield host


def open_kept(new_page, address: str):
    """A page whose version is whole on the device."""
    page = new_page(service_workers="allow")
    open_ready(page, address)
    page.wait_for_selector("[data-kept=true]", state="attached")
    return page


def test_after_the_first_load_no_network_is_needed(new_page, address, drawings, recogniser):
    """Offline, the page opens, guesses with the same model, shows its other screens, and is as isolated as online."""
    page = open_kept(new_page, address)
    page.context.set_offline(True)
    page.goto(f"{address}#/how")
    page.wait_for_selector("[data-screen=how]")
    page.reload()
    page.wait_for_selector("[data-screen=how]")
    page.click("[data-way=draw]")
    page.wait_for_selector("[data-state=ready][data-loaded=full][data-where=device]")
    assert page.evaluate("crossOriginIsolated")
    replay(page, drawings["house"], speed=ANY_SPEED)
    best = recogniser(recorded(page))[0]
    assert settled_guesses(page)[0] == pytest.approx(best, abs=1e-3)


def test_a_static_site_works_offline_too(new_page, host, drawings):
    """From a plain file server below a path, without one header of ours."""
    page = open_kept(new_page, host.address)
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("[data-state=ready][data-loaded=full]")
    replay(page, drawings["star"], speed=ANY_SPEED)
    assert len(settled_guesses(page)) == 5


def test_a_new_version_is_offered_and_taken_whole(new_page, host, sites, drawings):
    """The old page meets neither the new model nor the new page until somebody says yes; the drawing is still there then."""
    first, second = (json.loads((site / "api/v1/model").read_text())["sha256"] for site in sites)
    page = open_kept(new_page, host.address)
    replay(page, drawings["house"], speed=ANY_SPEED)
    drawn = recorded(page)
    host.folder = sites[1]
    page.evaluate(RETURNED)
    page.wait_for_selector("[data-update]")
    other = page.context.new_page()
    for old in (page, other):
        if old is other:
            open_ready(other, host.address)
        assert (old.evaluate(MODEL), old.evaluate(PAGE)) == (first, "first")
    other.close()
    with page.expect_navigation():
        page.click("[data-action=update]")
    page.wait_for_selector("[data-state=ready][data-loaded=full]")
    assert (page.evaluate(MODEL), page.evaluate(PAGE)) == (second, "second")
    assert [stroke[:2] for stroke in recorded(page)] == [stroke[:2] for stroke in drawn]
    assert len(settled_guesses(page)) == 5
    assert page.locator("[data-update]").count() == 0
    assert len(page.evaluate("caches.keys()")) == 1


def test_half_of_a_new_version_is_none(new_page, host, sites, tmp_path):
    """While a new site is being copied to its place, nothing is offered, and the old version works offline as before."""
    page = open_kept(new_page, host.address)
    half = tmp_path / "half"
    shutil.copytree(sites[0], half)
    for name in ("page-version.js", "model-version.js"):
        shutil.copy(sites[1] / name, half / name)
    host.folder = half
    refused = page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.ready
          const fresh = await new Promise((resolve) => {
            registration.addEventListener('updatefound', () => resolve(registration.installing))
            void registration.update()
          })
          await new Promise((resolve) => fresh.addEventListener('statechange', resolve))
          return fresh.state
        }"""
    )
    assert refused == "redundant"
    assert page.locator("[data-update]").count() == 0
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("[data-state=ready][data-loaded=full]")
