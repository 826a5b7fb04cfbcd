"""Errors and outcomes are raised in English and shown in the reader's language."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.conftest import ROOT
from web.languages import TRANSLATIONS_DIRECTORY
from web.sentences import HOLE, Sentences, load_sentences

RAISED = {"Outcome", "Plan", "GeneratorStatus", "bad_key", "model_missing", "_error"}
"""Calls, beside those of errors, whose texts a reader sees."""
NAMES = {"message", "reason", "error", "said"}
FOLDERS = ("rag", "ingest", "web")


def raised(folder: Path) -> Iterator[str]:
    """Every sentence that the code of a folder raises or reports, with `{1}`, `{2}` for its parts."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield from filter(_is_sentence, map(_template, _texts(node)))


def _texts(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        is_warning = name == "append" and getattr(getattr(node.func, "value", None), "id", "") == "warnings"
        if name.endswith("Error") or name in RAISED or is_warning:
            return [part for argument in node.args for part in _branches(argument)]
    if isinstance(node, ast.Assign) and any(getattr(target, "id", "") in NAMES for target in node.targets):
        return _branches(node.value)
    return []


def _branches(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.IfExp):
        return [*_branches(node.body), *_branches(node.orelse)]
    return [node]


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    pieces, number = [], 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            pieces.append(str(value.value))
        else:
            number += 1
            pieces.append(f"{{{number}}}")
    return "".join(pieces)


def _is_sentence(text: str) -> bool:
    words = HOLE.sub("", text).strip(string.punctuation + " ").split()
    return len(words) >= 3


def catalogue() -> dict[str, str]:
    with (TRANSLATIONS_DIRECTORY / "es" / "LC_MESSAGES" / "sentences.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file, locale="es") if entry.id}


def test_every_sentence_that_is_raised_is_translated() -> None:
    known = catalogue()
    missing = sorted({text for name in FOLDERS for text in raised(ROOT / name)} - set(known))
    assert missing == []
    broken = [
        text for text, own in known.items() if not own or set(HOLE.findall(own)) - set(HOLE.findall(text))
    ]
    assert broken == []


def test_names_and_numbers_are_carried_over() -> None:
    spanish = load_sentences("es")
    said = spanish.translated("There is no page 12; the document has 3.")
    assert said == "No hay página 12; el documento tiene 3."
    assert spanish.translated("Nothing of the kind.") == "Nothing of the kind."
    assert load_sentences("en").translated("There is no page 12; the document has 3.") == (
        "There is no page 12; the document has 3."
    )


@pytest.mark.parametrize("part", ["(a.*b)", "a; b {1}", "línea\nnueva", "\\1"])
def test_parts_may_hold_anything(part: str) -> None:
    sentences = Sentences([("It is {1}; try again.", "Es {1}; prueba otra vez.")])
    assert sentences.translated(f"It is {part}; try again.") == f"Es {part}; prueba otra vez."


def test_a_part_that_is_a_sentence_itself_is_translated_too() -> None:
    sentences = Sentences([("It failed ({1}).", "Falló ({1})."), ("no space left", "sin espacio")])
    assert sentences.translated("It failed (no space left).") == "Falló (sin espacio)."
