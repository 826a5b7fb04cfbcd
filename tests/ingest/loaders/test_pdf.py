"""PDF: reading order, paragraphs, headings, tables, pages, and the places of quotes."""

import io
import shutil
import threading

import pytest
from fpdf import FPDF
from fpdf.enums import AccessPermission, EncryptionMethod
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle

from ingest.loaders.pdfium import quote_rectangles, render_page
from ingest.loaders.quote_search import find_quote, merge_boxes
from ingest.loading import load
from rag.document_text import DocumentText
from rag.errors import NotFoundError, UnreadableError

PARAGRAPH = (
    "Este es un párrafo de varias líneas que habla de la recuperación de documentos y de cómo se citan sus "
    "pasajes palabra por palabra, sin cambiar ni una coma de lo que dicen."
)


class Report(FPDF):
    """A report with a running head and page numbers."""

    def header(self) -> None:
        self.set_font("helvetica", size=8)
        self.cell(0, 8, "Informe interno 2024", new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("helvetica", size=8)
        self.cell(0, 10, f"Página {self.page_no()} de 3", align="C")


def write(pdf: FPDF, text: str, size: float = 11, style: str = "", width: float = 0) -> None:
    pdf.set_font("helvetica", style, size)
    pdf.multi_cell(width, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)


def report() -> bytes:
    pdf = Report()
    for number in (1, 2, 3):
        pdf.add_page()
        if number == 1:
            write(pdf, "El gran informe", 22, "B")
        pdf.start_section(f"Parte {number}")
        write(pdf, f"Parte {number}", 15, "B")
        write(pdf, PARAGRAPH)
        write(pdf, f"Segundo párrafo de la parte {number}. " + PARAGRAPH)
    return bytes(pdf.output())


def blocks(document: DocumentText) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_a_report_without_its_running_heads() -> None:
    document = load(report(), "informe.pdf")
    parts = [
        part
        for number in (1, 2, 3)
        for part in (
            ("heading", 1, f"Parte {number}"),
            ("paragraph", 0, PARAGRAPH),
            ("paragraph", 0, f"Segundo párrafo de la parte {number}. {PARAGRAPH}"),
        )
    ]
    assert blocks(document) == [("heading", 1, "El gran informe"), *parts]
    assert document.title == "El gran informe"
    assert [page.number for page in document.pages] == [1, 2, 3]
    assert document.page_at(document.text.index("Parte 2")) == 2


def test_every_block_is_found_on_its_page() -> None:
    data = report()
    document = load(data, "informe.pdf")
    for block in document.blocks:
        page = document.page_at(block.start)
        rectangles = quote_rectangles(data, page or 0, document.text[block.start : block.end])
        assert rectangles
        for left, top, right, bottom in rectangles:
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1
        assert [box[1] for box in rectangles] == sorted(box[1] for box in rectangles)


def test_rectangles_cover_the_ink_of_the_quote() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=20)
    pdf.text(20, 100, "Izquierda")
    pdf.text(120, 200, "Derecha")
    data = bytes(pdf.output())
    picture = Image.open(io.BytesIO(render_page(data, 1, 1.0))).convert("L")
    (box,) = quote_rectangles(data, 1, "Derecha")
    for left, top, right, bottom in [box]:
        area = (left * picture.width, top * picture.height, right * picture.width, bottom * picture.height)
        inside = picture.crop(tuple(round(edge) for edge in area))
        assert min(inside.getdata()) < 100
        ImageDraw.Draw(picture).rectangle(area, fill=255)
    assert min(picture.crop((0, picture.height // 2, picture.width, picture.height)).getdata()) > 200
    assert min(picture.getdata()) < 100


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_rectangles_on_a_turned_page(turned: int) -> None:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(report())), pages=[0])
    writer.pages[0].rotate(turned)
    buffer = io.BytesIO()
    writer.write(buffer)
    data = buffer.getvalue()
    picture = Image.open(io.BytesIO(render_page(data, 1, 1.0))).convert("L")
    left, top, right, bottom = quote_rectangles(data, 1, "El gran informe")[0]
    area = (left * picture.width, top * picture.height, right * picture.width, bottom * picture.height)
    assert min(picture.crop(tuple(round(edge) for edge in area)).getdata()) < 100


def test_a_word_cut_at_the_line_end_is_joined_and_a_compound_is_not() -> None:
    pdf = FPDF()
    pdf.add_page()
    write(
        pdf,
        "Cuando hablamos de la recupe-\nración de documentos y del pre-\n"
        "entrenamiento, decimos que el self-\n"
        "attention es mucho más caro.",
    )
    text = load(bytes(pdf.output()), "a.pdf").text
    assert "la recuperación de documentos" in text
    assert "self-attention" in text


def test_lists_and_code() -> None:
    pdf = FPDF()
    pdf.add_page()
    write(pdf, "Los pasos son estos:")
    write(
        pdf,
        "1. Primero se lee el documento entero, de principio a fin, y se buscan en él las partes que "
        "tiene, con sus títulos\n2. Luego se corta",
    )
    pdf.set_font("courier", size=10)
    pdf.multi_cell(0, 5, "def f(x):\n    return x + 1\n", new_x="LMARGIN", new_y="NEXT")
    found = blocks(load(bytes(pdf.output()), "a.pdf"))
    assert found[0] == ("paragraph", 0, "Los pasos son estos:")
    assert [kind for kind, _, _ in found[1:]] == ["list_item", "list_item", "code"]
    assert found[1][2].endswith("con sus títulos")
    assert found[3][2] == "def f(x):\n    return x + 1"


def test_a_table_is_rows_with_their_header() -> None:
    pdf = FPDF()
    pdf.add_page()
    write(pdf, "Antes de la tabla hay un párrafo que la presenta.")
    pdf.set_font("helvetica", size=10)
    rows = [
        ["Modelo", "Parámetros", "Año"],
        ["BERT", "340 millones", "2018"],
        ["GPT-3", "175.000 millones", "2020"],
    ]
    with pdf.table() as table:
        for cells in rows:
            table.row(cells)
    data = bytes(pdf.output())
    document = load(data, "a.pdf")
    assert [text for kind, _, text in blocks(document) if kind == "table_row"] == [
        "Modelo: BERT | Parámetros: 340 millones | Año: 2018",
        "Modelo: GPT-3 | Parámetros: 175.000 millones | Año: 2020",
    ]
    assert len(quote_rectangles(data, 1, "Modelo: GPT-3 | Parámetros: 175.000 millones | Año: 2020")) == 1


def test_two_columns_are_read_one_after_the_other() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    with pdf.text_columns(ncols=2, gutter=10) as columns:
        columns.write(" ".join(f"{PARAGRAPH[:-1]} número {number}." for number in range(22)))
    text = load(bytes(pdf.output()), "a.pdf").text.replace("\n\n", " ")
    assert [text.index(f"número {number}.") for number in range(22)] == sorted(
        text.index(f"número {number}.") for number in range(22)
    )
    assert text.count("recuperación de documentos y de cómo se citan") == 22


def test_page_labels_and_metadata() -> None:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(report())))
    writer.set_page_label(0, 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(2, 2, style=PageLabelStyle.DECIMAL)
    writer.add_metadata({"/Title": "El título de verdad", "/Author": "Ana"})
    buffer = io.BytesIO()
    writer.write(buffer)
    document = load(buffer.getvalue(), "a.pdf")
    assert [page.label for page in document.pages] == ["i", "ii", "1"]
    assert document.title == "El título de verdad"
    assert document.metadata["author"] == "Ana"


@pytest.mark.parametrize("method", [EncryptionMethod.RC4, EncryptionMethod.AES_128, EncryptionMethod.AES_256])
def test_encrypted(method: EncryptionMethod) -> None:
    pdf = FPDF()
    pdf.set_encryption(
        owner_password="dueño",
        user_password="abre",
        encryption_method=method,
        permissions=AccessPermission.all(),
    )
    pdf.add_page()
    write(pdf, PARAGRAPH)
    data = bytes(pdf.output())
    assert load(data, "a.pdf", password="abre").text == PARAGRAPH
    assert quote_rectangles(data, 1, PARAGRAPH, password="abre")
    with pytest.raises(UnreadableError, match="give its password"):
        load(data, "a.pdf")
    with pytest.raises(UnreadableError, match="does not open it"):
        load(data, "a.pdf", password="otra")


def scan(pages: int = 1) -> bytes:
    picture = Image.new("L", (800, 300), 255)
    ImageDraw.Draw(picture).text((40, 100), "Hello world of scans", fill=0, font_size=60)
    pdf = FPDF()
    for _ in range(pages):
        pdf.add_page()
        pdf.image(picture, w=180)
    return bytes(pdf.output())


@pytest.mark.skipif(shutil.which("tesseract") is not None, reason="tesseract is installed: it reads the scan")
def test_a_scan_says_how_to_have_it_read() -> None:
    with pytest.raises(UnreadableError, match=r"It is a scan.*install tesseract"):
        load(scan(), "a.pdf")


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_scan_is_read() -> None:
    document = load(scan(), "a.pdf")
    assert "Hello world" in document.text
    assert document.warnings


def test_scanned_pages_among_others_are_named() -> None:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(report())))
    writer.append(PdfReader(io.BytesIO(scan())))
    buffer = io.BytesIO()
    writer.write(buffer)
    document = load(buffer.getvalue(), "a.pdf")
    assert document.warnings == ("1 of its 4 pages are pictures without text and were left out: 4.",)
    assert len(document.pages) == 4


def test_a_page_that_is_not_there() -> None:
    with pytest.raises(NotFoundError, match="no page 9"):
        render_page(report(), 9)
    assert quote_rectangles(report(), 1, "esto no está en ninguna parte del informe") == []


def test_many_threads_at_once() -> None:
    data = report()
    found: list[int] = []

    def work() -> None:
        found.append(len(load(data, "a.pdf").text) + len(quote_rectangles(data, 2, PARAGRAPH)))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


@given(st.text(min_size=1, max_size=60), st.integers(0, 59), st.integers(0, 59))
def test_a_quote_is_found_where_it_stands(page: str, start: int, end: int) -> None:
    compared = "".join(mark for mark in page if mark.isalnum())
    quote = compared[start:end]
    found = find_quote(compared, quote)
    assert (found is None) == (not quote)
    if found:
        assert compared[slice(*found)] == quote


def test_of_a_quote_over_two_pages_each_part_is_found() -> None:
    quote = "Laúltimafrasedeestapáginasigueenlaotra"
    assert find_quote("Algodeantes." + quote[:20] + "pie", quote) == (12, 32)
    assert find_quote("cabeza" + quote[20:] + "Otracosa", quote) == (6, 6 + len(quote) - 20)


def test_boxes_of_one_line_are_one() -> None:
    boxes = [(0.1, 0.1, 0.2, 0.2), (0.2, 0.11, 0.3, 0.19), (0.1, 0.3, 0.15, 0.4)]
    assert merge_boxes(boxes) == [(0.1, 0.1, 0.3, 0.2), (0.1, 0.3, 0.15, 0.4)]
