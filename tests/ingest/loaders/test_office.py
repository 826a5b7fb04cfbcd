"""DOCX, PPTX, XLSX, ODT and EPUB, made by the libraries that people make them with."""

import io
import zipfile
from datetime import date

import docx
import openpyxl
import pptx
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from pptx.util import Inches

from ingest.loading import load
from rag.document_text import DocumentText


def blocks(document: DocumentText) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def zipped(parts: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def test_word() -> None:
    word = docx.Document()
    word.core_properties.title = "Informe"
    word.core_properties.author = "Ana"
    word.add_heading("Informe anual", 0)
    word.add_heading("Primera parte", 1)
    paragraph = word.add_paragraph("Texto con ")
    paragraph.add_run("negrita").bold = True
    hidden = paragraph.add_run("oculto")
    hidden.font.hidden = True
    paragraph.add_run("\tfin")
    word.add_paragraph("uno", style="List Bullet")
    word.add_paragraph("dentro", style="List Bullet 2")
    word.add_paragraph("primero", style="List Number")
    word.add_paragraph("segundo", style="List Number")
    word.add_paragraph("Una cita", style="Quote")
    table = word.add_table(rows=3, cols=2)
    for row, cells in zip(table.rows, [("Año", "Ventas"), ("2023", "10"), ("2024", "12")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    deleted = parse_xml(
        f"<w:p {nsdecls('w')}><w:ins><w:r><w:t>puesto</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>quitado</w:delText></w:r></w:del></w:p>"
    )
    word.element.body.insert(len(word.element.body) - 1, deleted)
    control = parse_xml(
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>en un control</w:t></w:r></w:p>"
        "</w:sdtContent></w:sdt>"
    )
    word.element.body.insert(len(word.element.body) - 1, control)
    document = load(saved(word), "informe.docx")
    assert blocks(document) == [
        ("heading", 1, "Informe anual"),
        ("heading", 1, "Primera parte"),
        ("paragraph", 0, "Texto con negrita fin"),
        ("list_item", 1, "- uno"),
        ("list_item", 1, "- dentro"),
        ("list_item", 1, "1. primero"),
        ("list_item", 1, "2. segundo"),
        ("quote", 0, "Una cita"),
        ("table_row", 0, "Año: 2023 | Ventas: 10"),
        ("table_row", 0, "Año: 2024 | Ventas: 12"),
        ("paragraph", 0, "puesto"),
        ("paragraph", 0, "en un control"),
    ]
    assert document.title == "Informe"
    assert document.metadata["author"] == "Ana"


def test_word_merged_cells_say_their_text_in_each_row() -> None:
    word = docx.Document()
    table = word.add_table(rows=3, cols=2)
    for row, cells in zip(table.rows, [("Grupo", "Nombre"), ("A", "uno"), ("", "dos")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    assert load(saved(word), "a.docx").text == "Grupo: A | Nombre: uno\nGrupo: A | Nombre: dos"


def test_word_levels_of_a_list() -> None:
    word = docx.Document()
    for level, text in ((0, "uno"), (1, "dentro"), (0, "dos")):
        paragraph = word.add_paragraph(text, style="List Number")
        numbering = OxmlElement("w:numPr")
        for name, value in (("w:ilvl", level), ("w:numId", 1)):
            element = OxmlElement(name)
            element.set(qn("w:val"), str(value))
            numbering.append(element)
        paragraph._p.get_or_add_pPr().append(numbering)
    levels = [block.level for block in load(saved(word), "a.docx").blocks]
    assert levels == [1, 2, 1]


def test_slides() -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Título"
    slide.placeholders[1].text_frame.text = "uno"
    inner = slide.placeholders[1].text_frame.add_paragraph()
    inner.text, inner.level = "dentro", 1
    slide.notes_slide.notes_text_frame.text = "Una nota"
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Tabla"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for column, texts in enumerate([("Año", "2024"), ("Ventas", "12")]):
        for row, text in enumerate(texts):
            table.cell(row, column).text = text
    low = second.shapes.add_textbox(Inches(1), Inches(6), Inches(2), Inches(1))
    low.text_frame.text = "abajo"
    high = second.shapes.add_textbox(Inches(1), Inches(1.6), Inches(2), Inches(0.3))
    high.text_frame.text = "arriba"
    third = show.slides.add_slide(show.slide_layouts[5])
    third.shapes.title.text = "Oculta"
    third._element.set("show", "0")
    document = load(saved(show), "x.pptx")
    assert blocks(document) == [
        ("heading", 1, "Título"),
        ("list_item", 1, "- uno"),
        ("list_item", 2, "- dentro"),
        ("paragraph", 0, "Una nota"),
        ("heading", 1, "Tabla"),
        ("paragraph", 0, "arriba"),
        ("table_row", 0, "Año: 2024 | Ventas: 12"),
        ("paragraph", 0, "abajo"),
    ]
    assert [page.number for page in document.pages] == [1, 2, 3]
    assert document.warnings == ("Hidden slides were left out: 3.",)


def test_spreadsheet() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Ventas"
    sheet.append(["Informe de ventas"])
    sheet.append([])
    sheet.append(["País", "Fecha", "Importe", "Parte"])
    sheet.append(["España", date(2024, 3, 1), 12.5, 0.25])
    sheet.append(["Perú", None, 7.0, 1])
    sheet["D4"].number_format = "0%"
    secret = book.create_sheet("Secreta")
    secret.append(["no"])
    secret.sheet_state = "hidden"
    document = load(saved(book), "ventas.xlsx")
    assert document.text == (
        "Ventas\n\nInforme de ventas\nPaís: España | Fecha: 2024-03-01 | Importe: 12.5 | Parte: 25 %\n"
        "País: Perú | Importe: 7 | Parte: 1"
    )
    assert document.title == "ventas"
    assert document.warnings == ("Hidden sheets were left out: Secreta.",)


ODT = """<?xml version="1.0"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><office:automatic-styles>
<style:style style:name="P1" style:parent-style-name="Preformatted_20_Text"/></office:automatic-styles>
<office:body><office:text><text:tracked-changes><text:p>quitado</text:p></text:tracked-changes>
<text:h text:outline-level="1">Título</text:h>
<text:p>Hola <text:span>mundo</text:span><text:s text:c="2"/>y<text:tab/>fin
<office:annotation><text:p>nota al margen</text:p></office:annotation>
<text:note><text:note-citation>1</text:note-citation>
<text:note-body><text:p>Al pie</text:p></text:note-body></text:note></text:p>
<text:list><text:list-item><text:p>uno</text:p>
<text:list><text:list-item><text:p>dentro</text:p></text:list-item></text:list>
</text:list-item></text:list>
<text:p text:style-name="P1">x = 1</text:p><text:p text:style-name="P1">  y = 2</text:p>
<table:table><table:table-row>
<table:table-cell><text:p>Año</text:p></table:table-cell>
<table:table-cell><text:p>Total</text:p>
</table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>2024</text:p></table:table-cell>
<table:table-cell><text:p>12</text:p></table:table-cell></table:table-row></table:table></office:text></office:body>
</office:document-content>"""
META = """<office:document-meta xmlns:office="o"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>
<dc:title>Mi documento</dc:title><dc:creator>Ana</dc:creator></office:meta></office:document-meta>"""


def test_opendocument() -> None:
    media_type = "application/vnd.oasis.opendocument.text"
    document = load(zipped({"mimetype": media_type, "content.xml": ODT, "meta.xml": META}), "a.odt")
    assert blocks(document) == [
        ("heading", 1, "Título"),
        ("paragraph", 0, "Hola mundo y fin"),
        ("paragraph", 0, "Al pie"),
        ("list_item", 1, "- uno"),
        ("list_item", 2, "- dentro"),
        ("code", 0, "x = 1\n  y = 2"),
        ("table_row", 0, "Año: 2024 | Total: 12"),
    ]
    assert (document.title, document.metadata["author"], document.media_type) == (
        "Mi documento",
        "Ana",
        media_type,
    )


CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>"""
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>El libro</dc:title><dc:creator>Ana</dc:creator></metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="cap%202.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="cap1.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""


def epub_parts() -> dict[str, str | bytes]:
    return {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": PACKAGE,
        "OEBPS/nav.xhtml": "<html><body><ol><li>índice</li></ol></body></html>",
        "OEBPS/cap1.xhtml": "<html><body><h1>Uno</h1><p>Primero.</p></body></html>",
        "OEBPS/cap 2.xhtml": "<html><body><h1>Dos</h1><p>Después.</p></body></html>",
    }


def test_epub() -> None:
    document = load(zipped(epub_parts()), "libro.epub")
    assert document.text == "Uno\n\nPrimero.\n\nDos\n\nDespués."
    assert (document.title, document.metadata["author"]) == ("El libro", "Ana")


def test_office_files_are_told_by_content() -> None:
    book = openpyxl.Workbook()
    book.active.append(["uno", "dos"])
    assert load(saved(book), "wrong.docx").media_type.endswith("spreadsheetml.sheet")
    assert load(saved(book), "none").text
