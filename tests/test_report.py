"""The report: what it says is what was counted, in both languages, in one file that needs no other."""

import json
import re
import shlex
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from judged import EPOCHS, LABELS, MANY, OTHER, judged, knows_more

from gribouille.answers import Answers
from gribouille.ensemble.correlation import correlation
from gribouille.evaluate import EvaluateOptions, evaluate
from gribouille.evaluation import Tally
from gribouille.metrics import count, reliability, tempered
from gribouille.predict import predictor_of
from gribouille.report import Report, ReportOptions, gather, write_pages
from gribouille.report.confusion import order_of
from gribouille.report.contents import MODELS
from gribouille.report.figures import COLOURS, MARKERS
from gribouille.report.gallery import Asked
from gribouille.report.gathering import command_of, names_of
from gribouille.report.measures import headline, surprises
from gribouille.report.pages import html
from gribouille.report.parts import estimate
from gribouille.report.texts import TEXTS, Words
from gribouille.store import Store, select

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


def test_a_model_that_knows_many_more_words(asked, tmp_path):
    """Its guesses, places and common errors are those of its own probabilities of all its words, not of the store's alone."""
    store, paths = asked
    path = knows_more(tmp_path / "more.onnx")
    found = gather([path, paths[0]], store, ReportOptions(drawings=0))
    model, parts = found.models[0], []
    evaluation = evaluate(predictor_of(path), store, watch=lambda *part: parts.append(part))
    answers = Answers.joined(evaluation.labels, parts)
    place = {row: place for place, row in enumerate(answers.rows.tolist())}
    assert model.words == len(LABELS) + MANY
    assert found.correlation["members"] == [
        {name: each.headlines["all rows"][name].value for name in ("top1", "map3")} for each in found.models
    ]
    shown = (*model.gallery.confident, *model.gallery.random)
    assert shown
    for seen in shown:
        said = dict(zip(answers.labels, answers.probabilities[place[seen.drawing.row]].tolist(), strict=True))
        ranked = sorted(said, key=said.__getitem__, reverse=True)
        assert [(guess.word, guess.probability) for guess in seen.guesses] == [
            (word, said[word]) for word in ranked[:3]
        ]
        assert (seen.right, seen.place) == (said[seen.drawing.word], ranked.index(seen.drawing.word) + 1)
    assert any(pair.taken_for not in LABELS for pair in model.confusion.pairs)
    parts.clear()
    smaller = evaluate(predictor_of(paths[0]), store, watch=lambda *part: parts.append(part))
    few = Answers.joined(smaller.labels, parts)
    padded = np.zeros_like(answers.probabilities)
    padded[:, [answers.labels.index(word) for word in few.labels]] = few.probabilities
    both = np.stack([answers.probabilities, padded])
    assert found.correlation == correlation(both, answers.label, [each.name for each in found.models]).to_dict()


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
    assert names_of([tmp_path / "a", tmp_path / "a.onnx"]) == ["a", "a.onnx"]
    assert names_of([tmp_path / "0" / "a.onnx", tmp_path / "1" / "a.onnx"]) == ["0/a", "1/a"]
    with pytest.raises(ValueError, match="expected each once"):
        names_of([paths[0], tmp_path / "1" / ".." / "0" / "fixed"])


def test_more_models_than_colours_are_refused(asked):
    """As many as colours and marks tell apart may stand in a report."""
    store, paths = asked
    assert MODELS == len(set(COLOURS)) == len(set(MARKERS))
    with pytest.raises(ValueError, match=r"report: expected at most 6 models, found 7"):
        gather(paths[2:] * 7, store, ReportOptions())


def test_a_model_that_lacks_a_word_is_refused_before_any_is_asked(asked, tmp_path):
    """Nobody waits for the first model's answers to hear that the second cannot be asked."""
    store, paths = asked
    lacking = knows_more(tmp_path / "lacking.onnx", LABELS[1:])
    heard = []
    with pytest.raises(ValueError, match=LABELS[0]):
        gather([paths[0], lacking], store, ReportOptions(), heard.append)
    assert heard == []


def test_the_command_makes_the_report(asked):
    """It names every option that is not the default, and the selection of a view; a shell takes it apart again."""
    store, _ = asked
    assert (
        command_of([Path("a b")], store, ReportOptions()) == f"gribouille report 'a b' {shlex.quote(str(store.path))}"
    )
    view = select(store, "strokes == 1", max_per_class=9)
    said = command_of([Path("a")], view, ReportOptions("validation", drawings=7, seed=2))
    assert shlex.split(said)[3:] == [
        *(str(store.path), "--split", "validation", "--drawings", "7", "--seed", "2"),
        *("--where", "strokes == 1", "--max-per-class", "9"),
    ]


def test_names_are_no_formulas(report):
    """A name with dollars and strokes is written as it is."""
    name = r"$\frac$_cost$"
    page = html(
        replace(report, models=tuple(replace(model, name=f"{name}{model.name}") for model in report.models)), "en"
    )
    assert page.count(name) > 10


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_said_is_true_of_the_case(asked, report, language):
    """Of the temperature, of validation drawings, and of the drawings that tiles and comparisons are about."""
    store, paths = asked
    texts = Words(language)
    on_validation = gather(paths[:1], store, ReportOptions("validation", drawings=9))
    page, other = html(report, language), html(on_validation, language)
    assert escape(texts["temperature fitted"].format(n=report.calibrated_on)) in page
    assert escape(texts["no temperature"]) in other
    assert on_validation.models[0].temperature == 1
    assert escape(texts["validation apart"]) in page
    assert escape(texts["validation same"]) in other
    assert report.group == "natural mix"
    assert {one.top1.n for one in report.comparisons} == {report.models[0].headlines["natural mix"]["top1"].n}
    assert estimate(report.models[0].headlines["natural mix"]["map3"], "map3", texts) in page


def test_without_a_natural_mix_all_rows_are_compared(report):
    """The report says which drawings tiles are of, and shows those."""
    page = html(replace(report, group="all rows"), "en")
    tiles = page[page.index('<ul class="heads">') :]
    tile = tiles[: tiles.index("</ul>")]
    for model in report.models:
        assert estimate(model.headlines["all rows"]["top1"], "top1", Words("en")) in tile


def test_confused_words_stand_together():
    """Words that are held for each other are neighbours in the order, wherever they stood."""
    label = np.arange(6)
    probabilities = np.full((6, 6), 0.01, np.float32)
    for one, other in ((0, 3), (1, 4), (2, 5)):
        probabilities[one, other] = probabilities[other, one] = 0.4
    order = order_of([Asked("", None, Answers(tuple("abcdef"), label, label, probabilities), label)]).tolist()
    assert sorted(order) == label.tolist()
    for one, other in ((0, 3), (1, 4), (2, 5)):
        assert abs(order.index(one) - order.index(other)) == 1


def test_estimates_lie_in_their_intervals():
    """Likelihoods of random guesses do, and are those of the answers; a calibration error has none; of nothing, all are nan."""
    generator = np.random.default_rng(0)
    labels = tuple("abcde")
    probabilities = generator.dirichlet(np.ones(5), 200).astype(np.float32)
    label = generator.integers(0, 5, 200)
    answers = Answers(labels, np.arange(200), label, probabilities)
    none = Tally.none(1, 5, 0)
    tally = replace(
        none,
        by_ink=(count(probabilities, label),),
        reliability=reliability(probabilities, label),
        tempered=reliability(tempered(probabilities, 2.0), label),
    )
    found = headline(tally, surprises(answers, 1.0), surprises(answers, 2.0))
    for name, temperature in (("nll", 1.0), ("nll_tempered", 2.0)):
        assert found[name].low < found[name].value < found[name].high
        assert found[name].value == pytest.approx(surprises(answers, temperature).mean())
    assert {one.n for one in found.values()} == {200}
    assert np.isnan(found["error"].low)
    assert estimate(found["error"], "error", Words("en")).startswith("<b>")
    assert "small" not in estimate(found["error"], "error", Words("en"))
    empty = headline(none, np.zeros(0), np.zeros(0))
    assert all(np.isnan(one.value) and one.n == 0 for one in empty.values())
