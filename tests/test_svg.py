"""SVG pictures: shapes, transforms and curves as strokes, hostile and damaged text refused, and the way out."""

import math
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import simplified

from gribouille.drawing import StrokesError, canonical, canonical_with_times, drawing_of
from gribouille.lines import read_lines
from gribouille.svg import MAX_BYTES, TOLERANCE, SvgError, parse_svg, svg_text, write_svg


def svg(body: str, attributes: str = "") -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{body}</svg>'.encode()


def strokes(body: str) -> list:
    """The strokes of a picture, rounded to a millionth."""
    found = parse_svg(svg(body), "x.svg").strokes
    return [[[round(value, 6) + 0.0 for value in axis] for axis in stroke] for stroke in found]


SHAPES = [
    ('<line x1="1" y1="2" x2="3" y2="4"/>', [[[1, 3], [2, 4]]]),
    ('<polyline points="0,0 10,0 10,10"/>', [[[0, 10, 10], [0, 0, 10]]]),
    ('<polyline points="0-1-2.5.5"/>', [[[0, -2.5], [-1, 0.5]]]),
    ('<polygon points="0 0 10 0 10 10"/>', [[[0, 10, 10, 0], [0, 0, 10, 0]]]),
    ('<rect x="1" y="2" width="3" height="4" stroke="red"/>', [[[1, 4, 4, 1, 1], [2, 2, 6, 6, 2]]]),
    ('<path d="M0 0L10 0M5 5l1 1"/>', [[[0, 10], [0, 0]], [[5, 6], [5, 6]]]),
    ('<path d="M0 0h10v10H5V20z"/>', [[[0, 10, 10, 5, 5, 0], [0, 0, 10, 10, 20, 0]]]),
    ('<path d="M1 1h9zh5"/>', [[[1, 10, 1], [1, 1, 1]], [[1, 6], [1, 1]]]),
    ('<path d="m1 1 2 3 4 5"/>', [[[1, 3, 7], [1, 4, 9]]]),
    ('<path d="M5 5h0"/>', [[[5, 5], [5, 5]]]),
    ('<path d="M5 5M0 0h9M7 7"/>', [[[0, 9], [0, 0]]]),
    ('<line x2="1in" y2="72pt"/>', [[[0, 96], [0, 96]]]),
    ('<path d="M0 0A5 0 0 0 1 9 9"/>', [[[0, 9], [0, 9]]]),
]


@pytest.mark.parametrize(("body", "expected"), SHAPES, ids=[body for body, _ in SHAPES])
def test_shapes_of_straight_lines_are_their_corners(body: str, expected: list) -> None:
    """Every shape, absolute and relative, one stroke between two lifts of the pen."""
    assert strokes(body) == expected


TRANSFORMS = [
    ("translate(10)", [10, 11], [0, 0]),
    ("translate(10, 20)", [10, 11], [20, 20]),
    ("scale(2)", [0, 2], [0, 0]),
    ("rotate(90)", [0, 0], [0, 1]),
    ("rotate(90 1 1)", [2, 2], [0, 1]),
    ("matrix(1 2 3 4 5 6)", [5, 6], [6, 8]),
    ("skewY(45)", [0, 1], [0, 1]),
    ("skewX(45) rotate(90)", [0, 1], [0, 1]),
    ("translate(10,0),scale(2)", [10, 12], [0, 0]),
]


@pytest.mark.parametrize(("transform", "x", "y"), TRANSFORMS)
def test_transforms_go_from_the_inside_out(transform: str, x: list, y: list) -> None:
    """On the shape itself, on groups around it, and in lists, the last one first."""
    line = '<path d="M0 0h1"/>'
    assert strokes(f'<g transform="{transform}">{line}</g>') == [[x, y]]
    assert strokes(f'<path d="M0 0h1" transform="{transform}"/>') == [[x, y]]
    first, _, rest = transform.partition(" rotate")
    if rest and first.endswith(")"):
        assert strokes(f'<g transform="{first}"><a transform="rotate{rest}">{line}</a></g>') == [[x, y]]


CURVES = [
    ('<circle cx="50" cy="50" r="50"/>', lambda x, y: math.hypot(x - 50, y - 50) - 50),
    ('<ellipse cx="1" cy="2" rx="50" ry="50"/>', lambda x, y: math.hypot(x - 1, y - 2) - 50),
    ('<path d="M0 50A50 50 0 0 1 100 50"/>', lambda x, y: math.hypot(x - 50, y - 50) - 50),
    ('<path d="M0 50a1 1 0 1 0 100 0"/>', lambda x, y: math.hypot(x - 50, y - 50) - 50),
    ('<path d="M0 0Q50 0 100 100"/>', lambda x, y: y - 100 * (x / 100) ** 2),
    ('<path d="M-100 100Q-50 0 0 0T100 100"/>', lambda x, y: y - 100 * (x / 100) ** 2),
    ('<path d="M0 0C0 0 0 0 100 100"/>', lambda x, y: y - x),
]


@pytest.mark.parametrize(("body", "distance"), CURVES, ids=[body for body, _ in CURVES])
def test_curves_stay_within_the_tolerance(body: str, distance: object) -> None:
    """Corners lie on the curve, and the middles of their chords no farther from it than an eighth of a unit."""
    [[x, y]] = parse_svg(svg(body), "x.svg").strokes
    unit = max(np.ptp(x), np.ptp(y)) / 255
    for corner in zip(x, y, strict=True):
        assert abs(distance(*corner)) < 1e-9  # type: ignore[operator]
    for middle in zip((np.array(x[1:]) + x[:-1]) / 2, (np.array(y[1:]) + y[:-1]) / 2, strict=True):
        assert abs(distance(*middle)) <= unit * TOLERANCE * 1.5  # measured along y, not across  # type: ignore[operator]


def test_smooth_curves_continue_the_one_before() -> None:
    """S and T mirror the control point before them."""
    assert strokes('<path d="M0 0C0 10 10 10 10 0S20-10 20 0"/>') == strokes(
        '<path d="M0 0C0 10 10 10 10 0C10-10 20-10 20 0"/>'
    )


def test_rounded_rectangles_are_round() -> None:
    """rx alone stands for both, and is at most half of a side."""
    [[x, y]] = strokes('<rect width="100" height="100" rx="80" stroke="#000"/>')
    assert np.allclose(np.hypot(np.array(x) - 50, np.array(y) - 50), 50, atol=0.1)


def test_the_paper_is_no_stroke() -> None:
    """A rectangle without a line that goes around everything is left out, unless it is all there is."""
    paper, line = '<rect width="100" height="100" fill="#fff"/>', '<path d="M10 10h50"/>'
    assert len(strokes(paper + line)) == 1
    assert len(strokes(paper)) == 1
    assert len(strokes(f'<g stroke="black">{paper}{line}</g>')) == 2
    assert len(strokes(paper.replace("/>", ' style="stroke: red"/>') + line)) == 2
    assert len(strokes('<rect width="9" height="9"/>' + line)) == 2


def test_what_is_not_drawn_is_not_read() -> None:
    """Definitions, clips, hidden shapes, metadata and other vocabularies are passed over."""
    hidden = (
        '<defs><path d="M0 0h9"/></defs><clipPath><rect width="5" height="5"/></clipPath>'
        '<path d="M0 0h9" display="none"/><g style="display:none"><path d="M0 0h9"/></g><text>M0 0</text>'
        '<metadata><x:path xmlns:x="urn:x" d="M0 0h9"/></metadata><rect width="0" height="5"/><circle r="0"/><path/>'
    )
    assert strokes(hidden + '<path d="M1 1h2"/>') == [[[1, 3], [1, 1]]]
    with pytest.raises(SvgError, match=r"x\.svg: expected lines, found none"):
        strokes(hidden)


def test_the_title_is_the_pictures_own() -> None:
    """The root's title, not a shape's; white space is folded."""
    body = '<title> hot\n air &amp; balloon </title><path d="M0 0h1"><title>line</title></path>'
    assert parse_svg(svg(body), "x").title == "hot air & balloon"
    assert parse_svg(svg('<path d="M0 0h1"><title>line</title></path>'), "x").title is None


BOMB = b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><svg><title>&b;</title></svg>'
FOREIGN = b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg><title>&a;</title></svg>'
REFUSED = [
    (b"", "damaged XML"),
    (b"<svg><path", "damaged XML"),
    (b"<svg>\xff</svg>", "damaged XML"),
    (b"<html><svg/></html>", "found XML that begins with <html>"),
    (b'<svg xmlns="urn:other"/>', "found XML that begins with <svg>"),
    (BOMB, "without entities of its own, found a definition of &a;"),
    (FOREIGN, "without entities of its own, found a definition of &a;"),
    (b"<svg><title>&undefined;</title></svg>", "damaged XML"),
    (svg('<path d="M0 0L1"/>'), "expected a path, found 'M0 0L1'"),
    (svg('<path d="hello"/>'), "expected a path, found 'hello'"),
    (svg('<path d="L1 1"/>'), "expected"),
    (svg('<path d="M0 0A1 1 0 0"/>'), "expected a path"),
    (svg('<path d="M0 0A1 1 0 7 7 9 9"/>'), "expected a path"),
    (svg('<path d="Z"/>'), "expected a path"),
    (svg('<path d="M0 0é"/>'), "expected a path"),
    (svg('<path d="M0 0L1e999 5"/>'), "expected finite coordinates"),
    (svg('<path d="M0 0C1e300 1e300 9e307 9e307 1 1"/>'), "expected"),
    (svg('<rect width="50%" height="5"/>'), "expected a length, found width='50%' in <rect>"),
    (svg('<line x1="1em"/>'), "expected a length"),
    (svg('<g transform="spin(5)"/>'), "expected transforms, found 'spin(5)'"),
    (svg('<g transform="matrix(1 2)"/>'), "expected a transform, found matrix of 2 numbers"),
    (svg('<use href="#a"/>'), "found a <use>"),
    (svg('<svg x="5"><path d="M0 0h1"/></svg>'), "found an <svg> with a place of its own inside another"),
    (svg("<path d='M0 0" + "h1" * 20_000 + "'/>"), "expected at most 20000 points"),
    (svg("<path d='M0 0h1M0 0" + "C0 9 9 9 9 0" * 1500 + "'/>" + "<path d='M0 0l.001 0'/>"), "expected at most 20000"),
    (b" " * (MAX_BYTES + 1), f"a picture of at most {MAX_BYTES} bytes"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED, ids=[message[:30] for _, message in REFUSED])
def test_other_text_is_refused_by_name(content: bytes, message: str) -> None:
    """Damaged, hostile, foreign or endless: one error that names the file and says what was found."""
    with pytest.raises(SvgError) as error:
        parse_svg(content, "cat.svg")
    assert str(error.value).startswith("cat.svg: expected ")
    assert message in str(error.value)
    assert len(str(error.value)) < 300


GOOD = svg(
    '<title>cat</title><g transform="rotate(5)"><path d="M0 0L10 10c1 2 3 4 5 6a1 2 3 0 1 9 9z"/>'
    '<rect width="9" height="9"/><polyline points="1,2 3,4"/></g>'
)


@given(st.integers(0, len(GOOD)), st.binary(max_size=8) | st.text("MLCAZ0-9., eE()<>\"'=/", max_size=8).map(str.encode))
def test_damaged_text_is_read_or_refused(at: int, garbage: bytes) -> None:
    """Whatever is overwritten, there are strokes that `canonical` takes, or SvgError."""
    with suppress(SvgError):
        picture = parse_svg(GOOD[:at] + garbage + GOOD[at + len(garbage) :], "x")
        with suppress(StrokesError):  # finite points so far apart that no scale is
            assert len(canonical(picture.strokes)) >= 2


@given(st.text("MmLlHhVvCcSsQqTtAaZz0123456789+-.eE, ", max_size=60))
def test_any_path_is_read_or_refused(path: str) -> None:
    """Whatever stands in a path, no other error comes out."""
    with suppress(SvgError, StrokesError):
        canonical(parse_svg(svg(f'<path d="{path}"/>'), "x").strokes)


strokes_ = simplified()


@given(strokes_, st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.booleans())
def test_what_is_written_has_the_same_points(strokes: list, title: str | None, timed: bool) -> None:
    """Write → read gives every point, the times where there are any, and a title of text; a lone point without t comes twice."""
    drawing = drawing_of(strokes)
    times = np.arange(0, 7 * len(drawing), 7).astype(np.uint32) if timed else None
    picture = parse_svg(svg_text(drawing, title, times).encode(), "x")
    if times is None:
        assert picture.strokes == [[x * 2, y * 2] if len(x) == 1 else [x, y] for x, y in strokes]
    else:
        assert [list(stroke[:2]) for stroke in picture.strokes] == strokes
        assert [time for stroke in picture.strokes for time in stroke[2]] == times.tolist()
    if title is not None and title.isprintable():
        assert picture.title == (" ".join(title.split()) or None)


def test_a_written_picture_stands_alone(house: list) -> None:
    """Its frame goes around the drawing, a stroke is a path, caps are round."""
    text = svg_text(drawing_of(house), "house & <garden>")
    assert text.startswith(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -10 244 275" width="244" height="275" '
    )
    assert "<title>house &amp; &lt;garden&gt;</title>" in text
    assert text.count("<path ") == len(house)
    assert 'stroke-linecap="round"' in text


def test_the_pages_own_pictures_keep_their_times() -> None:
    """A picture that the page saved: pen colours, a dot, and t of every point."""
    page = (
        '<path d="M1 2L3 4.25L5 6" stroke="#1d2545" stroke-width="3" data-t="0 16 33"/>'
        '<path d="M9 9h0" stroke="#1d2545" stroke-width="3" data-t="50"/>'
    )
    picture = parse_svg(svg('<rect x="-20" y="-20" width="49" height="49" fill="#fff" stroke="none"/>' + page), "x")
    assert picture.strokes == [[[1, 3, 5], [2, 4.25, 6], [0, 16, 33]], [[9], [9], [50]]]
    assert canonical_with_times(picture.strokes)[1] is not None
    backwards = parse_svg(svg(page.replace("50", "20")), "x")
    assert [len(stroke) for stroke in backwards.strokes] == [2, 2]


def test_the_shop_guesses_pictures(tmp_path: Path, house: list) -> None:
    """`read_lines`, which `gribouille guess` reads with, takes an SVG picture under any name."""
    for name in ("house.svg", "house.ndjson"):
        write_svg(drawing_of(house), tmp_path / name, "house")
        [line] = read_lines(str(tmp_path / name))
        assert line.word == "house"
        assert line.drawing.tolist() == canonical(house).tolist()
    (tmp_path / "none.svg").write_bytes(svg(""))
    with pytest.raises(SvgError, match=r"none\.svg: expected lines, found none"):
        list(read_lines(str(tmp_path / "none.svg")))
