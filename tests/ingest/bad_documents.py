"""Documents that are broken, hostile or not documents, and those that only look so."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Callable

import docx
import openpyxl
from fpdf import FPDF


def zipped(parts: dict[str, str | bytes], **options: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def word(body: str, before: str = "") -> bytes:
    xml = f'<?xml version="1.0"?>{before}<w:document xmlns:w="w"><w:body>{body}</w:body></w:document>'
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": xml})


def real_word() -> bytes:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Hola")
    document.save(buffer)
    return buffer.getvalue()


def real_spreadsheet() -> bytes:
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.save(buffer)
    return buffer.getvalue()


def real_pdf(pages: int = 1) -> bytes:
    pdf = FPDF()
    for number in range(pages):
        pdf.add_page()
        pdf.set_font("helvetica", size=12)
        pdf.cell(0, 10, f"Hola {number}")
    return bytes(pdf.output())


def replaced(data: bytes, part: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = content
    return zipped(parts)


def zip_bomb() -> bytes:
    return zipped({"word/document.xml": b"\x00" * 300_000_000})


def many_parts() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(60_000):
            archive.writestr(str(number), "")
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    data = bytearray(real_word())
    data[6] |= 1
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def far_cell() -> bytes:
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData></worksheet>'
    )
    return replaced(real_spreadsheet(), "xl/worksheets/sheet1.xml", xml.encode())


LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a 'ha ha ha ha ha ha '>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(10))
    + "]>"
)
DEEP_DOC = "<w:tbl><w:tr><w:tc>" * 20_000
noise = random.Random(7).randbytes(50_000)
REFUSED: dict[str, tuple[str, Callable[[], bytes], str]] = {
    # name: (file name, its bytes, what the sentence says)
    "empty": ("a.txt", lambda: b"", "is empty"),
    "only spaces": ("a.md", lambda: b" \n\t\r\n " * 1000, "is empty"),
    "only a byte order mark": ("a.txt", lambda: b"\xef\xbb\xbf", "no text"),
    "only zeros": ("a.txt", lambda: bytes(10_000), "binary"),
    "noise named .txt": ("a.txt", lambda: noise, "binary"),
    "noise named .md": ("a.md", lambda: noise, "binary"),
    "noise named .html": ("a.html", lambda: noise, "binary"),
    "noise named .csv": ("a.csv", lambda: noise, "binary"),
    "noise named .json": ("a.json", lambda: noise, "binary"),
    "noise named .pdf": ("a.pdf", lambda: noise, "no PDF"),
    "noise named .docx": ("a.docx", lambda: noise, "no Word"),
    "noise named .xlsx": ("a.xlsx", lambda: noise, "no Excel"),
    "noise named .epub": ("a.epub", lambda: noise, "no EPUB"),
    "noise without a name": ("", lambda: noise, "binary"),
    "program": ("a.txt", lambda: b"\x7fELF" + noise, "program"),
    "picture named .txt": ("a.txt", lambda: b"\x89PNG\r\n\x1a\n" + noise, "picture"),
    "picture": ("a.jpg", lambda: b"\xff\xd8\xff\xe0" + noise, "picture"),
    "gzip": ("a.gz", lambda: b"\x1f\x8b\x08" + noise, "archive"),
    "sound": ("a.mp3", lambda: b"ID3\x04" + noise, "sound"),
    "database": ("a.db", lambda: b"SQLite format 3\x00" + noise, "database"),
    "old Word": ("a.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise, "old Office"),
    "RTF": ("a.rtf", lambda: b"{\\rtf1 hola}", "RTF"),
    "200 MB of one line": ("a.txt", lambda: b"a" * 200_000_000, "200 MB of text"),
    "200 MB of one line of Markdown": ("a.md", lambda: b"[" * 200_000_000, "200 MB of text"),
    "200 MB of JSON": ("a.json", lambda: b"[" * 200_000_000, "200 MB of text"),
    "PDF cut short to its head": ("a.pdf", lambda: b"%PDF-1.7\n%\xe2\xe3\n", "damaged or cut short"),
    "PDF of noise": ("a.pdf", lambda: b"%PDF-1.7\n" + noise, "damaged or cut short"),
    "PDF cut in the middle": ("a.pdf", lambda: real_pdf(3)[:700], "damaged or cut short"),
    "PDF without text": ("a.pdf", lambda: bytes(_blank_pdf()), "no text"),
    "plain zip": ("a.zip", lambda: zipped({"a.txt": "hola"}), "archive"),
    "zip named .docx": ("a.docx", lambda: zipped({"a.txt": "hola"}), "parts are missing"),
    "zip cut short": ("a.docx", lambda: real_word()[:-200], "damaged or cut short"),
    "zip head alone": ("a.docx", lambda: b"PK\x03\x04", "damaged or cut short"),
    "zip bomb": ("a.docx", zip_bomb, "zip bomb"),
    "zip of too many parts": ("a.docx", many_parts, "zip bomb"),
    "zip with a password": ("a.docx", encrypted_zip, "encrypted"),
    "zip with a damaged part": ("a.docx", lambda: _flip(real_word()), "damaged"),
    "Word of entities": ("a.docx", lambda: word("<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", LAUGHS), ""),
    "Word nested deeply": ("a.docx", lambda: word(DEEP_DOC), "XML cannot be read"),
    "Word of broken XML": ("a.docx", lambda: word("<w:p>"), "XML cannot be read"),
    "Word without text": ("a.docx", lambda: word("<w:p/>"), "no text"),
    "Excel of entities": (
        "a.xlsx",
        lambda: replaced(
            real_spreadsheet(), "xl/worksheets/sheet1.xml", LAUGHS.encode() + b"<worksheet>&j;</worksheet>"
        ),
        "document type",
    ),
    "Excel of broken XML": (
        "a.xlsx",
        lambda: replaced(real_spreadsheet(), "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>"),
        "damaged",
    ),
    "Excel without its book": ("a.xlsx", lambda: zipped({"xl/workbook.xml": "<x/>"}), "damaged"),
    "PowerPoint without slides": ("a.pptx", lambda: zipped({"ppt/presentation.xml": "<x/>"}), "no text"),
    "ODT without content": (
        "a.odt",
        lambda: zipped({"mimetype": "application/vnd.oasis.opendocument.text"}),
        "parts",
    ),
    "ODT of entities": (
        "a.odt",
        lambda: zipped(
            {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": LAUGHS + "<x>&j;</x>"}
        ),
        "",
    ),
    "EPUB without chapters": (
        "a.epub",
        lambda: zipped({"META-INF/container.xml": "<x/>"}),
        "list of chapters",
    ),
    "EPUB with DRM": ("a.epub", lambda: _locked_epub(), "DRM"),
    "JSON cut short": ("a.json", lambda: b'{"a": [1, 2', "no valid JSON"),
    "JSON nested deeply": ("a.json", lambda: b"[" * 1_000_000, "nested too deeply"),
    "JSON of a giant number": ("a.json", lambda: b"[" + b"9" * 100_000 + b"]", "number too long"),
    "JSON of nothing": ("a.json", lambda: b"{}", "no text"),
    "JSON lines of nonsense": ("a.jsonl", lambda: b"hola\nadios\n", "no valid JSON"),
    "notebook cut short": ("a.ipynb", lambda: b'{"cells": [', "no valid JSON"),
    "notebook without cells": ("a.ipynb", lambda: b'{"nbformat": 4, "cells": []}', "no text"),
    "HTML without text": (
        "a.html",
        lambda: b"<html><head><title>x</title></head><body></body></html>",
        "no text",
    ),
    "HTML that is all hidden": ("a.html", lambda: b"<body><p hidden>x</p></body>", "no text"),
    "HTML of a null": ("a.html", lambda: b"<html>\x00\x00\x00</html>", ""),
    "only invisible characters": ("a.txt", lambda: "\u200b\u2060\ufeff\u200b".encode(), "no text"),
}
READ: dict[str, tuple[str, Callable[[], bytes]]] = {
    # what looks bad and is read all the same
    "lone surrogates": ("a.txt", lambda: b"hola \xed\xa0\x80 mundo"),
    "surrogates in JSON": ("a.json", lambda: b'{"a": "hola \\ud800"}'),
    "controls": ("a.txt", lambda: b"hola\x00\x01mundo" + b"texto " * 200),
    "UTF-8 with a wrong byte": ("a.txt", lambda: ("canción " * 500).encode() + b"\xff fin"),
    "wrong extension": ("a.pdf.txt", lambda: real_pdf()),
    "PDF named .docx": ("a.docx", lambda: real_pdf()),
    "Word named .pdf": ("a.pdf", lambda: real_word()),
    "HTML named .txt": ("a.txt", lambda: b"<!DOCTYPE html><p>hola"),
    "PDF after other bytes": ("a.pdf", lambda: b"\n\n\n" + real_pdf()),
    "PDF without its end": ("a.pdf", lambda: real_pdf()[:-20]),
    "PDF of 10,000 pages": ("a.pdf", lambda: real_pdf(10_000)),
    "HTML of 1,000,000 tags": ("a.html", lambda: b"<html><body>" + b"<p>a" * 1_000_000),
    "HTML nested deeply": ("a.html", lambda: b"<html><body>" + b"<div>" * 500_000 + b"hola"),
    "Markdown nested deeply": ("a.md", lambda: b">" * 100_000 + b" hola"),
    "Markdown of list marks": ("a.md", lambda: b"- " * 100_000 + b"hola"),
    "Markdown of brackets": ("a.md", lambda: b"[" * 1_000_000),
    "Markdown of brackets in lines": ("a.md", lambda: (b"[" * 60 + b"\n") * 10_000),
    "Markdown of stars": ("a.md", lambda: b"*a **b " * 100_000),
    "20 MB of one line": ("a.txt", lambda: b"palabra " * 2_500_000),
    "CSV of one open quote": ("a.csv", lambda: b'a,b\n"' + b"x,y\n" * 200_000),
    "CSV of many columns": ("a.csv", lambda: b"a," * 100_000 + b"b\n" + b"1," * 100_000 + b"2\n"),
    "reStructuredText of indents": (
        "a.rst",
        lambda: b"".join(b" " * n + b".. x:: y\n\n" for n in range(500)),
    ),
    "a cell in the last corner": ("a.xlsx", far_cell),
    "a name that is no UTF-8": (os.fsdecode(b"\xff\xfe.txt"), lambda: b"hola"),
    "mail nested deeply": ("a.eml", lambda: _nested_mail(300)),
    "JSON lines, one bad": ("a.jsonl", lambda: b'{"a": 1}\n{"a": \n'),
}


def _blank_pdf() -> bytearray:
    pdf = FPDF()
    pdf.add_page()
    return pdf.output()


def _flip(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at = archive.getinfo("word/document.xml").header_offset + 200
    return data[:at] + bytes(255 - byte for byte in data[at : at + 50]) + data[at + 50 :]


def _locked_epub() -> bytes:
    return zipped(
        {
            "META-INF/container.xml": '<c><rootfile full-path="p.opf"/></c>',
            "META-INF/encryption.xml": '<e><CipherReference URI="a.xhtml"/></e>',
            "p.opf": '<p><item id="a" href="a.xhtml" media-type="text/html"/><itemref idref="a"/></p>',
            "a.xhtml": noise,
        }
    )


def _nested_mail(depth: int) -> bytes:
    head = "From: a@b.org\nSubject: x\nMIME-Version: 1.0\n"
    return (
        head + "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(depth))
    ).encode()
