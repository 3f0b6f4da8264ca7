"""A column's two distributions as an SVG drawing."""

from __future__ import annotations

import io
import re

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from nephoscope.drift.picture import Picture

BASELINE, WINDOW = "#8a94a6", "#d1495b"
LONGEST = 14  # letters of a category's name

# Text stays text, so that it can be read aloud, searched and copied; ids do not change from run to run.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "nephoscope", "font.size": 8})


def chart(picture: Picture, name: str) -> str:
    """Draw one column; the drawing's ids begin with `name`, so that many can stand on one page."""
    figure = Figure(figsize=(3.2, 1.5))
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    if picture.borders is not None:
        axes.stairs(picture.baseline, picture.borders, fill=True, color=BASELINE, alpha=0.55)
        axes.stairs(picture.window, picture.borders, color=WINDOW, linewidth=1.2)
    else:
        places = range(len(picture.words))
        axes.bar(places, picture.baseline, width=0.8, color=BASELINE, alpha=0.55)
        axes.bar(places, picture.window, width=0.8, fill=False, edgecolor=WINDOW, linewidth=1.2)
        axes.set_xticks(places, [_short(word) for word in picture.words], rotation=30, ha="right")
    figure.subplots_adjust(left=0.13, right=0.97, top=0.94, bottom=0.16 if picture.borders is not None else 0.36)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(3))
    return _embedded(figure, name)


def _short(word: str) -> str:
    cut = word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"
    return cut.replace("$", r"\$")


def _embedded(figure: Figure, name: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    return re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", drawing)
