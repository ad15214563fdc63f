"""The report: what it says is what was counted, in both languages, in one file that needs no other."""

import json
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from judged import EPOCHS, LABELS, OTHER, judged

from gribouille.evaluate import EvaluateOptions, evaluate
from gribouille.predict import predictor_of
from gribouille.report import Report, ReportOptions, gather, write_pages
from gribouille.report.confusion import order_of
from gribouille.report.gallery import Asked
from gribouille.report.gathering import names_of
from gribouille.report.measures import calibration, likelihood
from gribouille.report.pages import html
from gribouille.report.texts import TEXTS
from gribouille.store import Store

FORMATTED = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> tuple[Store, list[Path]]:
    """The store and the models."""
    return judged(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def report(asked) -> Report:
    """The report on all of them."""
    store, paths = asked
    return gather(paths, store, ReportOptions(drawings=0))


class Reader(HTMLParser):
    """What a page names, and what it says in all."""

    def __init__(self):
        super().__init__()
        self.addresses, self.ids, self.named = [], [], []

    def handle_starttag(self, tag, attrs):
        """Keep what a tag refers to and how it is called."""
        values = dict(attrs)
        self.addresses += [values[name] for name in ("src", "href", "srcset", "action", "xlink:href") if name in values]
        self.ids += [values["id"]] if "id" in values else []
        if tag == "svg" or tag == "img":
            self.named.append(values.get("aria-label") or values.get("alt"))


def test_languages_say_the_same():
    """The same texts in both, with the same places for numbers; none is empty."""
    assert TEXTS["en"].keys() == TEXTS["fr"].keys()
    for name, text in TEXTS["en"].items():
        assert sorted(FORMATTED.findall(text)) == sorted(FORMATTED.findall(TEXTS["fr"][name])), name
        assert text, name


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_page_needs_no_network(report, language):
    """It names nothing but parts of itself, pictures in it, and the page in the other language; pictures have names."""
    text = html(report, language)
    reader = Reader()
    reader.feed(text)
    for address in reader.addresses:
        assert address.startswith(("#", "data:image/png;base64,")) or address in ("report.html", "report.fr.html")
    assert {address[1:] for address in reader.addresses if address.startswith("#")} <= set(reader.ids)
    assert all(reader.named)
    assert not re.search(r"url\(\s*['\"]?http|@import|fetch\(|XMLHttpRequest|import\(", text)


def test_the_same_bytes_twice(asked, report, tmp_path):
    """A report of the same models on the same drawings is the same file."""
    store, paths = asked
    pages = write_pages(report, tmp_path / "one")
    again = write_pages(gather(paths, store, ReportOptions(drawings=0)), tmp_path / "two")
    assert [page.read_bytes() for page in pages] == [page.read_bytes() for page in again]


def test_it_says_what_evaluate_counts(asked, report):
    """Headlines, words, moments and confusions of each model are those of its evaluation."""
    store, paths = asked
    for path, model in zip(paths, report.models, strict=True):
        evaluation = evaluate(predictor_of(path), store, EvaluateOptions())
        for group, found in model.headlines.items():
            tally = evaluation.group(group)
            assert found["top1"].value == pytest.approx(tally.finished.top1, nan_ok=True)
            assert found["map3"].value == pytest.approx(tally.finished.map3, nan_ok=True)
            assert found["nll"].value == pytest.approx(tally.reliability.nll, nan_ok=True, abs=1e-6)
            assert found["error"].value == pytest.approx(tally.reliability.error, nan_ok=True, abs=1e-6)
            assert found["error_tempered"].value == pytest.approx(tally.tempered.error, nan_ok=True, abs=1e-6)
        whole = evaluation.group("all rows")
        assert {bar.name: bar.top1.value for bar in model.classes} == evaluation.per_class("all rows")
        assert model.moments[-1].top1.value == model.headlines["all rows"]["top1"].value
        assert sum(n for row, column, n in model.confusion.cells) == whole.finished.n == report.drawings
        assert sum(n for row, column, n in model.confusion.cells if row == column) == whole.finished.first.sum()


def test_words_that_only_a_model_knows_are_wrong(asked, report):
    """Its own extra word has a column after the store's, and mistakes name it."""
    store, paths = asked
    evaluation, model = evaluate(predictor_of(paths[2]), store, EvaluateOptions()), report.models[2]
    taken = evaluation.group("all rows").confusion[:, evaluation.labels.index(OTHER)].sum()
    assert sum(n for _, column, n in model.confusion.cells if column == len(LABELS)) == taken
    shown = [seen.guesses for seen in (*model.gallery.confident, *model.gallery.random)]
    assert taken == 0 or any(guess.word == OTHER for guesses in shown for guess in guesses)
    assert all(sum(guess.probability for guess in guesses) <= 1 + 1e-5 for guesses in shown)


def test_galleries_show_mistakes(report):
    """Every card's first guess is not the word asked for, the surest ones lead, and of agreed ones all models' are the same."""
    for model in report.models:
        surest = [seen.guesses[0].probability for seen in model.gallery.confident]
        assert surest == sorted(surest, reverse=True)
        for seen in (*model.gallery.confident, *model.gallery.random):
            assert seen.guesses[0].word != seen.drawing.word
            assert seen.place > 1
            assert bool(seen.picture) == (model.name != "strokes")
    for cards in report.agreed:
        assert len(cards) == len(report.models)
        assert len({seen.guesses[0].word for seen in cards}) == 1


def test_curves_are_the_logs_or_said_to_be_missing(asked, report):
    """A run has its epochs; a page on a model file alone has no curve and says so, and nothing to compare."""
    store, paths = asked
    assert [len(model.epochs) for model in report.models] == [EPOCHS, EPOCHS, 0]
    assert TEXTS["en"]["some training"].format(names="file") in html(report, "en")
    alone = html(gather(paths[2:], store, ReportOptions(drawings=5)), "en")
    assert escape(TEXTS["en"]["no training"]) in alone
    assert TEXTS["en"]["one model"] in alone
    assert TEXTS["en"]["drawings seen"] not in alone


def test_json_is_the_page(asked, report, gribouille, tmp_path):
    """`--json` prints the report, and the page's script draws from the same numbers."""
    store, paths = asked
    code, out, _ = gribouille("report", *paths, store.path, "--drawings", "0", "--json")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(report.to_dict()))
    code, out, _ = gribouille("report", *paths, store.path, "--drawings", "0", "--json", "--out", tmp_path)
    assert code == 0
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    values = json.loads(re.search(r'<script type="application/json" id="values">(.*?)</script>', page)[1])
    for shown, model in zip(values["models"], written["models"], strict=True):
        cells = np.reshape(shown["cells"], (-1, 3)).tolist()
        assert (shown["name"], cells, shown["of"]) == (
            model["name"],
            model["confusion"]["cells"],
            model["confusion"]["of"],
        )
    top1 = written["models"][0]["headlines"]["all rows"]["top1"]["value"]
    assert f"<b>{100 * top1:.1f}\N{NARROW NO-BREAK SPACE}%</b>" in page


@pytest.mark.parametrize(
    ("arguments", "said"), [([], "STORE"), (["MODEL"], "RUN|MODEL… STORE"), (["MODEL", "STORE"], "--out DIR or --json")]
)
def test_what_is_missing_is_named(asked, gribouille, arguments, said):
    """A command line without a store, a model or a place to write is refused with what it lacks."""
    store, paths = asked
    places = {"MODEL": paths[2], "STORE": store.path}
    code, _, err = gribouille("report", *(places[name] for name in arguments))
    assert code == 2
    assert said in err


def test_names_tell_models_apart(tmp_path):
    """As short as it goes; the same model twice is refused."""
    paths = [tmp_path / "0" / "fixed", tmp_path / "1" / "fixed"]
    assert names_of(paths) == ["0/fixed", "1/fixed"]
    assert names_of([tmp_path / "small.onnx", tmp_path / "v1.2"]) == ["small", "v1.2"]
    with pytest.raises(ValueError, match="expected each once"):
        names_of([paths[0], paths[0]])


def test_confused_words_stand_together():
    """Words that are held for each other are neighbours in the order, wherever they stood."""
    label = np.arange(6)
    probabilities = np.full((6, 7), 0.01, np.float32)
    for one, other in ((0, 3), (1, 4), (2, 5)):
        probabilities[one, other] = probabilities[other, one] = 0.4
    order = order_of([Asked("", None, probabilities, label, ("",) * 6)]).tolist()
    assert sorted(order) == label.tolist()
    for one, other in ((0, 3), (1, 4), (2, 5)):
        assert abs(order.index(one) - order.index(other)) == 1


def test_estimates_lie_in_their_intervals():
    """Likelihood and calibration error of random guesses, and of none."""
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(5), 200).astype(np.float32)
    label = generator.integers(0, 5, 200)
    for measure in (likelihood, calibration):
        found = measure(probabilities, label)
        assert found.low < found.value < found.high
        assert found.n == 200
        assert np.isnan(measure(probabilities[:0], label[:0]).value)
