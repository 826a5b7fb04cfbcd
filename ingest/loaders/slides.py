"""PPTX: each slide is a page with its title, its texts in reading order, tables and notes."""

from __future__ import annotations

from typing import Any

from ingest.loaders.archive import Archive, core_properties
from ingest.loaders.markup import local_name, visit
from ingest.loaders.naming import stem
from ingest.loaders.tables import with_header
from ingest.text_builder import TextBuilder, one_line
from rag.document_text import DocumentText

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_PART = "ppt/presentation.xml"
_TITLES = ("title", "ctrTitle")
_AROUND = ("dt", "ftr", "sldNum", "hdr", "sldImg")


def load_slides(archive: Archive, name: str) -> DocumentText:
    """The document of a PPTX file; hidden slides are left out."""
    fields = core_properties(archive)
    builder = TextBuilder()
    targets = archive.targets(_PART)
    hidden = []
    slides = [targets.get(_relation(entry), "") for entry in archive.xml(_PART).iter("{*}sldId")]
    for number, part in enumerate((part for part in slides if part in archive), start=1):
        root = archive.xml(part)
        builder.page(number)
        if root.get("show") in ("0", "false"):
            hidden.append(number)
            continue
        _add_slide(builder, root)
        _add_notes(builder, archive, part)
    title = fields.pop("title", "")
    if not title or title.lower() in ("powerpoint presentation", "presentación de powerpoint"):
        title = builder.first_heading or stem(name)
    shown = ", ".join(map(str, hidden))
    warnings = [f"Hidden slides were left out: {shown}."] if hidden else []
    return builder.build(title, MEDIA_TYPE, fields, warnings)


def _add_slide(builder: TextBuilder, root: Any) -> None:
    shapes = [shape for shape in root.iter("{*}sp", "{*}graphicFrame") if not _in_fallback(shape)]
    # Titles first, then from the top down and from left to right.
    for shape in sorted(shapes, key=lambda shape: (_placeholder(shape) not in _TITLES, _place(shape))):
        kind = _placeholder(shape)
        if kind in _AROUND:
            continue
        for table in shape.iter("{*}tbl"):
            rows = [[_text(cell) for cell in row.iterfind("{*}tc")] for row in table.iterfind("{*}tr")]
            header, body = with_header([row for row in rows if any(row)])
            builder.table(body, header)
        if local_name(shape) == "sp":
            _add_shape(builder, shape, kind)


def _add_shape(builder: TextBuilder, shape: Any, kind: str) -> None:
    paragraphs = [paragraph for body in shape.iterfind("{*}txBody") for paragraph in body.iterfind("{*}p")]
    if kind in _TITLES:
        builder.heading(" ".join(_text(paragraph) for paragraph in paragraphs), 1)
        return
    listed = kind in ("", "body", "obj") and sum(1 for paragraph in paragraphs if _text(paragraph)) > 1
    builder.separate()
    for paragraph in paragraphs:
        level = next((inner.get("lvl") or "0" for inner in paragraph.iterfind("{*}pPr")), "0")
        if listed and kind:
            builder.list_item(_text(paragraph), int(level) + 1 if level.isdecimal() else 1)
        else:
            builder.paragraph(_text(paragraph))


def _add_notes(builder: TextBuilder, archive: Archive, part: str) -> None:
    for target in archive.targets(part).values():
        if "notesSlide" in target and target in archive:
            for shape in archive.xml(target).iter("{*}sp"):
                if _placeholder(shape) == "body":
                    for paragraph in shape.iter("{*}p"):
                        builder.paragraph(_text(paragraph))


def _text(element: Any) -> str:
    shown: list[str] = []

    def enter(inner: Any) -> bool:
        tag = local_name(inner)
        if tag == "t":
            shown.append(inner.text or "")
        elif tag in ("br", "tab"):
            shown.append(" ")
        return tag != "fallback"

    def leave(inner: Any) -> None:
        if local_name(inner) == "p":
            shown.append(" ")

    visit(element, enter, leave)
    return one_line("".join(shown))


def _relation(entry: Any) -> str:
    return next((str(text) for key, text in entry.attrib.items() if key.endswith("}id")), "")


def _placeholder(shape: Any) -> str:
    """What a shape's place in the slide's layout is for; empty for a free text box."""
    for mark in shape.iterfind("{*}nvSpPr/{*}nvPr/{*}ph"):
        return str(mark.get("type") or "obj")
    return ""


def _place(shape: Any) -> tuple[int, int]:
    for offset in shape.iter("{*}off"):
        down, across = offset.get("y") or "0", offset.get("x") or "0"
        if down.lstrip("-").isdecimal() and across.lstrip("-").isdecimal():
            return int(down) // 100_000, int(across)  # a tenth of an inch is one line
    return 0, 0


def _in_fallback(shape: Any) -> bool:
    return next(shape.iterancestors("{*}Fallback"), None) is not None
