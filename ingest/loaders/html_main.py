"""Find the main part of an HTML page and take out what is not for readers."""

from __future__ import annotations

import re
from typing import Any

from ingest.loaders.markup import local_name, text_of, visit

NEVER_SHOWN = frozenset(
    "script style noscript template head svg iframe object canvas audio video select option datalist button "
    "textarea progress meter map dialog annotation annotation-xml".split()
)
"""Empty elements (`embed`, `source`) are not among them: the parser puts what follows some of them inside."""
_AROUND = frozenset("nav aside footer menu".split())
_ROLES_AROUND = frozenset(
    "navigation banner contentinfo search complementary menu menubar toolbar dialog alertdialog".split()
)
_HIDING_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))", re.IGNORECASE)
_NAMED_AROUND = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|navbox|menu|breadcrumbs?|sidebar|side-bar|footer|cookies?|consent|"
    r"share|sharing|social|skip(?:-?(?:link|nav|to-content))?|related|pagination|pager|newsletter|subscribe|"
    r"advert(?:isement)?|ads?|banner|popup|modal|promo|masthead|toolbar|toc|table-of-contents|mw-editsection|"
    r"mw-jump-link|noprint|sr-only|visually-hidden|screen-reader-text|site-header|page-header)(?:[\s_-]|$)",
    re.IGNORECASE,
)
_ALWAYS_NAMED = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|skip-?(?:link|nav|to-content)|mw-editsection|mw-jump-link|noprint|sr-only|"
    r"visually-hidden|screen-reader-text|breadcrumbs?|navbar|navbox|headerlink)(?:[\s_-]|$)",
    re.IGNORECASE,
)
_MAIN_SHARE = 0.3
"""Of the page's text that a lone `<article>` must hold to be taken for the main part."""
_LINK_SHARE = 0.6
_SHORT_PART, _LONG_PART = 200, 20_000
"""Characters: what is named like navigation and is this short is, what is this long is not."""
_PERMALINKS = frozenset(("", "#", "¶", "§", "🔗", "[edit]", "[editar]"))


def main_part(root: Any) -> Any:
    """The element that holds the page's main text."""
    mains = [element for element in root.iter("main") if not is_hidden(element)]
    mains += [element for element in root.iter() if element.get("role") == "main"]
    if mains:
        return max(mains, key=_length)
    outer = _outer_articles(root)
    body = root.find(".//body")
    whole = body if body is not None else root
    if len(outer) == 1 and _length(outer[0]) >= _MAIN_SHARE * _length(whole):
        return outer[0]
    return whole


def is_left_out(element: Any, in_article: bool) -> bool:
    """Whether an element and all in it is hidden from readers or is around the main text."""
    tag = local_name(element)
    if tag in NEVER_SHOWN or is_hidden(element) or element.get("role") in _ROLES_AROUND:
        return True
    if tag in _AROUND or (tag == "header" and not in_article and element.find(".//h1") is None):
        return True
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    if tag == "a":
        return "headerlink" in names or ("#" in (element.get("href") or "") and _is_permalink(element))
    if tag in ("html", "body", "main", "article", "h1", "h2", "h3", "p", "pre", "code") or names == " ":
        return False
    if _ALWAYS_NAMED.search(names):
        return True
    return bool(_NAMED_AROUND.search(names)) and _is_mostly_links(element)


def is_hidden(element: Any) -> bool:
    """Whether the page hides the element from readers."""
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return local_name(element) not in ("html", "body")
    style = element.get("style")
    return bool(style and _HIDING_STYLE.search(style))


def _is_permalink(element: Any) -> bool:
    text = text_of(element).strip()
    return text in _PERMALINKS and element.find(".//img") is None


def _is_mostly_links(element: Any) -> bool:
    length = _length(element, _LONG_PART)
    if length >= _LONG_PART:
        return False
    linked = sum(_length(link) for link in element.iter("a", "button"))
    return length < _SHORT_PART or linked >= _LINK_SHARE * length


def _length(element: Any, most: int = 100_000_000) -> int:
    """Characters of text in the element, counted until there are `most`."""
    length = 0
    for part in element.itertext():
        length += len(part.strip())
        if length >= most:
            break
    return length


def _outer_articles(root: Any) -> list[Any]:
    found = []

    def enter(element: Any) -> bool:
        if local_name(element) == "article":
            found.append(element)
            return False
        return not is_hidden(element)

    visit(root, enter, lambda element: None)
    return found
