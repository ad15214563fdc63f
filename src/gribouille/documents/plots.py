"""Plots of a page: a function that draws on a figure in, inline SVG out.

Text stays text and takes the page's font; axes and words take the page's colour, so that the plots follow a dark page.
"""

import io
import re
from collections.abc import Callable
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from gribouille.documents.words import Language, number

INK = "#010203"  # stands for the page's colour until the SVG is written
STYLE: dict[Any, Any] = {  # matplotlib has a type for every name
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may have $ in it
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.hashsalt": "gribouille",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.15,
    "grid.color": INK,
    "lines.linewidth": 1.4,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}
WIDTH = 8.2  # inches


def svg_of(draw: Callable[[Figure], None], title: str, height: float, width: float = WIDTH) -> str:
    """A plot as inline SVG, so many inches high and wide, with its title for those who do not see it."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="[A-Za-z]\w*_\d+"', "", svg)  # they would repeat from plot to plot, and nothing refers to them
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", svg)
    svg = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"|height="[\d.]+pt" width="[\d.]+pt"', "", svg, count=1)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(title, quote=True)}"', 1)


def legend_above(axes: Axes, handles: list[Line2D]) -> None:
    """A legend in one line above the axes, where no mark can be."""
    axes.legend(handles=handles, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(handles))


def percent_axis(axes: Axes, label: str, language: Language) -> None:
    """An upright axis of shares."""
    axes.set_ylabel(label)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, language)))


def percent(value: float, language: Language) -> str:
    """A share as a plot's axes write it."""
    return f"{number(100 * value, language, 3)} %"
