"""What is read of documents, beside other readers: `python -m benchmarks.formats`; the last line is JSON.

`html`: articles of the sample corpus inside five kinds of page (blog, manual, table layout, `div`s with
nothing but class names, wiki), each with navigation, notices, comments and teasers around them, read by Cita,
trafilatura and markitdown; F1 over runs of three words, which sees what is missing, what should not be there,
and what is out of order. `pdf`: the corpus's PDFs against the pages they were printed from, read by Cita,
pypdf and pypdfium2; the share of the prose's runs that are there. `tables`: share of the cells of an HTML
table that stand on a line with their column's header; tables are left out of the other two.
"""

from __future__ import annotations

import io
import json
import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from lxml import html as lxml_html
from markdown_it import MarkdownIt

from ingest.loading import load

CORPUS = Path(__file__).parent.parent / "corpus"
RUN = 3
Reader = Callable[[bytes, str], str]
_MENU = ("Home", "Products", "Pricing", "About us", "Contact", "Sign in", "Careers", "Help centre")
_TEASERS = (
    "Seven habits of people who never lose a file",
    "We tried the new espresso machine so that you need not",
    "How a small town got its railway back after forty years",
    "Your photographs deserve a better home than your telephone",
)
_NOTICE = (
    "We use cookies to give you the best experience on our site and to understand how it is used. By going "
    "on you agree to our policy. You can change your mind at any time in the settings of your browser."
)
_COMMENTS = (
    "Thanks for this, it helped me a lot with my homework last week!",
    "I do not agree with the second part, but the first one is well explained.",
    "First! Also, the pictures do not load on my telephone.",
)


def main() -> None:
    """Measure and print."""
    figures = {"html": _pages(), "pdf": _pdfs(), "tables": _tables()}
    sys.stdout.write(json.dumps(figures) + "\n")


def _pages() -> dict[str, dict[str, float]]:
    """Median F1 of each reader by kind of page."""
    readers = _page_readers()
    found: dict[str, dict[str, float]] = {}
    for kind, page in _LAYOUTS.items():
        scores: dict[str, list[float]] = {name: [] for name in readers}
        for title, article in _articles():
            wanted = _text_of(article)
            data = page(title, article).encode()
            for name, reader in readers.items():
                scores[name].append(_f1(reader(data, "page.html"), wanted))
        found[kind] = {name: round(statistics.median(own), 3) for name, own in scores.items()}
    return found


def _pdfs() -> dict[str, float]:
    readers: dict[str, Reader] = {"cita": _cita, "pypdf": _pypdf, "pypdfium2": _pypdfium2}
    scores: dict[str, list[float]] = {name: [] for name in readers}
    for source in sorted((CORPUS / ".sources").glob("*.html")):
        wanted = _text_of(_prose(source.read_text(encoding="utf-8")))
        data = (CORPUS / f"{source.stem}.pdf").read_bytes()
        for name, reader in readers.items():
            scores[name].append(_recall(reader(data, f"{source.stem}.pdf"), wanted))
    return {name: round(statistics.median(own), 3) for name, own in scores.items()}


def _tables() -> dict[str, float]:
    """Share of cells that stand whole on a line that names their column, in a table of 40 rows."""
    rows = [(f"Station {n}", f"{n * 37 % 91} m", f"{1900 + n}", f"Keeper {n * 7 % 40}") for n in range(40)]
    heads = ("Name", "Height", "Opened", "Staff")
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    head = "".join(f"<th>{one}</th>" for one in heads)
    table = f"<table><caption>Stations</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    data = _blog("Stations", f"<h1>Stations</h1><p>All stations of the line.</p>{table}").encode()
    pairs = [(name, cell) for row in rows for name, cell in zip(heads, row, strict=True)]
    found = {}
    for name, reader in _page_readers().items():
        lines = reader(data, "page.html").splitlines()
        there = sum(any(head in line and _has(line, cell) for line in lines) for head, cell in pairs)
        found[name] = round(there / len(pairs), 3)
    return found


def _has(line: str, cell: str) -> bool:
    """Whether a line has a cell, and not a longer one that contains it."""
    return re.search(rf"(?<!\w){re.escape(cell)}(?!\w)", line) is not None


def _articles() -> Iterator[tuple[str, str]]:
    """Title and HTML of the corpus's Markdown documents."""
    for path in sorted(CORPUS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if text.startswith("---"):
            text = text.split("---", 2)[2]
        article = _prose(MarkdownIt("commonmark").enable("table").render(text))
        yield path.stem.replace("-", " ").capitalize(), article


def _prose(page: str) -> str:
    """HTML without its head, without tables, and without numbers before the items of lists."""
    parsed = lxml_html.fromstring(f"<div>{page}</div>")
    for other in parsed.xpath("//table|//title|//style|//script"):
        other.drop_tree()
    for numbered in parsed.xpath("//ol"):
        numbered.tag = "ul"
    return lxml_html.tostring(parsed, encoding="unicode")


def _page_readers() -> dict[str, Reader]:
    return {"cita": _cita, "trafilatura": _trafilatura, "markitdown": _markitdown}


def _recall(read: str, wanted: str) -> float:
    ours, theirs = _runs(read), _runs(wanted)
    return sum((ours & theirs).values()) / max(1, sum(theirs.values()))


def _f1(read: str, wanted: str) -> float:
    precision, recall = _recall(wanted, read), _recall(read, wanted)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _runs(text: str) -> Counter[tuple[str, ...]]:
    # Words alone: readers differ in the marks that they put around them.
    plain = "".join(c if c.isalnum() else " " for c in text.casefold()).split()
    return Counter(zip(*(plain[at:] for at in range(RUN)), strict=False))


def _text_of(fragment: str) -> str:
    return " ".join(lxml_html.fromstring(fragment).itertext())


def _cita(data: bytes, name: str) -> str:
    return load(data, name).text


def _trafilatura(data: bytes, name: str) -> str:
    import trafilatura

    return str(trafilatura.extract(data, include_comments=False, include_tables=True) or "")


def _markitdown(data: bytes, name: str) -> str:
    from markitdown import MarkItDown, StreamInfo

    made = MarkItDown(enable_plugins=False)
    info = StreamInfo(extension=Path(name).suffix)
    return str(made.convert_stream(io.BytesIO(data), stream_info=info).markdown)


def _pypdf(data: bytes, name: str) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def _pypdfium2(data: bytes, name: str) -> str:
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


def _list(items: tuple[str, ...]) -> str:
    return (
        "<ul>"
        + "".join(f'<li><a href="/{i}">{escape(one)}</a></li>' for i, one in enumerate(items))
        + "</ul>"
    )


def _document(title: str, body: str) -> str:
    head = f"<head><title>{escape(title)} | Example</title></head>"
    return f"<!doctype html><html>{head}<body>{body}</body></html>"


def _blog(title: str, article: str) -> str:
    return _document(
        title,
        f'<header><a href="/">Example</a><nav>{_list(_MENU)}</nav></header><main><article>{article}</article>'
        f"<aside><h2>Read next</h2>{_list(_TEASERS)}</aside></main>"
        "<footer><p>© 2026 Example Media. All rights reserved.</p></footer>",
    )


def _manual(title: str, article: str) -> str:
    chapters = tuple(f"Chapter {n}: {one}" for n, one in enumerate(_TEASERS * 6, start=1))
    return _document(
        title,
        f'<div class="sidebar" role="navigation"><h3>Contents</h3>{_list(chapters)}</div>'
        f'<div class="document"><div class="body" role="main">{article}</div></div>'
        '<div class="related"><a href="/p">previous</a> | <a href="/n">next</a></div>'
        '<div class="footer">Built with a generator. Last updated on 3 May 2026.</div>',
    )


def _table_layout(title: str, article: str) -> str:
    return _document(
        title,
        f'<table width="100%"><tr><td colspan="2"><b>Example on line</b> {_list(_MENU)}</td></tr>'
        f'<tr><td width="20%" valign="top">{_list(_TEASERS)}</td><td valign="top">{article}</td></tr>'
        '<tr><td colspan="2"><small>Webmaster: write to us. Best viewed at 800 x 600.</small></td></tr>'
        "</table>",
    )


def _divs(title: str, article: str) -> str:
    comments = "".join(
        f'<div class="comment"><b>user{n}</b><p>{one}</p></div>' for n, one in enumerate(_COMMENTS)
    )
    shares = '<div class="share"><a href="#">Share</a> <a href="#">Post</a> <a href="#">Print</a></div>'
    return _document(
        title,
        f'<div id="cookie-notice"><p>{_NOTICE}</p><button>Accept all</button></div>'
        f'<div class="top-menu">{_list(_MENU)}</div>'
        f'<div class="c1"><div class="c2">{shares}{article}{shares}</div>'
        f'<div id="comments"><h3>Comments (3)</h3>{comments}</div>'
        f'<div class="promo">{_list(_TEASERS)}</div></div>'
        '<div class="bottom">Terms of use · Privacy · Imprint</div>',
    )


def _wiki(title: str, article: str) -> str:
    edits = article.replace("</h2>", ' <span class="mw-editsection">[<a href="#">edit</a>]</span></h2>')
    return _document(
        title,
        f'<div id="mw-navigation">{_list(_MENU)}</div>'
        '<div id="content"><div id="siteSub">From the free book</div>'
        f'<div id="toc" class="toc"><h2>Contents</h2>{_list(_TEASERS)}</div>'
        f'<div class="mw-parser-output">{edits}</div>'
        f'<div id="catlinks">Categories: {_list(_MENU[:3])}</div></div>'
        '<div id="footer"><p>This page was last edited on 3 May 2026. Text is available under a free licence'
        "; other terms may apply.</p></div>",
    )


_LAYOUTS: dict[str, Callable[[str, str], str]] = {
    "blog": _blog,
    "manual": _manual,
    "table_layout": _table_layout,
    "divs": _divs,
    "wiki": _wiki,
}

if __name__ == "__main__":
    main()
