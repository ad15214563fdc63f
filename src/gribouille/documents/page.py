"""Parts of a page: text in, HTML out. A page is one file that needs no other: its style, its pictures are in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from gribouille.documents.words import Language

STYLE = """
:root { color-scheme: light dark; --soft: color-mix(in srgb, currentColor 12%, transparent); } body { font: 16px/1.5
system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 1rem 1rem 4rem; } h1 { font-size: 1.7rem; margin:
1rem 0 .5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; } figure { margin: 0; overflow-x: auto; } figure svg
{ width: 100%; min-width: 34rem; height: auto; display: block; } figcaption, .note { font-size: .875rem; opacity: .8;
} pre { background: var(--soft); padding: .75rem 1rem; border-radius: .4rem; white-space: pre-wrap; overflow-wrap:
anywhere; user-select: all; } pre span { display: inline-block; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric:
tabular-nums; font-size: .9rem; } th, td { padding: .25rem .75rem .25rem 0; text-align: right; border-bottom: 1px
solid var(--soft); } thead th { vertical-align: bottom; font-weight: 600; } tbody th { font-weight: 400; } dl {
display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .9rem; } dt { opacity: .7; } dd {
margin: 0; overflow-wrap: anywhere; }
"""


def page(title: str, language: Language, content: Iterable[str], style: str = STYLE) -> Iterator[str]:
    """The document of this title, line by line; `content` are the lines of its main part after the heading."""
    yield f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{escape(title)}</h1>"
    yield from content
    yield "</main>\n</body>\n</html>\n"


def section(title: str, content: str) -> str:
    """A part of the page under its heading; `content` is HTML."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>"


def figure(svg: str, caption: str) -> str:
    """A plot with what is to be said about it."""
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def note(text: str) -> str:
    """A remark in small type."""
    return f'<p class="note">{escape(text)}</p>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names its rows; cells are text."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(_row(cells) for cells in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def definitions(lines: Mapping[str, str]) -> str:
    """A list of names and their values, without those that have none."""
    shown = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines.items() if value)
    return f"<dl>{''.join(shown)}</dl>"


def _row(cells: Sequence[str]) -> str:
    columns = "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])
    return f'<tr><th scope="row">{escape(cells[0])}</th>{columns}</tr>'
