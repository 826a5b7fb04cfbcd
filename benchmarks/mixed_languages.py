"""What taking the language out of similarities gives: `python -m benchmarks.mixed_languages`.

Half of XQuAD's articles in Spanish and half in English in one library, asked in both languages: nDCG@10 of
the default search with `rag.centroids` and without, for the questions whose paragraph is in their own
language and for those whose paragraph is in the other. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from benchmarks.xquad import XQUAD, ranking, read_xquad, write_files
from evaluation.retrieval_metrics import measure
from evaluation.retrieval_sets import RetrievalQuestion
from ingest.pipeline import Ingestion
from rag.centroids import Centroids
from rag.core import Core, open_core
from rag.settings import load_settings


def main() -> None:
    """Ingest the mixed library and measure it both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xquad", type=Path, default=XQUAD, help="Folder with XQuAD in `es` and `en`.")
    sets = read_xquad(parser.parse_args().xquad)
    articles = list(dict.fromkeys(one.title for one in sets["es"].documents))
    spanish = {one.id for one in sets["es"].documents if articles.index(one.title) % 2}
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch) / "files"
        write_files((one for one in sets["es"].documents if one.id in spanish), files)
        write_files((one for one in sets["en"].documents if one.id not in spanish), files)
        with open_core(load_settings(data_dir=Path(scratch) / "data", llm="extractive")) as core:
            Ingestion(core).run([files])
            for language, one in sets.items():
                own = {
                    question.id: (set(question.relevant) <= spanish) == (language == "es")
                    for question in one.questions
                }
                figures[language] = {
                    f"{where}{suffix}": value
                    for suffix, without in (("", False), ("_without", True))
                    for where, value in _measured(core, one.questions, own, without).items()
                }
    sys.stdout.write(json.dumps(figures) + "\n")


def _measured(
    core: Core, questions: Sequence[RetrievalQuestion], own: Mapping[str, bool], without: bool
) -> dict[str, float]:
    with ExitStack() as stack:
        if without:
            stack.enter_context(patch.object(Centroids, "offsets", lambda *_: {}))
            stack.enter_context(patch.object(Centroids, "neutral", lambda _self, question: question))
        values = measure(questions, [ranking(core, one.text) for one in questions])["nDCG@10"]
    same = [own[one.id] for one in questions]
    parts = {"all": [True] * len(same), "same_language": same, "other_language": [not one for one in same]}
    return {name: round(float(values[rows].mean()), 4) for name, rows in parts.items()}


if __name__ == "__main__":
    main()
