"""HTML: the main text as a reader sees it, without navigation and what is hidden.

The page's main part is walked element by element. Measured against Trafilatura, which decides by
statistics what is worth keeping and loses tables, code and short sections, it loses no main text.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from ingest.loaders.html_blocks import BlockCollector
from ingest.loaders.html_main import main_part
from ingest.loaders.markup import TooDeepError, local_name, parse_html, text_of
from ingest.loaders.naming import stem
from ingest.text_builder import TextBuilder, one_line
from rag.document_text import DocumentText
from rag.errors import UnreadableError

_META = {
    "author": "author",
    "article:author": "author",
    "dc.creator": "author",
    "description": "description",
    "date": "date",
    "dc.date": "date",
    "article:published_time": "date",
    "og:site_name": "site",
}
_UNSEEN = re.compile(r"<!--.*?-->|<(script|style|template|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_MARKS = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,30})", re.IGNORECASE)


def load_html(text: str, name: str) -> DocumentText:
    """The document of an HTML page; the title is its first heading of level 1 or its `<title>`.

    Raises:
        UnreadableError: the page shows no text.
    """
    builder = TextBuilder()
    try:
        root = parse_html(text)
    except TooDeepError:
        _add_without_tree(builder, text)
        warning = "Its elements are nested too deeply; it was read without its headings and lists."
        return builder.build(stem(name), "text/html", warnings=[warning])
    if root is None:
        raise UnreadableError("It is HTML without any text.")
    BlockCollector(builder).add(main_part(root))
    title, fields = _head(root)
    heading = builder.first_heading
    # "Attention — Example Site": the heading is the title without the site's name.
    if heading and (not title or heading in title):
        title = heading
    return builder.build(title or stem(name), "text/html", fields)


def add_page(builder: TextBuilder, text: str) -> None:
    """Add the blocks of an HTML page's main part to a document that is being built."""
    try:
        root = parse_html(text)
    except TooDeepError:
        _add_without_tree(builder, text)
        return
    if root is not None:
        BlockCollector(builder).add(main_part(root))


def add_fragment(builder: TextBuilder, html: str) -> None:
    """Add the blocks of a piece of HTML, all of it main text."""
    try:
        root = parse_html(html)
    except TooDeepError:
        _add_without_tree(builder, html)
        return
    if root is not None:
        BlockCollector(builder).add(root)


def declared_encoding(data: bytes) -> str | None:
    """The encoding that a page names in its `<meta>`, if any."""
    match = _DECLARED.search(data[:4096])
    return match[1].decode("ascii") if match else None


def _head(root: Any) -> tuple[str, dict[str, str]]:
    """The title and the named fields of a page's head."""
    title = ""
    fields: dict[str, str] = {}
    for element in root.iter("title", "meta"):
        if local_name(element) == "title" and local_name(element.getparent()) == "head":
            title = title or one_line(text_of(element))
        key = _META.get((element.get("name") or element.get("property") or "").lower())
        if key and element.get("content"):
            fields.setdefault(key, element.get("content"))
    if root.get("lang"):
        fields["language"] = root.get("lang")
    return title, fields


def _add_without_tree(builder: TextBuilder, text: str) -> None:
    """Add what is left of a page without its marks, a paragraph for each run of text."""
    for part in _MARKS.sub("\0", _UNSEEN.sub("\0", text)).split("\0"):
        builder.paragraph(unescape(part))
