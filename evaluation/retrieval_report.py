"""The measurement of retrieval as one HTML page that needs nothing else: figures, plots, failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from evaluation.configurations import Configuration
from evaluation.plots import figure, histogram, line
from evaluation.retrieval import DEEPEST, Measured, recall_curve, score_samples
from evaluation.retrieval_metrics import METRICS
from evaluation.retrieval_sets import RetrievalQuestion

MOST_FAILURES = 200
EXCERPT = 400
"""Characters of a passage."""
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1b1f}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.35rem .5rem;
text-align:left;vertical-align:top}.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}
figcaption{font-weight:600}svg{background:#fafafa;border:1px solid #ddd}article{border-top:1px solid #ddd;
padding:.5rem 0}.wanted{color:#2e7d32}.why{font-style:italic}q{color:#555}
@media (prefers-color-scheme:dark){body{background:#17171a;color:#eee}td,th,article{border-color:#444}
svg{background:#222;border-color:#444}svg text:not(.key){fill:#ddd}.wanted{color:#81c784}q{color:#aaa}}
"""


def retrieval_report(
    scores: Mapping[str, Any],
    questions: Sequence[RetrievalQuestion],
    runs: Sequence[tuple[Configuration, Measured]],
    ids: Mapping[str, str],
    failed: Sequence[Mapping[str, Any]],
    texts: Mapping[str, str],
) -> str:
    """The page.

    Args:
        scores: as the command prints them.
        runs: the measured configuration first, then those that it is compared with.
        failed: as `evaluation.retrieval.failures` gives them.
        texts: of the chunks that these name.
    """
    title = f"Retrieval: {scores['set']}, {scores['n']} questions, {scores['documents']} documents"
    left = len(failed) - MOST_FAILURES
    rest = f"<p>{left} more are left out.</p>" if left > 0 else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>"
        f"<p>{escape(_named(runs[0][0]))}</p>{_figures(scores)}"
        f'<div class="plots">{_recall(questions, runs, ids)}{_scores(questions, runs[0][1], ids)}</div>'
        f"<h2>By language of the question</h2>{_languages(scores['languages'])}"
        f"<h2>Failures</h2><p>{len(failed)} questions whose first document is not the one wanted.</p>"
        f"{''.join(_failure(row, texts) for row in failed[:MOST_FAILURES])}{rest}</html>"
    )


def why(row: Mapping[str, Any]) -> str:
    """Why another document came first, as far as the scores tell."""
    wanted = [one for one in row["wanted"] if one["rank"]]
    if not row["came"]:
        return "Nothing was found."
    if not wanted:
        return "No wanted document was among the candidates of either search."
    best, first = min(wanted, key=lambda one: one["rank"]), row["came"][0]
    nearer, more = first["cosine"] > best["cosine"], first["words"] > best["words"]
    meaning = f"nearer in meaning ({first['cosine']:.3f} against {best['cosine']:.3f})"
    words = f"has more of the question's words ({first['words']:.0%} against {best['words']:.0%})"
    if nearer and more:
        return f"The first is {meaning} and {words}."
    if nearer:
        return f"The first is {meaning}; its words do not speak for it."
    if more:
        return f"The first {words}, though it is not nearer in meaning."
    return "By cosine and words the wanted one would be first: languages evened out, or reranking, decided."


def told_apart(configurations: Sequence[Configuration]) -> list[str]:
    """A short name for each of some configurations: what they differ in, the mode if in nothing."""
    values = [one.to_json() for one in configurations]
    differing = [name for name in values[0] if len({str(one[name]) for one in values}) > 1]
    if not differing or differing == ["mode"]:
        return [one.mode for one in configurations]
    return [", ".join(f"{name} {one[name]}" for name in differing) for one in values]


def _named(configuration: Configuration) -> str:
    return ", ".join(f"{name} {value}" for name, value in configuration.to_json().items())


def _figures(scores: Mapping[str, Any]) -> str:
    apart = scores.get("compared")
    heads = ["metric", "mean", "95% interval"] + (["compared with", "difference", "p"] if apart else [])
    rows = []
    for name in METRICS:
        low, high = scores["intervals"][name]
        cells = [name, f"{scores['metrics'][name]:.4f}", f"{low:.4f} to {high:.4f}"]
        if apart:
            one = apart["difference"][name]
            between = f"{one['mean']:+.4f} ({one['low']:+.4f} to {one['high']:+.4f})"
            cells += [f"{apart['metrics'][name]:.4f}", between, f"{one['p']:.4f}"]
        rows.append(cells)
    other = ", ".join(f"{name} {value}" for name, value in apart["configuration"].items()) if apart else ""
    return _table(heads, rows) + (f"<p>Compared with: {escape(other)}</p>" if other else "")


def _languages(languages: Mapping[str, Mapping[str, float]]) -> str:
    rows = [[code, *(str(one[name]) for name in ("n", *METRICS))] for code, one in languages.items()]
    return _table(["language", "n", *METRICS], rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _recall(
    questions: Sequence[RetrievalQuestion],
    runs: Sequence[tuple[Configuration, Measured]],
    ids: Mapping[str, str],
) -> str:
    curves = [recall_curve(questions, run, ids) for _configuration, run in runs]
    lowest = min(float(curve[0]) for curve in curves)
    drawn = ""
    for colour, curve in enumerate(curves):
        points = [
            (place / (DEEPEST - 1), (value - lowest) / max(1 - lowest, 1e-9))
            for place, value in enumerate(curve)
        ]
        drawn += line(points, colour)
    names = told_apart([configuration for configuration, _run in runs])
    return figure("Recall", drawn, "documents looked at, 1 to 100", f"recall, {lowest:.2f} to 1", names)


def _scores(questions: Sequence[RetrievalQuestion], run: Measured, ids: Mapping[str, str]) -> str:
    right, wrong = score_samples(questions, run, ids)
    if not right or not wrong:
        return ""
    low, high = min(*right, *wrong), max(*right, *wrong)
    drawn = histogram(right, low, high, 0) + histogram(wrong, low, high, 1)
    across = f"score, {low:.2f} to {high:.2f}"
    return figure("Scores", drawn, across, "share", ["wanted", "best of the others"])


def _failure(row: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    wanted = "".join(_told(one, texts, "wanted") for one in row["wanted"])
    came = "".join(_told(one, texts, "came") for one in row["came"])
    return (
        f"<article><h3>{escape(row['question'])}</h3><p class=why>{escape(why(row))}</p>"
        f"<details><summary>wanted and found ({escape(row['id'])})</summary>"
        f"<p>Wanted:</p><ul>{wanted}</ul><p>Came:</p><ol>{came}</ol></details></article>"
    )


def _told(one: Mapping[str, Any], texts: Mapping[str, str], kind: str) -> str:
    text = texts.get(one["chunk"] or "", "")
    excerpt = f" <q>{escape(text[:EXCERPT])}{'…' if len(text) > EXCERPT else ''}</q>" if text else ""
    if not one["rank"]:
        return f"<li class={kind}>{escape(one['document'])}: not found</li>"
    scores = f"place {one['rank']}, meaning {one['cosine']:.3f}, words {one['words']:.0%}"
    return f"<li class={kind}>{escape(one['document'])}: {scores}{excerpt}</li>"
