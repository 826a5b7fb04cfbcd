"""JSON and JSON lines: each record is a row of its names and values, long texts are paragraphs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ingest.loaders.naming import stem
from ingest.loaders.notebook import is_notebook, load_notebook
from ingest.text_builder import TextBuilder
from rag.document_text import DocumentText
from rag.errors import UnreadableError

_LONG = 160
_TITLES = ("title", "título", "titulo", "name", "nombre", "headline", "question")


def load_json(text: str, name: str) -> DocumentText:
    """The document of a JSON text; a notebook is read as one.

    Raises:
        UnreadableError: it is not valid, or nested too deeply.
    """
    value = parse_json(text)
    if is_notebook(value):
        return load_notebook(value, name)
    builder = TextBuilder()
    add_value(builder, value)
    return builder.build(_title(value) or stem(name), "application/json")


def load_json_lines(text: str, name: str) -> DocumentText:
    """The document of a text with a JSON value on each line; lines that are none are counted.

    Raises:
        UnreadableError: no line is JSON.
    """
    builder = TextBuilder()
    bad = good = 0
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            add_record(builder, json.loads(line))
            good += 1
        except (ValueError, RecursionError):
            bad += 1
    if not good:
        raise UnreadableError("It is no valid JSON: no line of it can be read.")
    warnings = [f"{bad} of its {good + bad} lines are no valid JSON and were left out."] if bad else []
    return builder.build(stem(name), "application/jsonl", warnings=warnings)


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        UnreadableError: it is not valid, or nested too deeply.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"It is no valid JSON: {error.msg.lower()} on line {error.lineno}.") from error
    except RecursionError as error:
        raise UnreadableError("It is JSON that is nested too deeply to be read.") from error
    except ValueError as error:
        raise UnreadableError("It is JSON with a number too long to be read.") from error


def add_value(builder: TextBuilder, value: Any) -> None:
    """Add a list record by record, an object member by member."""
    if isinstance(value, list):
        for record in value:
            add_record(builder, record)
    elif isinstance(value, dict):
        plain = {key: inner for key, inner in value.items() if not isinstance(inner, dict | list)}
        add_record(builder, plain)
        for key, inner in value.items():
            if isinstance(inner, list) and inner and all(isinstance(record, dict) for record in inner):
                builder.heading(key, 2)
                for record in inner:
                    add_record(builder, record)
            elif isinstance(inner, dict | list):
                builder.heading(key, 2)
                add_record(builder, inner)
    else:
        add_record(builder, value)


def add_record(builder: TextBuilder, record: Any) -> None:
    """Add one record: its short values as a row, its long texts as paragraphs after it."""
    names, values, long = [], [], []
    for path, leaf in _leaves(record):
        shown = "" if leaf is None else str(leaf).lower() if isinstance(leaf, bool) else str(leaf)
        if len(shown) > _LONG or "\n" in shown.strip():
            long.append(shown)
        elif shown:
            names.append(path)
            values.append(shown)
    builder.row(values, names)
    for text in long:
        for paragraph in text.replace("\r\n", "\n").split("\n\n"):
            builder.paragraph(paragraph)
    if long:
        builder.separate()


def _leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """The values that hold no others, each with its path ("author.name"), in order."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += reversed(
                [(f"{path}.{key}" if path else str(key), leaf) for key, leaf in inner.items()]
            )
        elif isinstance(inner, list):
            if all(isinstance(leaf, str | int | float) for leaf in inner):
                yield path, _listed(inner)
            else:
                waiting += reversed([(path, leaf) for leaf in inner])
        else:
            yield path, inner


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values)


def _title(value: Any) -> str:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.lower() in _TITLES and isinstance(inner, str) and inner.strip():
                return inner
    return ""
