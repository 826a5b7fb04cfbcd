"""Plots as SVG inside a page: lines and histograms in the unit square."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, MARGIN = 460, 240, 36
COLOURS = ("#2456a6", "#c0392b", "#2e7d32", "#8e44ad")
BINS = 40


def figure(caption: str, inside: str, across: str, up: str, legend: Sequence[str] = ()) -> str:
    """A plot with its axes; `inside` is what is drawn, `legend` names the colours in their order."""
    key = "".join(
        f'<text x="{WIDTH - MARGIN}" y="{MARGIN / 2 + 14 * (row + 1)}" font-size="12" text-anchor="end" '
        f'fill="{COLOURS[row % len(COLOURS)]}" class="key">{escape(name)}</text>'
        for row, name in enumerate(legend)
    )
    axes = (
        f'<path d="M{MARGIN} {MARGIN / 2}V{HEIGHT - MARGIN}H{WIDTH - MARGIN / 2}" fill="none" stroke="#888"/>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" font-size="12" text-anchor="middle">{escape(across)}</text>'
        f'<text x="12" y="{HEIGHT / 2}" font-size="12" text-anchor="middle" '
        f'transform="rotate(-90 12 {HEIGHT / 2})">{escape(up)}</text>'
    )
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(caption)}">'
        f"{axes}{inside}{key}</svg></figure>"
    )


def line(points: Sequence[tuple[float, float]], colour: int = 0) -> str:
    """A line through points of the unit square."""
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{COLOURS[colour % 4]}" stroke-width="2"/>'


def histogram(values: Sequence[float], low: float, high: float, colour: int = 0) -> str:
    """How values spread between two bounds, the fullest of 40 bins as high as the plot."""
    counts = [0] * BINS
    for value in values:
        place = int((value - low) / max(high - low, 1e-9) * BINS)
        counts[min(max(place, 0), BINS - 1)] += 1
    fullest = max([*counts, 1])
    width = (_x(1) - _x(0)) / BINS
    return "".join(
        f'<rect x="{_x(place / BINS):.1f}" y="{_y(count / fullest):.1f}" width="{width:.1f}" '
        f'height="{_y(0) - _y(count / fullest):.1f}" fill="{COLOURS[colour % 4]}" fill-opacity="0.5"/>'
        for place, count in enumerate(counts)
        if count
    )


def _x(share: float) -> float:
    return MARGIN + share * (WIDTH - 1.5 * MARGIN)


def _y(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - 1.5 * MARGIN)
