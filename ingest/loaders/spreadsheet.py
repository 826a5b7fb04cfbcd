"""XLSX: each sheet is a heading and its rows, with the header's names before the values."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zipfile import BadZipFile

from ingest.loaders.archive import Archive, core_properties
from ingest.loaders.naming import stem
from ingest.loaders.tables import is_header
from ingest.text_builder import TextBuilder
from rag.document_text import DocumentText
from rag.errors import UnreadableError

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_ROWS = 1_100_000
_HEAD_ROWS = 10
"""Rows in which a header is looked for: above it stand titles and notes."""


def load_spreadsheet(data: bytes, archive: Archive, name: str) -> DocumentText:
    """The document of an XLSX file; formulas by their last value, hidden sheets left out.

    Raises:
        UnreadableError: the workbook is damaged.
    """
    for part in archive.names:
        if part.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(part)[:4096]:
            raise UnreadableError("It is no sound workbook: its XML declares a document type.")
    fields = core_properties(archive)
    builder = TextBuilder()
    hidden = _add_sheets(builder, data)
    title = fields.pop("title", "") or stem(name)
    left_out = [f"Hidden sheets were left out: {', '.join(hidden)}."] if hidden else []
    return builder.build(title, MEDIA_TYPE, fields, left_out)


def _add_sheets(builder: TextBuilder, data: bytes) -> list[str]:
    """Add the sheets that are shown; gives the names of the others."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    hidden = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that it does not keep
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    hidden.append(str(sheet.title))
                    continue
                # A sheet may claim to reach to the last cell there can be.
                sheet.reset_dimensions()
                _add_sheet(builder, str(sheet.title), _rows(sheet))
    except (
        InvalidFileException,
        BadZipFile,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OSError,
        SyntaxError,  # of XML, by lxml and by the standard library
        RecursionError,
        AssertionError,
    ) as error:
        raise UnreadableError("It is damaged: its workbook cannot be read.") from error
    return hidden


def _add_sheet(builder: TextBuilder, title: str, rows: Iterator[list[str]]) -> None:
    builder.heading(title, 2)
    builder.separate()
    header: list[str] = []
    for number, row in enumerate(rows):
        if not header and number < _HEAD_ROWS and is_header(row, len(row)):
            header = row
            continue
        builder.row(row, header)
    if header and builder.last_kind == "heading":
        builder.row(header)
    builder.separate()


def _rows(sheet: Any) -> Iterator[list[str]]:
    for number, row in enumerate(sheet.iter_rows()):
        cells = [_shown(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield cells
        if number >= _MAX_ROWS:
            return


def _shown(cell: Any) -> str:
    """A cell's value as the sheet shows it, near enough."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float | int) and "%" in (cell.number_format or ""):
        return f"{value * 100:.6g} %"
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)
