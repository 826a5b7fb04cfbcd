"""Jupyter notebooks: text cells as Markdown, code cells and what they printed as code."""

from __future__ import annotations

from typing import Any

from ingest.loaders.markdown import add_markdown
from ingest.loaders.naming import stem
from ingest.text_builder import TextBuilder
from rag.document_text import DocumentText

MEDIA_TYPE = "application/x-ipynb+json"
_LONGEST_OUTPUT = 2_000


def is_notebook(value: Any) -> bool:
    """Whether a JSON value is a notebook, of format 3 or 4."""
    if not isinstance(value, dict):
        return False
    return "nbformat" in value and (isinstance(value.get("cells"), list) or "worksheets" in value)


def load_notebook(value: dict[str, Any], name: str) -> DocumentText:
    """The document of a notebook; pictures and long outputs are left out."""
    builder = TextBuilder()
    cells = value.get("cells")
    if not isinstance(cells, list):
        sheets = value.get("worksheets")
        cells = (
            [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or []]
            if isinstance(sheets, list)
            else []
        )
    for cell in cells:
        if isinstance(cell, dict):
            _add_cell(builder, cell)
    title = builder.first_heading or stem(name)
    return builder.build(title, MEDIA_TYPE, _fields(value.get("metadata")))


def _add_cell(builder: TextBuilder, cell: dict[str, Any]) -> None:
    kind = cell.get("cell_type")
    source = _joined(cell.get("source", cell.get("input")))
    if kind == "markdown":
        add_markdown(builder, source)
    elif kind == "heading":
        level = cell.get("level")
        builder.heading(source, level if isinstance(level, int) else 1)
    elif kind == "code":
        builder.code(source)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            builder.code(_output(output)[:_LONGEST_OUTPUT])
    else:
        builder.paragraph(source)


def _output(output: Any) -> str:
    """What a cell printed, or its value as plain text."""
    if not isinstance(output, dict) or output.get("output_type") == "error":
        return ""
    data = output.get("data")
    return _joined(output.get("text")) or _joined(data.get("text/plain") if isinstance(data, dict) else None)


def _joined(source: Any) -> str:
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _fields(metadata: Any) -> dict[str, str]:
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernel.get("language") if isinstance(kernel, dict) else None
    return {"programming language": language} if isinstance(language, str) else {}
