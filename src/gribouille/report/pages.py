"""A report as pages: its values in, one HTML file a language out, with its style, its script and its pictures in it."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from gribouille.checkpoint import write_text
from gribouille.documents.page import definitions, figure, note, page
from gribouille.documents.plots import svg_of
from gribouille.documents.words import LANGUAGES, THIN, Language, count, decimal, share
from gribouille.report import figures
from gribouille.report.contents import WHOLE, Bar, Model, Report
from gribouille.report.figures import HEIGHT, WIDTH
from gribouille.report.measures import MEASURES
from gribouille.report.parts import FEW, bars, card, drawing, drawings, estimate, legend, p_value, points, table
from gribouille.report.texts import Words

FILES: dict[Language, str] = {"en": "report.html", "fr": "report.fr.html"}
JSON = "report.json"
LEAST = 10  # drawings of a country that is shown
SECTIONS = (
    *("in short", "drawing", "training", "words", "confusion", "calibration", "strokes", "extremes", "mistakes"),
    *("comparison", "together", "about"),
)
SCRIPTED = (
    "cell",
    "cell right",
    "cell other",
    "confusion label",
    "matches",
    "show all",
    "show fewer",
)  # texts of report.js


def write_pages(report: Report, out: Path) -> list[Path]:
    """Writes the page of each language into a folder; the files."""
    found = []
    for language in LANGUAGES:
        text = html(report, language)
        found.append(out / FILES[language])
        write_text(found[-1], text)
    return found


def write_json(report: Report, out: Path) -> Path:
    """Writes the report as JSON into a folder; the file."""
    text = json.dumps(report.to_dict(), ensure_ascii=False, allow_nan=False)
    write_text(out / JSON, text)
    return out / JSON


def html(report: Report, language: Language) -> str:
    """The page of a language."""
    words = Words(language)
    return "\n".join(page(words["title"], language, _content(report, words), _asset("report.css")))


def _asset(name: str) -> str:
    return (files("gribouille") / "report" / "assets" / name).read_text(encoding="utf-8")


def _content(report: Report, words: Words) -> Iterator[str]:
    other: Language = "fr" if words.language == "en" else "en"
    names = ", ".join(model.name for model in report.models)
    summary = words["summary"].format(
        models=names, n=count(report.drawings, words.language), of=count(report.of, words.language), split=report.split
    )
    there = f'<a href="{FILES[other]}" hreflang="{other}" lang="{other}">{escape(words["other language"])}</a>'
    yield f'<p class="lead">{escape(summary)} {there}</p>'
    links = "".join(f'<li><a href="#{_id(name)}">{escape(words[name])}</a></li>' for name in SECTIONS)
    yield f'<nav aria-label="{escape(words["contents"])}"><ul>{links}</ul></nav>'
    for name in SECTIONS:
        body = "\n".join(_SECTIONS[name](report, words))
        yield f'<section id="{_id(name)}">\n<h2>{escape(words[name])}</h2>\n{body}\n</section>'
    yield f'<script type="application/json" id="values">{_values(report, words)}</script>'
    yield f"<script>{_asset('report.js')}</script>"


def _id(name: str) -> str:
    return name.replace(" ", "-")


def _values(report: Report, words: Words) -> str:
    """What the script draws: numbers of `Report.to_dict`, in few bytes."""
    found = {
        "language": words.language,
        "words": [words.word(label) for label in report.order],
        "models": [
            {"name": model.name, "cells": [n for cell in model.confusion.cells for n in cell], "of": model.confusion.of}
            for model in report.models
        ],
        "texts": {name: words[name] for name in SCRIPTED},
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _in_short(report: Report, words: Words) -> Iterator[str]:
    yield _group(report, words)
    tiles = "".join(_tile(place, model, report.group, words) for place, model in enumerate(report.models))
    yield f'<ul class="heads">{tiles}</ul>'
    opened = False
    for group in ("natural mix", "recognized", "all rows"):
        found = [model.headlines[group] for model in report.models]
        n = found[0]["top1"].n
        caption = f"<b>{escape(words[group])}</b>, {drawings(n, words)} – {escape(words[f'{group} note'])}"
        if not n:
            yield f'<p class="note">{caption}. {escape(words["no drawings"])}</p>'
            continue
        rows = [[escape(words[name]), *(estimate(each[name], name, words) for each in found)] for name in MEASURES]
        shown = table("", [words["measure"], *(model.name for model in report.models)], rows, words[group])
        yield f"<details{'' if opened else ' open'}><summary>{caption}</summary>{shown}</details>"
        opened = True
    fitted = words["temperature fitted"].format(n=count(report.calibrated_on, words.language))
    yield note(words["in short note"])
    yield note(fitted if report.calibrated_on else words["no temperature"])


def _group(report: Report, words: Words) -> str:
    """Which drawings tiles and comparisons are about."""
    n = report.models[0].headlines[report.group]["top1"].n
    return note(f"{words[report.group]}, {drawings(n, words)}")


def _tile(place: int, model: Model, group: str, words: Words) -> str:
    """What a model is worth on these drawings, at a glance."""
    found = model.headlines[group]
    shares = "".join(
        f"<div><dt>{escape(words[name])}</dt><dd>{estimate(found[name], name, words)}</dd></div>"
        for name in ("top1", "map3")
    )
    return f'<li style="--c:{figures.colour(place)}"><h3>{escape(model.name)}</h3><dl>{shares}</dl></li>'


def _drawing(report: Report, words: Words) -> Iterator[str]:
    yield legend([model.name for model in report.models])
    yield '<div class="pair">'
    yield _plot(figures.while_drawing, report, words, "drawing", "drawing caption")
    yield _plot(figures.stays, report, words, "drawing", "stays caption")
    yield "</div>"
    lines = "".join(f"<li>{escape(_half(model, words))}</li>" for model in report.models)
    yield f"<ul>{lines}</ul>"


def _half(model: Model, words: Words) -> str:
    never = share(1 - model.moments[-1].stays, words.language)
    half = next((one.fraction for one in model.moments if one.stays >= 0.5), None)
    if half is None:
        return words["stays never half"].format(name=model.name, never=never)
    return words["stays half"].format(name=model.name, ink=_whole(half, words), never=never)


def _whole(value: float, words: Words) -> str:
    return f"{decimal(100 * value, words.language, 0)}{THIN}%"


def _training(report: Report, words: Words) -> Iterator[str]:
    without = [model.name for model in report.models if not model.epochs]
    if len(without) == len(report.models):
        yield note(words["no training"])
        return
    yield '<div class="pair">'
    yield _plot(figures.loss, report, words, "loss", "training caption")
    yield _plot(figures.validation, report, words, "validation", "training caption")
    yield "</div>"
    yield note(words["validation same" if report.split == "validation" else "validation apart"])
    if without:
        yield note(words["some training"].format(names=", ".join(without)))


def _plot(draw: "figures.Draw", report: Report, words: Words, title: str, caption: str) -> str:
    drawn = partial(draw, models=report.models, words=words)
    return figure(svg_of(drawn, words[title], HEIGHT, WIDTH), words[caption])


def _words(report: Report, words: Words) -> Iterator[str]:
    names = [model.name for model in report.models]
    yield note(words["words note"])
    orders = "".join(
        f'<option value="{kind} {place}">{escape(words[f"sort {kind}"].format(name=name))}</option>'
        for place, name in enumerate(names)
        for kind in ("worst", "best")
    )
    yield (
        f'<div class="tools"><label>{escape(words["search"])}<input id="search" type="search" autocomplete="off"></label>'
        f'<label>{escape(words["sort"])}<select id="sort">{orders}<option value="word 0">{escape(words["sort word"])}</option>'
        f'</select></label></div><p id="matches" role="status"></p>{legend(names)}'
    )
    sides = [(model.name, model.classes) for model in report.models]
    yield f'<ol class="bars" id="bars">{bars(sides, words, translated=True)}</ol>'
    yield '<button type="button" id="more" hidden></button>'


def _confusion(report: Report, words: Words) -> Iterator[str]:
    yield note(words["confusion note"])
    models = "".join(
        f'<option value="{place}">{escape(model.name)}</option>' for place, model in enumerate(report.models)
    )
    options = "".join(f'<option value="{escape(words.word(label), quote=True)}">' for label in report.order)
    buttons = "".join(
        f'<button type="button" data-zoom="{how}" aria-label="{escape(words[name], quote=True)}">{sign}</button>'
        for how, name, sign in (("in", "zoom in", "+"), ("out", "zoom out", "−"), ("whole", "whole", "⤢"))
    )
    yield '<div class="beside"><div>'
    yield (
        f'<div class="tools"><label>{escape(words["model"])}<select id="matrix-model">{models}</select></label>'
        f'<label>{escape(words["go to"])}<input id="go-to" list="all-words" autocomplete="off"></label>'
        f'<datalist id="all-words">{options}</datalist><span class="zoom">{buttons}</span></div>'
        '<div class="matrix"><canvas id="matrix" tabindex="0" role="application" aria-describedby="matrix-help"></canvas></div>'
        '<p id="cell" role="status"></p>'
        f'<p class="note" id="matrix-help">{escape(words["confusion help"])}</p>'
    )
    yield f"</div><div><h3>{escape(words['pairs'])}</h3>"
    heads = [words["drawn"], words["taken for"], words["of drawings"]]
    for place, model in enumerate(report.models):
        rows = [
            [
                escape(words.word(pair.word)),
                escape(words.word(pair.taken_for)),
                f"{count(pair.drawings, words.language)} / {count(pair.of, words.language)}",
            ]
            for pair in model.confusion.pairs
        ]
        opened = " open" if place == 0 else ""
        shown = table("", heads, rows, f"{words['pairs']}: {model.name}")
        yield f"<details{opened}><summary>{escape(model.name)}</summary>{shown}</details>"
    yield "</div></div>"


def _calibration(report: Report, words: Words) -> Iterator[str]:
    yield '<div class="pair">'
    for model in report.models:
        found = model.headlines[WHOLE]
        text = words["calibration caption"].format(
            temperature=decimal(model.temperature, words.language, 2),
            before=share(found["error"].value, words.language),
            after=share(found["error_tempered"].value, words.language),
        )
        svg = svg_of(
            partial(figures.reliability, model=model, words=words), f"{words['calibration']} {model.name}", 4.2, WIDTH
        )
        yield f"<div><h3>{escape(model.name)}</h3>{figure(svg, text)}</div>"
    yield "</div>"


def _strokes(report: Report, words: Words) -> Iterator[str]:
    names = [model.name for model in report.models]
    found = bars([(model.name, model.strokes) for model in report.models], words)
    yield f"<h3>{escape(words['by strokes'])}</h3>{legend(names)}<ol class=bars>{found}</ol>"
    yield f"<h3>{escape(words['countries'])}</h3>"
    hidden = [bar.name for bar in report.models[0].countries if bar.top1.n < LEAST]
    left_out = ", ".join(hidden) or "–"
    yield note(words["countries note"].format(few=FEW, least=LEAST, hidden=left_out))
    sides = [
        (model.name, sorted((bar for bar in model.countries if bar.top1.n >= LEAST), key=_most))
        for model in report.models
    ]
    yield f"<ol class=bars>{bars(sides, words)}</ol>"


def _most(bar: Bar) -> tuple[int, str]:
    return -bar.top1.n, bar.name


def _extremes(report: Report, words: Words) -> Iterator[str]:
    yield note(words["extremes note"])
    yield from _by_model(report, words, "extremes-of", [_extremes_of(model, words) for model in report.models])


def _extremes_of(model: Model, words: Words) -> str:
    parts = []
    for kind, extremes in (("worst", model.worst), ("best", model.best)):
        lines = []
        for each in extremes:
            tiles = "".join(
                f"<li{'' if word == each.bar.name else ' class=no'}>{drawing(shown, words.word(shown.word))}"
                f"<small>{'' if word == each.bar.name else escape(words.word(word))}</small></li>"
                for shown, word in each.drawings
            )
            found = estimate(each.bar.top1, "top1", words)
            lines.append(
                f"<li><h4>{escape(words.word(each.bar.name))}</h4>"
                f"<p>{found} <small>{drawings(each.bar.top1.n, words)}</small></p>"
                f"<ul class=tiles>{tiles}</ul></li>"
            )
        parts.append(f"<h3>{escape(words[kind])}</h3><ul class=extremes>{''.join(lines)}</ul>")
    return "".join(parts)


def _mistakes(report: Report, words: Words) -> Iterator[str]:
    yield from _by_model(report, words, "gallery-of", [_gallery_of(model, words) for model in report.models])
    yield f"<h3>{escape(words['agreed'])}</h3>"
    if len(report.models) == 1:
        yield note(words["agreed one"])
    elif not report.agreed:
        yield note(words["agreed none"])
    else:
        yield note(words["agreed note"])
        cards = "".join(card(seen, words, with_names=True) for seen in report.agreed)
        yield f'<ul class="cards several">{cards}</ul>'


def _gallery_of(model: Model, words: Words) -> str:
    parts = [] if model.picture else [note(words["no picture"].format(name=model.name))]
    for kind, seen in (("confident", model.gallery.confident), ("random", model.gallery.random)):
        cards = "".join(card([one], words, with_names=False) for one in seen)
        parts.append(f'<h3>{escape(words[kind])}</h3><ul class="cards">{cards}</ul>')
    return "".join(parts)


def _by_model(report: Report, words: Words, name: str, contents: list[str]) -> Iterator[str]:
    """What there is of each model, one at a time where there are several."""
    if len(contents) > 1:
        options = "".join(
            f'<option value="{place}">{escape(model.name)}</option>' for place, model in enumerate(report.models)
        )
        yield f'<div class="tools"><label>{escape(words["model"])}<select data-shows="{name}">{options}</select></label></div>'
    for place, content in enumerate(contents):
        yield f'<div data-of="{name}"{" hidden" if place else ""}>{content}</div>'


def _comparison(report: Report, words: Words) -> Iterator[str]:
    if not report.comparisons:
        yield note(words["one model"])
        return
    heads = [words[name] for name in ("pair", "top1", "map3", "only first", "only second", "p")]
    rows = [
        [
            f"{escape(one.one)} → {escape(one.other)}",
            points(one.top1, words),
            points(one.map3, words),
            count(one.only_one, words.language),
            count(one.only_other, words.language),
            p_value(one.p, words),
        ]
        for one in report.comparisons
    ]
    yield _group(report, words)
    yield table("", heads, rows, words["comparison"])
    yield note(words["comparison note"])


def _together(report: Report, words: Words) -> Iterator[str]:
    found = report.correlation
    if found is None:
        yield note(words["one model"])
        return
    yield note(words["together note"])
    rows = [
        [escape(name), *(_heat(value, words) for value in row)]
        for name, row in zip(found["names"], found["errors"], strict=True)
    ]
    yield '<div class="pair">'
    yield table("", ["φ", *found["names"]], rows, words["together"])
    scores = [(words["nobody"], found["mean"]), *zip(found["names"], found["without"], strict=True)]
    rows = [[escape(name), *_scores(score, words)] for name, score in scores]
    yield table(escape(words["without note"]), [words["left out"], words["top1"], words["map3"]], rows)
    rows = [[escape(step["name"]), *_scores(step, words)] for step in found["greedy"]]
    yield table(escape(words["greedy"]), [words["taken"], words["top1"], words["map3"]], rows)
    yield "</div>"


def _scores(score: Mapping[str, Any], words: Words) -> list[str]:
    return [share(score[name], words.language) for name in ("top1", "map3")]


def _heat(value: float | None, words: Words) -> str:
    if value is None:
        return "–"
    return f'<span class="heat" style="--v:{max(0.0, value):.2f}">{decimal(value, words.language, 2)}</span>'


def _about(report: Report, words: Words) -> Iterator[str]:
    yield note(words["labels note"])
    models = [
        words["knows"].format(path=model.path, words=model.words, picture=model.picture or words["points"])
        for model in report.models
    ]
    lines = {
        words["store"]: report.store,
        words["split"]: report.split,
        words["models"]: " · ".join(models),
        words["seed"]: str(report.seed),
        words["commit"]: report.commit,
        words["by command"]: f"{report.command} --out DIR",
    }
    yield definitions(lines)


_SECTIONS = {
    "in short": _in_short,
    "drawing": _drawing,
    "training": _training,
    "words": _words,
    "confusion": _confusion,
    "calibration": _calibration,
    "strokes": _strokes,
    "extremes": _extremes,
    "mistakes": _mistakes,
    "comparison": _comparison,
    "together": _together,
    "about": _about,
}
