"""Measures the check of sentences on pairs of a sentence and a passage that were labelled by hand.

`grounding.jsonl` has 800 pairs on 100 passages, half of them unsupported by one changed figure, date,
unit or name, a negation, a swapped subject, a dropped exception, an exaggeration; in Spanish, in English
and across the two. The parts `tune` and `report` share no passage: weights are fitted on the first and
figures reported on the second. The 480 pairs of `hard` were written afterwards to mislead the check: the
supported ones share few words with their passage, the unsupported ones most of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from rag.answer import Passage
from rag.errors import InputError
from rag.grounding import SUPPORTED, Grounder, Match, gather_evidence
from rag.language import detect
from rag.sentence_vectors import SentenceVectors

PAIRS = Path(__file__).with_name("grounding.jsonl")


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and a passage, and whether the passage says what the sentence says."""

    id: str
    passage: str
    sentence: str
    supported: bool
    passage_language: str = ""
    sentence_language: str = ""
    """ISO 639-1 codes; told from the texts where they are not given."""
    part: Literal["tune", "report", "hard"] = "report"
    passage_id: str = ""
    kind: str = ""
    """What was changed in the sentence, or how it differs from the passage's words."""


def read_pairs(path: Path = PAIRS) -> list[Pair]:
    """The labelled pairs.

    Raises:
        InputError: the file cannot be read.
    """
    known = {field.name for field in fields(Pair)}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [
            Pair(**{key: value for key, value in json.loads(line).items() if key in known}) for line in lines
        ]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} is not a file of labelled pairs ({error}).") from error


def match_pair(pair: Pair, encoder: SentenceVectors) -> Match | None:
    """What the check finds for the pair's sentence in its passage."""
    passage = Passage(
        document_id=pair.passage_id, chunk_id=pair.passage_id, title="", source=pair.passage_id, page=None,
        heading=(), start=0, end=len(pair.passage), text=pair.passage, score=1.0,
        language=pair.passage_language or detect(pair.passage),
    )  # fmt: skip
    language = pair.sentence_language or detect(pair.sentence)
    grounder = Grounder(gather_evidence([passage], encoder), encoder, language)
    return grounder.best_match(pair.sentence)


def measure_pairs(pairs: Sequence[Pair], encoder: SentenceVectors) -> dict[str, Any]:
    """Precision, recall and F1 on "unsupported", over all pairs, by direction and by kind.

    Returns:
        `n`, `precision`, `recall`, `f1`, `accuracy`, `same_language` and `across_languages` (F1 each),
        `kinds` (share of each kind judged rightly), `wrong` (the pairs judged wrongly).
    """
    rows = []
    for pair in pairs:
        match = match_pair(pair, encoder)
        likely = match.probability if match else 0.0
        rows.append((pair, likely < SUPPORTED, likely))
    same = [row for row in rows if row[0].passage_language == row[0].sentence_language]
    across = [row for row in rows if row[0].passage_language != row[0].sentence_language]
    return {
        "n": len(rows),
        **_scores(rows),
        "accuracy": _share([flagged is not pair.supported for pair, flagged, _likely in rows]),
        "same_language_f1": _scores(same)["f1"],
        "across_languages_f1": _scores(across)["f1"],
        "kinds": _kinds(rows),
        "wrong": [
            {"id": pair.id, "kind": pair.kind, "supported": pair.supported, "sentence": pair.sentence,
             "probability": round(likely, 3)}
            for pair, flagged, likely in rows
            if flagged is pair.supported
        ],
    }  # fmt: skip


def _kinds(rows: Sequence[tuple[Pair, bool, float]]) -> dict[str, float | None]:
    names = sorted({(pair.supported, pair.kind) for pair, _flagged, _likely in rows})
    return {
        f"{'supported' if supported else 'unsupported'}: {kind}": _share(
            [
                flagged is not pair.supported
                for pair, flagged, _likely in rows
                if (pair.supported, pair.kind) == (supported, kind)
            ]
        )
        for supported, kind in names
    }


def _scores(rows: Sequence[tuple[Pair, bool, float]]) -> dict[str, float]:
    flagged = [pair for pair, unsupported, _likely in rows if unsupported]
    right = sum(not pair.supported for pair in flagged)
    wanted = sum(not pair.supported for pair, _flagged, _likely in rows)
    precision = right / len(flagged) if flagged else 0.0
    recall = right / wanted if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def _share(flags: Sequence[bool]) -> float | None:
    return round(sum(flags) / len(flags), 4) if flags else None
