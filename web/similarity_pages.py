"""Sentences compared with each other: the cosine matrix of the running model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse

from rag.core import Core
from rag.embedding import Embedder
from rag.errors import InputError
from web.rendering import Renderer

MOST_SENTENCES = 12
LONGEST = 500
HEATS = 10
EXAMPLE = "\n".join(
    (
        "El gato duerme en el sofá.",
        "Un felino descansa sobre el sillón.",
        "The cat is asleep on the couch.",
        "La bolsa cayó un tres por ciento.",
        "Stock markets fell sharply today.",
    )
)
Lines = Annotated[str, Query(max_length=MOST_SENTENCES * (LONGEST + 2))]


@dataclass(frozen=True, slots=True)
class Cell:
    """The cosine of two sentences, and how warm it is among those shown, 0 to 9."""

    cosine: float
    heat: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cosines of each sentence with each."""

    sentences: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    nearest: tuple[int, int] | None
    """Which two, counted from 1, are the most alike; None for a single sentence."""
    farthest: tuple[int, int] | None


def compare(embedder: Embedder, sentences: list[str]) -> Matrix:
    """The matrix of some sentences; all are encoded alike, as queries are.

    Raises:
        InputError: there are too many, or one is too long.
    """
    if len(sentences) > MOST_SENTENCES:
        raise InputError(f"There are {len(sentences)} sentences; compare {MOST_SENTENCES} at the most.")
    if any(len(sentence) > LONGEST for sentence in sentences):
        raise InputError(f"A sentence has more than {LONGEST} characters; shorten it.")
    if not sentences:
        return Matrix((), (), None, None)
    vectors = embedder.encode_queries(sentences)
    cosines = np.clip(vectors @ vectors.T, -1, 1)
    pairs = [(i, j) for i in range(len(sentences)) for j in range(i)]
    values = [float(cosines[pair]) for pair in pairs] or [1.0]
    low, high = min(values), max(values)

    def cell(value: float) -> Cell:
        share = (value - low) / (high - low) if high > low else 1.0
        return Cell(value, min(HEATS - 1, max(0, int(share * HEATS))))

    rows = tuple(tuple(cell(float(value)) for value in row) for row in cosines)
    ranked = sorted(pairs, key=lambda pair: float(cosines[pair]))
    ends = [(pair[1] + 1, pair[0] + 1) for pair in (ranked[-1:] + ranked[:1])]
    return Matrix(tuple(sentences), rows, *(ends if ends else (None, None)))


def similarity_router(core: Core, renderer: Renderer) -> APIRouter:
    """`/similarity`, with its sentences in the address, so that a comparison can be shared."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.get("/similarity")
    def similarity(request: Request, sentences: Lines = EXAMPLE) -> Response:
        lines = [" ".join(line.split()) for line in sentences.splitlines() if line.strip()]
        return renderer.page(
            request,
            "similarity.html",
            matrix=compare(core.embedder, lines),
            lines=lines,
            model=core.embedder.description.name,
            most=MOST_SENTENCES,
        )

    return router
