"""reStructuredText: headings, lists, literal blocks and directives, without its marks.

An own reader, since docutils drops the content of every directive that it does not know, and most
files are written for Sphinx.
"""

from __future__ import annotations

import re

from ingest.loaders.naming import stem
from ingest.loaders.plain import add_plain_text
from ingest.text_builder import TextBuilder, visible
from rag.document_text import DocumentText

_UNDERLINE = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
_DIRECTIVE = re.compile(r"\.\. +(?:\|[^|]+\| +)?(?P<name>[\w:-]+)::\s*(?P<rest>.*)$")
_COMMENT = re.compile(r"\.\.(?:\s|$)")
_OPTION = re.compile(r"\s+:[\w-]+:")
_CODE = frozenset(
    "code code-block sourcecode literalinclude parsed-literal highlight math doctest testcode".split()
)
_DROPPED = frozenset(
    "toctree contents image include raw index meta only role default-role currentmodule module automodule "
    "autoclass autofunction automethod highlight literalinclude".split()
)
_TITLED = frozenset("note warning tip important caution danger attention hint error seealso".split())
_MARKS = (
    (re.compile(r"``(.+?)``"), r"\1"),
    (re.compile(r":[\w:.+-]+:`([^`<]+?)\s*<[^`>]+>`"), r"\1"),
    (re.compile(r":[\w:.+-]+:`[~!]?([^`]+)`"), r"\1"),
    (re.compile(r"`([^`<]+?)\s*<[^`>]+>`__?"), r"\1"),
    (re.compile(r"`([^`]+)`_{0,2}"), r"\1"),
    (re.compile(r"\*\*(\S(?:.*?\S)?)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*(\S(?:[^*]*?\S)?)\*(?![\w*])"), r"\1"),
    (re.compile(r"\|(\w[^|\n]*)\|_{0,2}"), r"\1"),
    (re.compile(r"\\([^\w\s])"), r"\1"),
)
_MAX_LINE = 10_000


def load_rst(text: str, name: str) -> DocumentText:
    """The document of a reStructuredText file; the title is its first heading."""
    builder = TextBuilder()
    _Reader(builder, visible(text).expandtabs(8).split("\n")).read()
    return builder.build(builder.first_heading or stem(name), "text/x-rst")


class _Reader:
    """Reads line by line; a heading's level is the order in which its underline first came."""

    def __init__(self, builder: TextBuilder, lines: list[str]) -> None:
        self._builder = builder
        self._lines = lines
        self._at = 0
        self._styles: list[str] = []
        self._prose: list[str] = []

    def read(self) -> None:
        """Add the blocks of all lines."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if self._heading() or self._directive(line):
                continue
            self._at += 1
            literal = line.rstrip().endswith("::")
            if literal:
                line = re.sub(r":?:\s*$", "" if line.strip() == "::" else ":", line)
            self._prose.append(_without_marks(line))
            if literal:
                self._code(self._indented(0))
        self._flush()

    def _heading(self) -> bool:
        here = self._lines[self._at : self._at + 3]
        over = len(here) == 3 and bool(_UNDERLINE.match(here[0])) and here[0].rstrip() == here[2].rstrip()
        if over and here[1].strip():
            title, style = here[1], "over" + here[0][0]
        elif len(here) > 1 and _is_title(here[0], here[1]):
            title, style = here[0], here[1][0]
            over = False
        else:
            return False
        self._flush()
        if style not in self._styles:
            self._styles.append(style)
        self._builder.heading(_without_marks(title), self._styles.index(style) + 1)
        self._at += 3 if over else 2
        return True

    def _directive(self, line: str) -> bool:
        bare = line.lstrip()
        match = _DIRECTIVE.match(bare)
        if not match and not _COMMENT.match(bare):
            return False
        self._flush()
        self._at += 1
        body = self._indented(len(line) - len(bare))
        if not match:
            footnote = re.match(r"\.\. +(\[[^\]]+\])\s+(.*)", bare)
            if footnote:
                self._builder.paragraph(_without_marks(" ".join([footnote[1], footnote[2], *body])))
            return True
        while body and _OPTION.match(" " + body[0]):
            del body[0]
        name = match["name"].split(":")[-1].lower()
        if name in _CODE:
            self._code([match["rest"] if name == "math" else "", *body])
        elif name not in _DROPPED:
            said = f"{name.capitalize()}: {match['rest']}" if name in _TITLED else match["rest"]
            self._builder.paragraph(_without_marks(said if match["rest"] else ""))
            # What a directive holds is reStructuredText again: it is read in its place.
            self._lines[self._at : self._at] = ["", *body, ""]
        return True

    def _indented(self, indent: int) -> list[str]:
        """The lines that are indented more than `indent`, without what they share of it."""
        taken: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            taken.append(line)
            self._at += 1
        shared = min((len(line) - len(line.lstrip()) for line in taken if line.strip()), default=0)
        return [line[shared:] for line in taken]

    def _code(self, lines: list[str]) -> None:
        self._flush()
        self._builder.code("\n".join(lines))

    def _flush(self) -> None:
        if self._prose:
            add_plain_text(self._builder, "\n".join(self._prose))
            self._prose.clear()


def _is_title(line: str, under: str) -> bool:
    title = line.rstrip()
    fits = len(under.rstrip()) >= min(len(title), 4)
    return bool(title) and not title[0].isspace() and bool(_UNDERLINE.match(under)) and fits


def _without_marks(line: str) -> str:
    if len(line) > _MAX_LINE:
        return line
    for pattern, shown in _MARKS:
        line = pattern.sub(shown, line)
    return line
