"""Parts of a report's page: drawings, bars, estimates and cards as HTML, in the language of the words given."""

import math
from collections.abc import Iterable, Sequence
from html import escape

from gribouille.documents.words import THIN, count, decimal, number, share
from gribouille.report.contents import Bar, Estimate, Seen, Shown
from gribouille.report.figures import colour
from gribouille.report.texts import Words

FEW = 30  # drawings, below which a share is greyed
IN_NATS = ("nll", "nll_tempered")
Side = tuple[str, Sequence[Bar]]  # a model's name and its bars


def estimate(one: Estimate, measure: str, words: Words) -> str:
    """A figure over its interval where it has one; a dash without drawings."""
    if not one.n:
        return "–"
    value, low, high = (
        (decimal(each, words.language, 3) if measure in IN_NATS else share(each, words.language))
        for each in (one.value, one.low, one.high)
    )
    if math.isnan(one.low):
        return f"<b>{value}</b>"
    return f"<b>{value}</b> <small>{low.removesuffix(f'{THIN}%')}–{high.removesuffix(f'{THIN}%')}</small>"


def drawings(n: int, words: Words) -> str:
    """How many drawings a figure rests on."""
    return f"n{THIN}={THIN}{count(n, words.language)}"


def points(one: Estimate, words: Words) -> str:
    """A difference of shares in percentage points, with its sign, over its interval."""
    value, low, high = (
        f"{'+' if each >= 0 else '−'}{decimal(abs(100 * each), words.language, 1)}"
        for each in (one.value, one.low, one.high)
    )
    return f"<b>{value}</b> <small>{low} … {high}</small>"


def p_value(p: float, words: Words) -> str:
    """A p-value, bounded from below."""
    return f"< {decimal(0.0001, words.language, 4)}" if p < 1e-4 else number(p, words.language, 2)


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], label: str = "") -> str:
    """A table whose cells are HTML, whose heads and caption are text; it scrolls sideways by itself where it must."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{cells[0]}</th>{"".join(f"<td>{cell}</td>" for cell in cells[1:])}</tr>' for cells in rows
    )
    shown = f"<caption>{caption}</caption>" if caption else ""
    name = escape(label or caption, quote=True)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{name}"><table>{shown}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def drawing(shown: Shown, label: str) -> str:
    """A drawing as SVG in the page's colour; `label` is for those who do not see it."""
    path = "".join(
        "M" + " ".join(f"{x},{y}" for x, y in zip(*stroke, strict=True)) + ("h0" if len(stroke[0]) == 1 else "")
        for stroke in shown.strokes
    )
    width, height = (max(max(stroke[axis]) for stroke in shown.strokes) for axis in (0, 1))
    left, top = (width - 275) / 2, (height - 275) / 2
    return (
        f'<svg class="drawing" role="img" aria-label="{escape(label, quote=True)}" viewBox="{left:g} {top:g} 275 275">'
        f'<path d="{path}"/></svg>'
    )


def bars(sides: Sequence[Side], words: Words, translated: bool = False) -> str:
    """A list of groups, the same of every model, of each a bar and its interval for every one; of words, their names in the
    page's language."""
    known = [{bar.name: bar.top1 for bar in side} for _, side in sides]
    return "\n".join(_row(name, [each[name] for each in known], words, translated) for name in known[0])


def legend(names: Sequence[str]) -> str:
    """Which colour is which model's; nothing for one."""
    if len(names) == 1:
        return ""
    keys = (f'<li style="--c:{colour(place)}">{escape(name)}</li>' for place, name in enumerate(names))
    return f'<ul class="legend">{"".join(keys)}</ul>'


def card(seen: Sequence[Seen], words: Words, with_names: bool) -> str:
    """A wrong prediction: the drawing, what each model saw of it and what it said."""
    shown = seen[0].drawing
    word = words.word(shown.word)
    key = words["key"].format(key=shown.key_id or f"#{shown.row}")
    said = "".join(_said(one, words, with_names) for one in seen)
    return (
        f'<li class="card"><h4><span>{escape(words["asked for"])}</span> {escape(word)}</h4>{drawing(shown, f"{word}, {key}")}'
        f"{said}<small>{escape(key)}</small></li>"
    )


def _said(seen: Seen, words: Words, with_name: bool) -> str:
    saw = words["saw"].format(name=seen.model)
    picture = (
        f'<img alt="{escape(saw, quote=True)}" title="{escape(saw, quote=True)}" src="data:image/png;base64,{seen.picture}">'
        if seen.picture
        else ""
    )
    guesses = "".join(
        f'<li style="--v:{one.probability:.3f}"{" class=yes" if one.word == seen.drawing.word else ""}>'
        f"<span>{escape(words.word(one.word))}</span> <b>{_percent(one.probability, words)}</b></li>"
        for one in seen.guesses
    )
    place = ""
    if seen.place > len(seen.guesses):
        text = words["place"].format(
            word=words.word(seen.drawing.word), p=_percent(seen.right, words), place=count(seen.place, words.language)
        )
        place = f"<p>{escape(text)}</p>"
    name = f"<h5>{escape(seen.model)}</h5>" if with_name else ""
    return f'{name}<div class="said">{picture}<ol>{guesses}</ol></div>{place}'


def _percent(value: float, words: Words) -> str:
    """A probability of a guess: two digits, or that it is less than that."""
    if value < 0.001:
        return f"< {decimal(0.1, words.language, 1)}{THIN}%"
    return f"{decimal(100 * value, words.language, 0 if value >= 0.1 else 1)}{THIN}%"


def _row(name: str, found: Sequence[Estimate], words: Words, translated: bool) -> str:
    shown = words.word(name) if translated else name
    n = found[0].n
    bounds = ",".join(f"{one.low:.4f} {one.high:.4f}" for one in found)
    tracks = "".join(
        f'<i style="--v:{one.value:.3f};--l:{one.low:.3f};--h:{one.high:.3f};--c:{colour(place)}"></i>'
        f"<b>{share(one.value, words.language)}</b>"
        for place, one in enumerate(found)
    )
    few = ' class="few"' if n < FEW and not translated else ""
    also = f' data-also="{escape(name, quote=True)}"' if translated and shown != name else ""
    return (
        f'<li{few} data-bounds="{bounds}"{also}><span>{escape(shown)}</span><small>{drawings(n, words)}</small>'
        f'<div class="tracks">{tracks}</div></li>'
    )
