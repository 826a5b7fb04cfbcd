"""Chunks: exact slices that rebuild the text, respect the limit and follow the document's parts."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.chunking import Chunk, embedding_text, heading_path, split_into_chunks
from ingest.loaders.markdown import load_markdown
from ingest.preparing import SPARE_TOKENS
from ingest.text_builder import TextBuilder
from rag.document_text import Block, DocumentText
from rag.embedding import Embedder, open_embedder
from rag.sentences import split_sentences
from rag.settings import load_settings


def by_characters(texts: Sequence[str]) -> list[int]:
    """A token for each four characters: never fewer for two texts than for both together."""
    return [-(-len(text) // 4) for text in texts]


def by_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def whole(document: DocumentText, chunks: Sequence[Chunk]) -> bool:
    ends = [0, *(chunk.end for chunk in chunks)]
    return [chunk.start for chunk in chunks] == ends[:-1] and ends[-1] == len(document.text)


def sentence(number: int, words: int = 12) -> str:
    return f"La frase {number} " + " ".join(f"palabra{at}" for at in range(words - 3)) + "."


PARTS = st.lists(
    st.one_of(
        st.tuples(st.just("heading"), st.text(min_size=1, max_size=300), st.integers(1, 6)),
        st.tuples(st.just("paragraph"), st.text(max_size=600), st.just(0)),
        st.tuples(st.just("paragraph"), st.integers(1, 30), st.just(0)),
        st.tuples(st.just("list_item"), st.text(max_size=200), st.integers(1, 3)),
        st.tuples(st.just("code"), st.text(max_size=600), st.just(0)),
        st.tuples(st.just("long"), st.integers(1000, 9000), st.just(0)),
    ),
    max_size=25,
)


def build(parts: Sequence[tuple[str, str | int, int]]) -> DocumentText:
    builder = TextBuilder()
    for kind, content, level in parts:
        if kind == "long":
            builder.paragraph("x" * int(content))
        elif isinstance(content, int):
            builder.paragraph(" ".join(sentence(number) for number in range(content)))
        elif kind in ("heading", "list_item"):
            getattr(builder, kind)(content, level)
        else:
            getattr(builder, kind)(content)
    return builder.build("Título", "text/plain")


@settings(deadline=None)
@given(PARTS)
def test_chunks_rebuild_the_text_and_respect_the_limit(parts: list[tuple[str, str | int, int]]) -> None:
    document = build(parts)
    chunks = split_into_chunks(document, by_characters)
    assert "".join(document.text[chunk.start : chunk.end] for chunk in chunks) == document.text
    assert whole(document, chunks)
    for chunk in chunks:
        assert by_characters([embedding_text(document, chunk)])[0] <= chunk.tokens <= 480
        assert embedding_text(document, chunk).endswith(document.text[chunk.start : chunk.end].strip())


@settings(deadline=None)
@given(st.text(max_size=3000), st.integers(1, 60))
def test_any_text_without_blocks_is_cut_whole(text: str, target: int) -> None:
    document = DocumentText(text, (), "", "text/plain")
    chunks = split_into_chunks(document, by_characters, target=target, limit=max(2 * target, 8))
    assert whole(document, chunks)
    assert all(chunk.end > chunk.start for chunk in chunks)


@settings(deadline=None)
@given(st.lists(st.integers(3, 60), min_size=1, max_size=60))
def test_never_cuts_a_sentence_that_fits(lengths: list[int]) -> None:
    builder = TextBuilder()
    builder.paragraph(" ".join(sentence(number, words) for number, words in enumerate(lengths)))
    document = builder.build("t", "text/plain")
    cuts = {chunk.start for chunk in split_into_chunks(document, by_words)}
    assert cuts <= {start for start, _ in split_sentences(document.text)}


def test_a_section_starts_a_chunk_and_small_siblings_share_one() -> None:
    long = " ".join(sentence(number) for number in range(14))
    short = " ".join(sentence(number) for number in range(5))
    parts = ["# Guide", "## A", long, "## B", long, "## C", short, "## D", short, "# Other", long]
    document = load_markdown("\n\n".join(parts), "g.md")
    chunks = split_into_chunks(document, by_words)
    starts = [document.text[chunk.start :].split("\n")[0] for chunk in chunks]
    assert starts == ["Guide", "B", "C", "Other"]
    assert [chunk.heading for chunk in chunks] == [("Guide",), ("Guide", "B"), ("Guide",), ("Other",)]


def test_a_heading_never_ends_a_chunk_alone() -> None:
    text = "\n\n".join(f"## Part {at}\n\n" + " ".join(sentence(n) for n in range(16)) for at in range(9))
    document = load_markdown(text, "x.md")
    for chunk in split_into_chunks(document, by_words):
        last = [block for block in document.blocks if chunk.start <= block.start < chunk.end][-1:]
        assert not last or last[0].kind != "heading"


def test_keeps_lists_tables_and_code_together_where_they_fit() -> None:
    long = " ".join(sentence(number) for number in range(12))
    items = "\n".join(f"- {sentence(number, 8)}" for number in range(9))
    rows = "| A | B |\n|---|---|\n" + "\n".join(f"| {n} | {sentence(n, 6)} |" for n in range(9))
    code = "```\n" + "\n".join(f"call({n}, 'a b c d e f')" for n in range(12)) + "\n```"
    document = load_markdown(f"{long}\n\n{items}\n\n{long}\n\n{rows}\n\n{long}\n\n{code}", "x.md")
    chunks = split_into_chunks(document, by_words)
    for kind in ("list_item", "table_row", "code"):
        starts = [block.start for block in document.blocks if block.kind == kind]
        assert len({next(c.start for c in chunks if c.start <= at < c.end) for at in starts}) == 1


def test_paged_documents_name_the_page_on_which_a_chunk_starts() -> None:
    builder = TextBuilder()
    for number in range(1, 6):
        builder.page(number)
        builder.paragraph(" ".join(sentence(at) for at in range(17)))
    chunks = split_into_chunks(builder.build("t", "application/pdf"), by_words)
    assert [chunk.page for chunk in chunks] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("title", "says"), [("p17", False), ("2024-05", False), ("注", True), ("IA", True), ("Tesis", True)]
)
def test_a_title_without_a_word_is_not_embedded(title: str, says: bool) -> None:
    text = "La atención pesa cada palabra."
    document = DocumentText(text, (Block(0, len(text), "paragraph"),), title, "text/plain")
    [chunk] = split_into_chunks(document, by_characters)
    assert embedding_text(document, chunk) == (f"{title}\n{text}" if says else text)


def test_embedding_text_says_the_path_once() -> None:
    document = load_markdown("# Guide\n\n## Part\n\n" + " ".join(sentence(n) for n in range(40)), "g.md")
    first, second = split_into_chunks(document, by_words)[:2]
    assert embedding_text(document, first).startswith("Guide\n\nPart\n\nLa frase 0")
    assert embedding_text(document, second).startswith("Guide > Part\nLa frase ")
    assert heading_path(document, second.start) == ("Guide", "Part")
    assert heading_path(document, 0) == ("Guide",)


def test_counts_all_sentences_in_one_call() -> None:
    calls: list[int] = []

    def count(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return by_words(texts)

    split_into_chunks(build([("heading", "A", 1), ("paragraph", 30, 0)]), count)
    assert len(calls) == 2
    assert calls[1] == 31


def test_blocks_that_leave_text_out_lose_none_of_it() -> None:
    text = "before\n\nHEAD\n\nafter"
    document = DocumentText(text, (Block(8, 12, "heading", 1),), "t", "text/plain")
    assert whole(document, split_into_chunks(document, by_words))


@pytest.mark.parametrize(
    "text",
    ["a " * 2_500_000, "a" * 5_000_000, "\n" * 5_000_000, "Una frase corta y ya está. " * 185_000],
    ids=["words", "one word", "lines", "sentences"],
)
def test_takes_linear_time(text: str) -> None:
    document = DocumentText(text, (), "t", "text/plain")
    before = time.process_time()
    chunks = split_into_chunks(document, by_characters)
    assert time.process_time() - before < 30
    assert whole(document, chunks)


def test_crumbs_make_chunks_of_the_usual_size() -> None:
    builder = TextBuilder()
    for number in range(5000):
        builder.paragraph(f"w{number}")
    document = builder.build("t", "text/plain")
    chunks = split_into_chunks(document, by_words)
    assert whole(document, chunks)
    assert all(150 <= chunk.tokens <= 250 for chunk in chunks)


@pytest.fixture(scope="module")
def embedder(models: Path) -> Embedder:
    return open_embedder(load_settings(models_dir=models))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(parts=PARTS, title=st.text(max_size=400))
def test_nothing_that_is_embedded_is_cut_off_by_the_model(
    embedder: Embedder, parts: list[tuple[str, str | int, int]], title: str
) -> None:
    document = replace(build(parts), title=title)
    limit = embedder.description.max_tokens
    count = embedder.count_tokens
    chunks = split_into_chunks(document, count, limit=limit - SPARE_TOKENS)
    assert whole(document, chunks)
    embedded = [embedding_text(document, chunk) for chunk in chunks]
    prompted = [embedder.description.prompt("document") + text for text in embedded]
    # Two more mark the beginning and the end.
    assert all(tokens + 2 <= limit for tokens in count(prompted))
    assert all(tokens <= chunk.tokens for tokens, chunk in zip(count(embedded), chunks, strict=True))
