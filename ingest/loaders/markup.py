"""lxml, set to be safe: no entities, no network, no external document types, bounded trees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rag.errors import UnreadableError


class TooDeepError(Exception):
    """An HTML page has so many elements in each other that its tree is cut off."""


def parse_html(data: bytes | str) -> Any | None:
    """The root of an HTML page, None where it holds nothing.

    Raises:
        TooDeepError: the tree does not hold all of the page.
    """
    from lxml import etree

    if isinstance(data, str):
        data = data.encode("utf-8", errors="ignore")
    # The bytes are UTF-8 by now, whatever a <meta> in them says. HTML has no entities to blow up,
    # and a huge tree loses no text below 256 levels (only below 2,048).
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        root = None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise TooDeepError
    return root


def parse_xml(data: bytes) -> Any:
    """The root of an XML document.

    Raises:
        UnreadableError: it is not well-formed, or is built to exhaust the machine.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        reason = str(error.msg or "not well-formed").rstrip(".")
        raise UnreadableError(f"Its XML cannot be read: {reason}.") from error


def visit(root: Any, enter: Callable[[Any], bool], leave: Callable[[Any], None]) -> None:
    """Go through the elements in document order, without recursion.

    Args:
        root: where to begin.
        enter: called at an element's start; False leaves out what it holds.
        leave: called at the end of every element that was entered or left out.
    """
    from lxml import etree

    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if not isinstance(element.tag, str):
            continue
        if event == "start":
            if not enter(element):
                walker.skip_subtree()
        else:
            leave(element)


def local_name(element: Any) -> str:
    """The element's name without its namespace, in lower case."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1].lower() if isinstance(tag, str) else ""


def text_of(element: Any) -> str:
    """All the text in an element, in document order."""
    return "".join(element.itertext())
