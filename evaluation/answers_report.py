"""The measurement of answers as one HTML page that needs nothing else: figures, plots, every question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, MARGIN = 460, 240, 36
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1b1f}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.35rem .5rem;
text-align:left;vertical-align:top}.wrong{background:#fdeceb}.plots{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:0}figcaption{font-weight:600}pre{white-space:pre-wrap;max-width:60rem;font-size:.8rem}
.unsupported{text-decoration:underline wavy #c0392b}svg{background:#fafafa;border:1px solid #ddd}
@media (prefers-color-scheme:dark){body{background:#17171a;color:#eee}td,th{border-color:#444}
.wrong{background:#4a2222}svg{background:#222;border-color:#444}svg text{fill:#ddd}}
"""


def report(title: str, scores: Mapping[str, Any], threshold: float) -> str:
    """The page; `scores` as `evaluate_answers` gives them, `threshold` as the setting has it."""
    rows = scores["rows"]
    figures = {name: value for name, value in scores.items() if name != "rows"}
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{_figures(figures)}"
        f'<div class="plots">{_trade_off(rows, threshold)}{_times(rows)}</div>'
        f"<h2>Questions</h2>{_questions(rows)}</html>"
    )


def trade_off(rows: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, float]]:
    """For each threshold: itself, the false refusals and the refusal recall if it alone decided."""
    known = [row for row in rows if row["answerable"] is not None]
    answer = [row["answerable"] for row in known if not row["to_refuse"]]
    refuse = [row["answerable"] for row in known if row["to_refuse"]]
    if not answer or not refuse:
        return []
    return [
        (
            step / 50,
            sum(value < step / 50 for value in answer) / len(answer),
            sum(value < step / 50 for value in refuse) / len(refuse),
        )
        for step in range(51)
    ]


def _figures(figures: Mapping[str, Any]) -> str:
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(_shown(value))}</td></tr>" for name, value in figures.items()
    )
    return f"<table>{cells}</table>"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    return "–" if value is None else str(value)


def _trade_off(rows: Sequence[Mapping[str, Any]], threshold: float) -> str:
    points = trade_off(rows)
    if not points:
        return ""
    line = [(false, recall) for _threshold, false, recall in points]
    now = min(points, key=lambda point: abs(point[0] - threshold))
    mark = f'<circle cx="{_x(now[1]):.1f}" cy="{_y(now[2]):.1f}" r="5" fill="#c0392b"/>'
    caption = f"Refusal by the probability of an answer alone; red: the setting, {threshold:g}"
    return _figure(caption, _polyline(line) + mark, "false refusal", "refusal recall")


def _times(rows: Sequence[Mapping[str, Any]]) -> str:
    totals = sorted(row["total_s"] for row in rows)
    if not totals:
        return ""
    longest = max(totals[-1], 1e-9)
    line = [(total / longest, (place + 1) / len(totals)) for place, total in enumerate(totals)]
    return _figure("Whole answers", _polyline(line), f"seconds, up to {longest:.1f}", "share answered")


def _figure(caption: str, inside: str, across: str, up: str) -> str:
    axes = (
        f'<path d="M{MARGIN} {MARGIN / 2}V{HEIGHT - MARGIN}H{WIDTH - MARGIN / 2}" fill="none" stroke="#888"/>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" font-size="12" text-anchor="middle">{escape(across)}</text>'
        f'<text x="12" y="{HEIGHT / 2}" font-size="12" text-anchor="middle" '
        f'transform="rotate(-90 12 {HEIGHT / 2})">{escape(up)}</text>'
    )
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(caption)}">'
        f"{axes}{inside}</svg></figure>"
    )


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="#2456a6" stroke-width="2"/>'


def _x(share: float) -> float:
    return MARGIN + share * (WIDTH - 1.5 * MARGIN)


def _y(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - 1.5 * MARGIN)


def _questions(rows: Sequence[Mapping[str, Any]]) -> str:
    heads = "".join(f"<th>{name}</th>" for name in ("id", "question", "gold", "answer", "answerable", "s"))
    return f"<table><tr>{heads}</tr>{''.join(_question(row) for row in rows)}</table>"


def _question(row: Mapping[str, Any]) -> str:
    wrong = row["refused"] is not row["to_refuse"] or not (row["contains_gold"] or row["to_refuse"])
    said = escape(row["answer"]) if row["refused"] else " ".join(map(_sentence, row["sentences"]))
    note = " (gold hidden)" if row["hidden"] else ""
    inside = "\n\n".join(
        [row["prompt"], row["draft"], *(f"“{quote}”" for quote in row["quotes"]), row["reason"]]
    ).strip()
    more = (
        f"<details><summary>prompt, quotes</summary><pre>{escape(inside)}</pre></details>" if inside else ""
    )
    return (
        f"<tr{' class=wrong' if wrong else ''}><td>{escape(row['id'])}</td>"
        f"<td>{escape(row['question'])}{note}</td><td>{escape(' | '.join(row['gold']))}</td>"
        f"<td>{said}{more}</td><td>{_shown(row['answerable'])}</td><td>{row['total_s']:.1f}</td></tr>"
    )


def _sentence(sentence: Mapping[str, Any]) -> str:
    marks = "".join(f" [{number}]" for number in sentence["citations"])
    return f'<span class="{escape(sentence["status"])}">{escape(sentence["text"])}{marks}</span>'
