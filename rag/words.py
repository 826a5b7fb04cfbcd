"""Tantivy, met here only: the words of chunks, ranked by BM25.

Words are folded (case, accents) and stemmed in their document's language before they are indexed; a
question's words are stemmed in every language that the index holds, so that names and codes are found
across languages. Scores are given as a share of the most that the question could score, which makes
them comparable between questions: 0 where no word is shared, near 1 where every word is there and dense.

BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from math import log
from pathlib import Path
from typing import Any

from rag.errors import StoreError
from rag.stemming import Wanted, fold, hidden_words, stems

K1 = 1.2
"""Tantivy's BM25 saturation; a word's score stays below idf x (K1 + 1)."""
WRITER_BYTES = 64_000_000
HEADING_BOOST = 0.5
NEARLY = 0.7
"""What a word one letter away counts, where nothing has the word itself."""
NEGLIGIBLE = 0.1
"""Share of a question's weight that its commonest words may have together and be left out."""
CHEAP = 1000
"""Chunks that have a word, up to which it is looked up whatever it weighs."""
LEAST_FOR_SLIPS = 5
"""Letters of a stem from which one of them may be wrong; shorter ones are near to too many others."""


@dataclass(frozen=True, slots=True)
class WordEntry:
    """What is indexed of one chunk."""

    chunk_id: str
    revision: int
    collection: str
    language: str
    text: str
    heading: str


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a question."""

    forms: tuple[str, ...]
    found: frozenset[str]
    """Those of the forms that texts have."""
    weight: float
    """Inverse document frequency of the form that most chunks have."""


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
                # Only here: who asks for `getUserName` means that name, and no other with a user in it.
                body = [*stems(entry.text, entry.language), *hidden_words(entry.text)]
                document.add_text("body", " ".join(body))
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

    def search(
        self,
        looked_for: Wanted,
        collection: str | None,
        limit: int,
        within: Collection[int] | None = None,
    ) -> list[tuple[str, float]]:
        """Chunk ids with the share (0 to 1) of the question's highest possible BM25 score, best first.

        Args:
            looked_for: the words.
            collection: where; None looks everywhere, which is faster where there is one collection.
            limit: most hits.
            within: look at these revisions' chunks only.
        """
        with self._translated():
            searcher = self._index.searcher()
            clauses, most = self._ranking(searcher, looked_for)
            if not clauses or most <= 0:
                return []
            musts = self._conditions(looked_for, collection, within)
            occur, build = self._tantivy.Occur, self._tantivy.Query.boolean_query
            # Only a query of nothing but words lets Tantivy skip what cannot be among the best.
            words = [(occur.Should, clause) for clause in clauses]
            query = build([*musts, (occur.Must, build(words))]) if musts else build(words)
            hits = searcher.search(query, limit, count=False).hits
            found = [(searcher.doc(address)["chunk"][0], min(score / most, 1.0)) for score, address in hits]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def coverage(self, looked_for: Wanted, chunks: Sequence[str]) -> dict[str, float]:
        """The share (0 to 1) of the question's words that each of some chunks has, weighted by rarity.

        A word counts as its inverse document frequency, wherever it stands in text or headings and
        however often; a word that no chunk of the index has counts as the rarest.

        Returns:
            The chunks that have every phrase and no banned word, those without any word at 0.
        """
        if not chunks:
            return {}
        query_of, occur = self._tantivy.Query, self._tantivy.Occur
        with self._translated():
            searcher = self._index.searcher()
            among = query_of.term_set_query(self._schema, "chunk", list(chunks))
            clauses = [(occur.Must, query_of.const_score_query(among, 0.0))]
            clauses += self._conditions(looked_for, None, None)
            most = 0.0
            for word in _telling(searcher, looked_for):
                weight = word.weight
                most += weight
                terms = [self._term(field, form) for form in word.forms for field in ("body", "heading")]
                if not word.found:
                    terms = self._nearly(word.forms)
                    weight *= NEARLY
                if terms:
                    either = query_of.boolean_query([(occur.Should, term) for term in terms])
                    clauses.append((occur.Should, query_of.const_score_query(either, weight)))
            hits = searcher.search(query_of.boolean_query(clauses), len(chunks), count=False).hits
            return {
                searcher.doc(address)["chunk"][0]: min(score / most, 1.0) if most > 0 else 0.0
                for score, address in hits
            }

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

    def _ranking(self, searcher: Any, looked_for: Wanted) -> tuple[list[Any], float]:
        """The question's words as BM25 clauses, and the most that they could score together."""
        clauses, most = [], 0.0
        for word in _telling(searcher, looked_for):
            most += (K1 + 1) * word.weight
            if not word.found:
                clauses += [
                    self._tantivy.Query.const_score_query(one, NEARLY * word.weight)
                    for one in self._nearly(word.forms)
                ]
            for form in word.forms:
                if form in word.found:
                    clauses.append(self._term("body", form))
                if searcher.doc_freq("heading", form):
                    heading = self._term("heading", form)
                    clauses.append(self._tantivy.Query.boost_query(heading, HEADING_BOOST))
        return clauses, most

    def _nearly(self, forms: Sequence[str]) -> list[Any]:
        """Words one slip of the finger away from one that nothing has."""
        near = self._tantivy.Query.fuzzy_term_query
        return [
            near(self._schema, "body", form, distance=1, transposition_cost_one=True)
            for form in forms
            if len(form) >= LEAST_FOR_SLIPS and form.isalpha()
        ]

    def _conditions(
        self, looked_for: Wanted, collection: str | None, within: Collection[int] | None
    ) -> list[Any]:
        """What a hit must and must not have."""
        occur, query_of = self._tantivy.Occur, self._tantivy.Query
        conditions = []
        if collection is not None:
            inside = self._term("collection", collection)
            conditions.append((occur.Must, query_of.const_score_query(inside, 0.0)))
        if within is not None:
            among = query_of.term_set_query(self._schema, "revision", [str(one) for one in within])
            conditions.append((occur.Must, query_of.const_score_query(among, 0.0)))
        for phrase in looked_for.phrases:
            conditions.append((occur.Must, query_of.const_score_query(self._phrase(phrase), 0.0)))
        for banned in looked_for.without:
            conditions.append((occur.MustNot, self._phrase(banned)))
        return conditions

    def _phrase(self, words: Sequence[str]) -> Any:
        if len(words) == 1:
            return self._term("exact", words[0])
        return self._tantivy.Query.phrase_query(self._schema, "exact", list(words))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, OSError) as error:
            if "No space left" in str(error):
                raise StoreError(
                    f"The disk that holds {self._folder} is full; free some space and try again. "
                    "Nothing was lost."
                ) from error
            said = (str(error).splitlines() or ["unknown reason"])[0]
            raise StoreError(
                f"The word index in {self._folder} failed ({said}); run `cita repair`."
            ) from error


def _telling(searcher: Any, looked_for: Wanted) -> list[_Word]:
    """The question's words that tell chunks apart, in its order.

    Nearly every chunk of a large library has its commonest words: they cost most to look up and say least.
    """
    words, common = [], []
    for number, forms in enumerate(looked_for.forms):
        frequencies = {form: searcher.doc_freq("body", form) for form in forms}
        weight = _idf(max(frequencies.values(), default=0), searcher.num_docs)
        words.append(_Word(forms, frozenset(one for one, count in frequencies.items() if count), weight))
        if max(frequencies.values(), default=0) > CHEAP:
            common.append(number)
    commonest = sorted(common, key=lambda i: words[i].weight)
    sums = accumulate(words[i].weight for i in commonest)
    bound = NEGLIGIBLE * sum(word.weight for word in words)
    left_out = {i for i, total in zip(commonest, sums, strict=True) if total <= bound}
    return [word for i, word in enumerate(words) if i not in left_out]


def _idf(frequency: int, total: int) -> float:
    # Words of chunks that are being taken away count until Tantivy merges them out.
    return log(1 + (max(total, frequency) - frequency + 0.5) / (frequency + 0.5))


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("chunk", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("revision", "collection", "language"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("body", "heading"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("exact", tokenizer_name="whitespace", index_option="position")
    return builder.build()
