"""Tantivy, met here only: the words of chunks, ranked by BM25.

Words are folded (case, accents) and stemmed in their document's language before they are indexed; a
question's words are stemmed in every language that the index holds, so that names and codes are found
across languages. Scores are given as a share of the most that the question could score, which makes
them comparable between questions: 0 where no word is shared, near 1 where every word is there and dense.

BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import log
from pathlib import Path
from typing import Any

from rag.errors import StoreError

K1 = 1.2
"""Tantivy's BM25 saturation; a word's score stays below idf x (K1 + 1)."""
WRITER_BYTES = 64_000_000
HEADING_BOOST = 0.5
MOST_WORDS = 64
"""Words of a question that are looked up; the rest of a longer one is left to the vectors."""
WORD = re.compile(r"\w+(?:[.,'’-]\w+)*")
STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WordEntry:
    """What is indexed of one chunk."""

    chunk_id: str
    revision: int
    collection: str
    language: str
    text: str
    heading: str


class WordIndex:
    """The words of one data folder's chunks."""

    def __init__(self, folder: Path) -> None:
        """Open or create the index.

        Raises:
            StoreError: the index is damaged or cannot be written.
        """
        import tantivy

        self._tantivy: Any = tantivy
        self._folder = folder
        with self._translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._schema = _schema(tantivy)
            self._index = tantivy.Index(self._schema, path=str(folder))
            self._index.reload()
        self._writer: Any = None

    def add(self, entries: Iterable[WordEntry]) -> None:
        """Index chunks; they are found after the next `commit`."""
        with self._translated():
            writer = self._open_writer()
            for entry in entries:
                document = self._tantivy.Document()
                document.add_text("chunk", entry.chunk_id)
                document.add_text("revision", str(entry.revision))
                document.add_text("collection", entry.collection)
                document.add_text("language", entry.language)
                document.add_text("body", " ".join(stems(entry.text, entry.language)))
                document.add_text("heading", " ".join(stems(entry.heading, entry.language)))
                document.add_text("exact", " ".join(fold(entry.text)))
                writer.add_document(document)

    def remove(self, revisions: Iterable[int]) -> None:
        """Forget the chunks of revisions, from the next `commit` on."""
        with self._translated():
            writer = self._open_writer()
            for revision in revisions:
                writer.delete_documents_by_term("revision", str(revision))

    def commit(self) -> None:
        """Make everything added and removed since the last commit durable and visible."""
        if self._writer is None:
            return
        with self._translated():
            self._writer.commit()
            self._index.reload()

    def search(self, question: str, collection: str, limit: int) -> list[tuple[str, float]]:
        """Chunk ids with the share (0 to 1) of the question's highest possible score, best first."""
        with self._translated():
            searcher = self._index.searcher()
            clauses, most = self._clauses(searcher, question)
            if not clauses or most <= 0:
                return []
            occur = self._tantivy.Occur
            inside = self._term("collection", collection)
            silent = self._tantivy.Query.const_score_query(inside, 0.0)
            words = self._tantivy.Query.boolean_query([(occur.Should, clause) for clause in clauses])
            query = self._tantivy.Query.boolean_query([(occur.Must, silent), (occur.Must, words)])
            hits = searcher.search(query, limit).hits
            found = [(searcher.doc(address)["chunk"][0], min(score / most, 1.0)) for score, address in hits]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def chunk_ids(self) -> set[str]:
        """Every chunk id in the index."""
        with self._translated():
            searcher = self._index.searcher()
            total = searcher.num_docs
            if not total:
                return set()
            hits = searcher.search(self._tantivy.Query.all_query(), total).hits
            return {searcher.doc(address)["chunk"][0] for _score, address in hits}

    def clear(self) -> None:
        """Forget everything, as before a rebuild."""
        with self._translated():
            self._open_writer().delete_all_documents()
        self.commit()

    def close(self) -> None:
        """Stop the writer's threads."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    def _open_writer(self) -> Any:
        if self._writer is None:
            self._writer = self._index.writer(heap_size=WRITER_BYTES, num_threads=1)
        return self._writer

    def _term(self, field: str, value: str) -> Any:
        return self._tantivy.Query.term_query(self._schema, field, value)

    def _clauses(self, searcher: Any, question: str) -> tuple[list[Any], float]:
        total = searcher.num_docs
        clauses, most = [], 0.0
        for forms in word_forms(question):
            alternatives, highest = [], 0.0
            for form in forms:
                frequency = searcher.doc_freq("body", form)
                highest = max(highest, _idf(frequency, total) if frequency else 0.0)
                alternatives.append(self._term("body", form))
                in_heading = self._term("heading", form)
                alternatives.append(self._tantivy.Query.boost_query(in_heading, HEADING_BOOST))
            most += (K1 + 1) * (highest or _idf(0, total))
            clauses.append(self._tantivy.Query.disjunction_max_query(alternatives, 0.0))
        return clauses, most

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, OSError) as error:
            said = (str(error).splitlines() or ["unknown reason"])[0]
            raise StoreError(
                f"The word index in {self._folder} failed ({said}); run `cita repair`."
            ) from error


def fold(text: str) -> list[str]:
    """The words of a text in order, lower case and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    words: list[str] = []
    for match in WORD.finditer(bare):
        word = match.group()
        words.append(word)
        # "GPT-3.5" is found as itself and by its parts.
        words += [part for part in re.split(r"[.,'’-]", word) if part and part != word]
    return words


def stems(text: str, language: str) -> list[str]:
    """The stems of a text's words in order, folded."""
    stemmer = _stemmer(language)
    found: list[str] = []
    for match in WORD.finditer(unicodedata.normalize("NFKC", text.casefold())):
        word = match.group()
        parts = [part for part in re.split(r"[.,'’-]", word) if part]
        found += [_bare(word)] if len(parts) > 1 else []
        found += [_bare(stemmer.stemWord(part) if stemmer else part) for part in parts]
    return found


def word_forms(question: str, languages: Sequence[str] = ("es", "en")) -> list[list[str]]:
    """For each word of a question the stems it may have, without repeats."""
    columns = [stems(question, language) for language in languages]
    forms: list[list[str]] = []
    for row in zip(*columns, strict=True):
        distinct = sorted(set(row))
        if distinct not in forms:
            forms.append(distinct)
    return forms[:MOST_WORDS]


def _bare(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def _idf(frequency: int, total: int) -> float:
    return log(1 + (total - frequency + 0.5) / (frequency + 0.5))


@lru_cache
def _stemmer(language: str) -> Any:
    import Stemmer

    name = STEMMERS.get(language)
    return Stemmer.Stemmer(name) if name else None


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("chunk", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("revision", "collection", "language"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("body", "heading"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("exact", tokenizer_name="whitespace", index_option="position")
    return builder.build()
