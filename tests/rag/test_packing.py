"""Which sentences of what was found go into the prompt."""

from __future__ import annotations

import numpy as np

from rag.answer import Passage
from rag.core import Core
from rag.grounding import gather_evidence
from rag.packing import pack
from rag.sentence_vectors import SentenceVectors


def test_headings_that_fit_best_leave_the_sentences_below_them_in(core: Core) -> None:
    heading = Passage(
        document_id="d", chunk_id="d-0", title="Guía", source="d.txt", page=None, heading=("La raíz",),
        start=0, end=40, text="La raíz\n\nSe divide para no saturar.", score=0.9, language="es",
    )  # fmt: skip
    evidence = gather_evidence([heading], SentenceVectors(core.library.cache, core.embedder))
    assert [one.text for one in evidence.sentences] == ["La raíz", "Se divide para no saturar."]
    scores = np.asarray([1.5, 0.9], np.float32)
    assert [one.text for one in pack(evidence, scores, 160, len)] == ["Se divide para no saturar."]
