"""How a plot is drawn: the one home of plotly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

__all__ = ["BLUE", "GREEN", "GREY", "HEIGHT", "ORANGE", "PURPLE", "RED", "SKY", "Plot", "drawn", "figure", "script"]

# Told apart by who sees no red and green (Okabe and Ito), on white and on black; and by dashes and signs as well.
BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY = (
    "#3b82c4",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#8a8f98",
)
HEIGHT = 340
_CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True, "plotlyServerURL": ""}


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot as HTML, with the same in words and in numbers."""

    id: str
    title: str
    about: str
    """How it is read."""
    html: str
    """Empty: there is nothing to draw."""
    caption: str
    """What it shows, in a sentence."""
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def script() -> str:
    """What draws the plots: the whole library, so that the page needs no network."""
    return str(get_plotlyjs())


def figure() -> Any:
    """An empty one."""
    return go.Figure()


def drawn(figure: Any, x: str, y: str, is_known: bool, *, keeps_height: bool = False) -> str:
    """As HTML; none where nothing `is_known`."""
    if not is_known:
        return ""
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 70, "r": 20, "t": 10, "b": 45},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=True,
        hovermode="closest",
        font={"family": "system-ui, sans-serif", "size": 13},
        **({} if keeps_height else {"height": HEIGHT}),
    )
    figure.update_xaxes(title={"text": x}, gridcolor="rgba(128,128,128,.25)", tickformat=",d", zeroline=False)
    figure.update_yaxes(title={"text": y}, gridcolor="rgba(128,128,128,.25)")
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG))
