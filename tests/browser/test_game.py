"""The game in a real browser: matches with words of one's own list, so that every match is known beforehand."""

import pytest
from browser_page import open_ready, replay

FAST = 8  # times as fast as it was drawn
MINUTES = 600_000  # ms


@pytest.fixture
def play(new_page, address):
    """Opens the game, in a browser with a clock that a test can set forward."""

    def open_game(**options):
        page = new_page(**options)
        page.clock.install()
        open_ready(page, f"{address}#/play")
        page.wait_for_selector("[data-phase=setup]")
        return page

    return open_game


def choose(page, **answers):
    """Answers the questions before a match."""
    for question, answer in answers.items():
        if question in ("rounds", "seconds") and not page.locator("details[open]").count():
            page.click("summary")
        page.check(f"[data-choice={question}] [data-answer='{answer}']", force=True)


def begin(page, words, **answers):
    """Begins a match with exactly these words, up to the first one."""
    choose(page, list="own", **answers)
    page.fill("[data-own-words]", words)
    page.click("[data-action=play]")


def asked(page):
    """The English name of the word that is asked for."""
    return page.get_attribute("[data-word]", "data-word")


def draw_until_found(page, drawings):
    """Starts a turn and draws its word until the computer knows it."""
    word = asked(page)
    page.click("[data-action=start]")
    replay(page, drawings[word], speed=FAST)
    page.wait_for_selector("[data-phase=over] [data-outcome=found]")
    return word


def wait_announced(page, words):
    """Waits until a screen reader was told something with these words."""
    page.wait_for_function("words => document.querySelector('[data-announced]').textContent.includes(words)", arg=words)


def test_a_match_from_the_first_word_to_a_new_best_time(play, drawings):
    """A word is announced, drawn and found; the drawing may be finished; the results show and replay it; the next match with
    a better time says so."""
    page = play()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    begin(page, "a House")
    page.wait_for_selector("[data-phase=ready]")
    assert "Draw " in page.inner_text("h2")
    wait_announced(page, "Draw ")
    page.click("[data-action=start]")
    page.clock.fast_forward(5000)  # a slow start, to be beaten
    replay(page, drawings["house"], speed=FAST)
    page.wait_for_selector("[data-outcome=found]")
    wait_announced(page, "I know")
    page.click("[data-action=finish]")
    box = page.locator("[data-paper]").bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 60)
    page.click("[data-action=next]")
    page.wait_for_selector("[data-phase=results]")
    assert page.evaluate("document.activeElement.textContent") == "I recognised all of it!"
    card = page.locator("[data-turn=house][data-outcome=found]")
    strokes = len(drawings["house"]) + 1
    assert card.locator("[role=img] path").count() == strokes
    card.locator("[data-action=replay]").click()
    page.wait_for_function(
        "strokes => document.querySelectorAll('[data-turn] [role=img] path').length < strokes", arg=strokes
    )
    page.clock.fast_forward(MINUTES)
    page.wait_for_selector("[data-replaying=false]")
    assert card.locator("[role=img] path").count() == strokes
    assert page.locator("[data-new-best-time]").count() == 0
    page.click("[data-action=again]")
    draw_until_found(page, drawings)
    page.click("[data-action=next]")
    page.wait_for_selector("[data-new-best-time]")
    assert errors == []


def test_time_runs_out_only_while_one_looks(play):
    """The clock is read out at 10 and 5 seconds, stands still while the page is hidden or another screen is open, and its end
    is said in words, with what the computer saw."""
    page = play()
    begin(page, "house, snowman")
    page.wait_for_selector("[data-phase=ready]")
    page.clock.fast_forward(3000)
    page.wait_for_selector("[data-phase=drawing]")
    page.clock.fast_forward(10_500)
    wait_announced(page, "10 seconds left")
    page.evaluate(
        """() => {
          Object.defineProperty(document, 'hidden', { value: true, configurable: true })
          document.dispatchEvent(new Event('visibilitychange'))
          delete document.hidden
        }"""
    )
    page.wait_for_selector("[data-paused]")
    page.clock.fast_forward(MINUTES)
    page.click("[data-action=resume]")
    page.mouse.click(*(page.locator("[data-paper]").bounding_box()[side] + 80 for side in ("x", "y")))
    page.click("[data-way=how]")
    page.wait_for_selector("[data-screen=play]", state="detached")
    page.clock.fast_forward(MINUTES)
    page.click("[data-way=play]")
    page.click("[data-action=resume]")
    page.clock.fast_forward(5000)
    wait_announced(page, "5 seconds left")
    page.clock.fast_forward(5000)
    page.wait_for_selector("[data-outcome=timeUp]")
    wait_announced(page, "Time’s up!")
    page.click("[data-action=next]")
    page.wait_for_selector("[data-phase=ready]")
    assert "2 of 2" in page.inner_text("[data-round]")


def test_relaxed_and_by_keyboard_alone(play):
    """Without a clock nothing hurries, and Enter leads from the first word to the results."""
    page = play()
    begin(page, "house, snowman", seconds="null")
    for _ in range(2):
        page.wait_for_selector("[data-phase=ready]")
        page.clock.fast_forward(MINUTES)
        assert page.evaluate("document.activeElement.dataset.action") == "start"
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-phase=drawing]")
        page.clock.fast_forward(MINUTES)
        assert page.locator("[data-clock]").count() == 0
        page.focus("[data-action=skip]")
        page.keyboard.press("Enter")
    page.wait_for_selector("[data-phase=results]")
    assert page.locator("[data-outcome=skipped]").count() == 2
    page.focus("[data-action=change]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-phase=setup] h2:focus")


def test_two_players_in_french(play, drawings):
    """Two take turns on one device, the word hidden until the next one has it; the one who was found wins."""
    page = play(locale="fr-CA", viewport={"width": 390, "height": 844})
    choose(page, players=2)
    page.fill("[data-name='0']", "Ada")
    begin(page, "une maison\nles bonshommes de neige\nbonhomme de neige")
    page.wait_for_selector("[data-phase=pass]")
    assert page.locator("[data-word]").count() == 0
    page.get_by_role("heading", name="Ada, à toi").wait_for()
    page.click("[data-action=take-over]")
    draw_until_found(page, drawings)
    page.click("[data-action=next]")
    page.get_by_role("heading", name="Joueur 2, à toi").wait_for()
    page.click("[data-action=take-over]")
    page.click("[data-action=skip]")
    page.get_by_role("heading", name="Ada gagne").wait_for()
    rows = page.locator("tbody tr")
    assert [rows.nth(place).get_attribute("data-found") for place in range(2)] == ["1", "0"]


def test_a_list_of_ones_own_is_corrected_saved_and_found_again(play, address):
    """A word that nobody knows is named with the nearest ones; the list is kept under its name, and so are the choices."""
    page = play()
    choose(page, list="own", rounds=3)
    page.fill("[data-own-words]", "cat\nhosue")
    page.click("[data-unknown=hosue] [data-near=house]")
    assert page.input_value("[data-own-words]") == "cat\nhouse"
    page.wait_for_selector("[data-understood='2']")
    page.fill("[data-list-name]", "Mine")
    page.click("[data-action=save-list]")
    page.fill("[data-own-words]", "sun")
    page.reload()
    page.wait_for_selector("[data-phase=setup]")
    page.click("[data-list=Mine]")
    assert page.input_value("[data-own-words]") == "cat\nhouse"
    assert page.locator("[data-choice=rounds] [data-answer='3']").is_checked()


def test_a_model_that_nobody_measured_has_no_difficulties(new_page, address):
    """Without accuracies word by word, easy, medium and hard are not offered, and there is a game all the same."""

    def without_accuracies(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "accuracies": None})

    page = new_page()
    page.route("**/api/v1/model", without_accuracies)
    open_ready(page, f"{address}#/play")
    offered = page.locator("[data-choice=list] [data-answer]")
    assert offered.evaluate_all("all => all.map(({ dataset }) => dataset.answer)") == ["all", "children", "own"]
    page.click("[data-action=play]")
    page.wait_for_selector("[data-phase=ready] [data-word]")
