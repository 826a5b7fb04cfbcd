"""CSV, JSON, JSON lines, notebooks and e-mail."""

import json
from email.message import EmailMessage

import pytest

from ingest.loaders.delimited import delimiter
from ingest.loading import load
from rag.document_text import DocumentText


def blocks(document: DocumentText) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_csv_rows_say_their_columns(mark: str) -> None:
    rows = [["País", "Capital", "Habitantes"], ["España", '"Madrid, la villa"', "3,4"], ["Perú", "Lima", ""]]
    text = "\r\n".join(
        mark.join(f'"{cell}"' if mark in cell and '"' not in cell else cell for cell in row) for row in rows
    )
    assert delimiter(text) == mark
    assert load(text.encode(), "a.csv").text == (
        "País: España | Capital: Madrid, la villa | Habitantes: 3,4\nPaís: Perú | Capital: Lima"
    )


def test_csv_without_header() -> None:
    assert load(b"1,2\n3,4\n", "a.csv").text == "1 | 2\n3 | 4"


def test_csv_of_a_header_alone() -> None:
    assert load(b"name,age\n", "a.csv").text == "name | age"


def test_json_records_are_rows_and_long_texts_paragraphs() -> None:
    long = "Una respuesta larga. " * 20
    value = [{"id": 1, "author": {"name": "Ana"}, "tags": ["a", "b"], "ok": True, "none": None, "text": long}]
    document = load(json.dumps(value).encode(), "a.json")
    assert blocks(document) == [
        ("table_row", 0, "id: 1 | author.name: Ana | tags: a, b | ok: true"),
        ("paragraph", 0, long.strip()),
    ]


def test_json_object_has_a_heading_for_each_part() -> None:
    value = {
        "title": "Datos",
        "version": 2,
        "people": [{"name": "Ana"}, {"name": "Luis"}],
        "more": {"x": {"y": 1}},
    }
    document = load(json.dumps(value).encode(), "a")
    assert document.text == "title: Datos | version: 2\n\npeople\n\nname: Ana\nname: Luis\n\nmore\n\nx.y: 1"
    assert document.title == "Datos"


def test_json_lines_count_the_bad_ones() -> None:
    document = load(b'{"a": 1}\n{"a": \n\n{"a": 2}\n', "a.jsonl")
    assert document.text == "a: 1\na: 2"
    assert document.warnings == ("1 of its 3 lines are no valid JSON and were left out.",)


def test_notebook() -> None:
    notebook = {
        "nbformat": 4,
        "metadata": {"kernelspec": {"language": "python"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Cuaderno\n", "\n", "Un **texto**."]},
            {
                "cell_type": "code",
                "source": "print(1)",
                "outputs": [
                    {"output_type": "stream", "text": ["1\n"]},
                    {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
                    {"output_type": "error", "traceback": ["boom"]},
                ],
            },
            {"cell_type": "raw", "source": "crudo"},
            "nonsense",
        ],
    }
    document = load(json.dumps(notebook).encode(), "a.ipynb")
    assert blocks(document) == [
        ("heading", 1, "Cuaderno"),
        ("paragraph", 0, "Un texto."),
        ("code", 0, "print(1)"),
        ("code", 0, "1"),
        ("code", 0, "<Figure>"),
        ("paragraph", 0, "crudo"),
    ]
    assert document.title == "Cuaderno"


def message() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Reunión del año"
    mail["From"] = "Ana Núñez <ana@example.org>"
    mail["To"] = "luis@example.org"
    mail["Date"] = "Fri, 01 Mar 2024 10:00:00 +0100"
    mail["Message-ID"] = "<1@example.org>"
    mail.set_content("Hola, Luis.\n\nNos vemos mañana.\n")
    return mail


@pytest.mark.parametrize("name", ["a.eml", "a.txt", "mail"])
def test_mail(name: str) -> None:
    mail = message()
    mail.add_alternative("<p>Hola en <b>HTML</b></p>", subtype="html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="acta.pdf")
    document = load(mail.as_bytes(), name)
    assert document.text == (
        "Reunión del año\n\nFrom: Ana Núñez <ana@example.org>\nTo: luis@example.org\n"
        "Date: Fri, 01 Mar 2024 10:00:00 +0100\n\nHola, Luis.\n\nNos vemos mañana."
    )
    assert document.title == "Reunión del año"
    assert document.warnings == ("Attachments were not read: acta.pdf.",)


def test_mail_in_html_only() -> None:
    mail = message()
    mail.set_content("<h2>Orden</h2><p>Uno</p><p style='display:none'>no</p>", subtype="html")
    assert load(mail.as_bytes(), "a.eml").text.endswith("\n\nOrden\n\nUno")
