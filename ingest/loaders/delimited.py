"""CSV and its kin: rows with their header's names."""

from __future__ import annotations

import csv
import io

from ingest.loaders.naming import stem
from ingest.loaders.plain import add_plain_text
from ingest.loaders.tables import is_header
from ingest.text_builder import TextBuilder, visible
from rag.document_text import DocumentText

_SAMPLE = 20_000
_DELIMITERS = ",;\t|"


def load_delimited(text: str, name: str) -> DocumentText:
    """The document of a table in plain text; what separates its values is found out."""
    text = visible(text)
    builder = TextBuilder()
    try:
        _add_rows(builder, text)
    except csv.Error:
        builder = TextBuilder()
        add_plain_text(builder, text)
    return builder.build(stem(name), "text/csv")


def _add_rows(builder: TextBuilder, text: str) -> None:
    header: list[str] | None = None
    for row in csv.reader(io.StringIO(text), delimiter=delimiter(text), skipinitialspace=True):
        if not any(cell.strip() for cell in row):
            continue
        if header is None:
            header = row if is_header(row, len(row)) or (len(row) == 1 and len(row[0]) < 60) else []
            if header:
                continue
        builder.row(row, header)
    if builder.is_empty and header:
        builder.row(header)


def delimiter(text: str) -> str:
    """What separates the values: the mark that is as often in each of the first lines."""
    lines = [line for line in text[:_SAMPLE].split("\n")[:30] if line.strip()]
    if len(text) > _SAMPLE and len(lines) > 1:
        del lines[-1]
    best, most = ",", 0.0
    for mark in _DELIMITERS:
        counts = [line.count(mark) for line in lines]
        steady = sum(count == counts[0] for count in counts) / len(counts) if counts else 0
        if counts and counts[0] and steady * min(counts[0], 3) > most:
            best, most = mark, steady * min(counts[0], 3)
    return best
