"""The query line: words, "exact phrases", -words that must not be there, and filters such as `path:*.pdf`.

Whatever is not written as one of these is text, so that no line is ever wrong: a colon, a lone quotation
mark or the operators of other programs (`AND`, `NEAR(`, `*`) are looked for like anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta

from rag.errors import InputError
from rag.settings import COLLECTION_PATTERN

QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“"}
_QUOTED = "|".join(f"{re.escape(a)}[^{re.escape(b)}\n]{{1,300}}{re.escape(b)}" for a, b in QUOTES.items())
NAMES = ("collection", "document", "path", "language", "date", "tag")
EXAMPLES = {
    "document": "a title or a file's name",
    "path": "a pattern such as *.pdf",
    "language": "a code such as es",
    "date": "2024, 2024-05, >=2024-05-31 or 2023..2024",
    "tag": "a word",
}
TOKEN = re.compile(
    rf"(?P<filter>(?<!\S)(?P<name>{'|'.join(NAMES)}):(?P<value>{_QUOTED}|[^\s\"“«„]+)(?!\S))"
    rf"|(?P<without>(?<!\S)[-−](?P<banned>{_QUOTED}|[^\W\d_][^\s\"“«„]*)(?!\S))"
    rf"|(?P<phrase>{_QUOTED})",
    re.IGNORECASE,
)
COLLECTION = re.compile(COLLECTION_PATTERN)
LANGUAGE = re.compile(r"[a-z]{2,3}")
DAY = r"\d{4}(?:-\d{2}){0,2}"
DATE = re.compile(rf"(?P<sign>[<>]=?)?(?P<first>{DAY})|(?P<from>{DAY})?\.\.(?P<to>{DAY})?")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a passage's document must be; of several values of one kind any will do."""

    documents: tuple[str, ...] = ()
    """Ids, or words of the title or the file's name."""
    paths: tuple[str, ...] = ()
    """Patterns with `*` and `?` over the names under which the document was ingested."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes."""
    tags: tuple[str, ...] = ()
    """Words or phrases of the document's own tags and keywords."""
    since: str = ""
    """First day, as much of `2024-05-31` as is known; a document's date is its own, else its ingest's."""
    until: str = ""
    """Last day, in the same way."""

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))

    def values(self) -> dict[str, list[str]]:
        """What `make_filters` makes the same filters of."""
        bounds = [sign + day for sign, day in ((">=", self.since), ("<=", self.until)) if day]
        given = {
            "documents": self.documents, "paths": self.paths, "languages": self.languages,
            "dates": bounds, "tags": self.tags,
        }  # fmt: skip
        return {name: list(one) for name, one in given.items() if one}

    def merged(self, other: Filters | None) -> Filters:
        """Both together; where both name something of one kind, `other` has the say."""
        if other is None:
            return self
        given = {one.name: value for one in fields(other) if (value := getattr(other, one.name))}
        return replace(self, **given)


@dataclass(frozen=True, slots=True)
class Query:
    """A query line, understood."""

    text: str
    """What is looked for, without filters and -words."""
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Words and phrases that a passage must not have."""
    filters: Filters = field(default_factory=Filters)
    collection: str | None = None


def make_filters(
    documents: Sequence[str] = (),
    paths: Sequence[str] = (),
    languages: Sequence[str] = (),
    dates: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> Filters:
    """Filters from the values that the query line takes.

    Raises:
        InputError: a value cannot be meant.
    """
    given = {"document": documents, "path": paths, "language": languages, "date": dates, "tag": tags}
    filters = Filters()
    for name, values in given.items():
        for value in values:
            one = _filter(name, value.strip())
            if one is None:
                raise InputError(f"{value!r} is no {name} to filter by; write {EXAMPLES[name]}.")
            filters = _added(filters, one)
    return filters


def parse_query(line: str) -> Query:
    """Understand a query line; a line of filters alone is also its own text."""
    phrases: list[str] = []
    without: list[str] = []
    filters, collection = Filters(), None
    rest: list[str] = []
    at = 0
    for match in _tokens(line):
        keep = match.group()
        if match["phrase"] and _words(keep[1:-1]):
            phrases.append(keep[1:-1])
        elif match["without"] and _words(match["banned"]):
            without.append(_bare(match["banned"]))
            keep = ""
        elif match["filter"]:
            value = _bare(match["value"])
            more = _filter(match["name"].lower(), value)
            if more is None and match["name"].lower() == "collection" and COLLECTION.fullmatch(value):
                collection, keep = value, ""
            elif more is not None:
                filters, keep = _added(filters, more), ""
        rest += [line[at : match.start()], keep]
        at = match.end()
    text = " ".join("".join([*rest, line[at:]]).split())
    return Query(text if _words(text) else line, tuple(phrases), tuple(without), filters, collection)


def _tokens(line: str) -> Iterator[re.Match[str]]:
    for match in TOKEN.finditer(line):
        # A dash that another one closes sets words apart -like these- and bans nothing.
        if match["without"] and re.search(r"\w[-−](?!\w)", line[match.start() + 1 :]):
            continue
        yield match


def _filter(name: str, value: str) -> Filters | None:
    """The filter that one `name:value` stands for, None where the value cannot be meant."""
    if name == "document" and value:
        return Filters(documents=(value,))
    if name == "path" and value:
        return Filters(paths=(value,))
    if name == "tag" and value:
        return Filters(tags=(value,))
    if name == "language" and LANGUAGE.fullmatch(value.lower()):
        return Filters(languages=(value.lower(),))
    if name == "date" and (match := DATE.fullmatch(value)):
        return _dates(match)
    return None


def _dates(match: re.Match[str]) -> Filters | None:
    first, sign = match["first"], match["sign"] or ""
    if first is None:
        since, until = match["from"] or "", match["to"] or ""
        return Filters(since=since, until=until) if since or until else None
    if sign.startswith(">"):
        return Filters(since=first if sign == ">=" else _beside(first, 1))
    if sign.startswith("<"):
        return Filters(until=first if sign == "<=" else _beside(first, -1))
    return Filters(since=first, until=first)


def _beside(day: str, step: int) -> str:
    """The year, month or day that follows (1) or precedes (-1) another; none is before the year 1."""
    numbers = [int(part) for part in day.split("-")]
    try:
        if len(numbers) == 3:
            return (date(*numbers) + timedelta(days=step)).isoformat()
    except (ValueError, OverflowError):
        return day
    if len(numbers) == 2:
        months = max(0, 12 * numbers[0] + numbers[1] - 1 + step)
        return f"{months // 12:04}-{months % 12 + 1:02}"
    return f"{max(0, numbers[0] + step):04}"


def _added(filters: Filters, more: Filters) -> Filters:
    values = {}
    for one in fields(Filters):
        before, new = getattr(filters, one.name), getattr(more, one.name)
        values[one.name] = before + new if isinstance(new, tuple) else new or before
    return Filters(**values)


def _bare(value: str) -> str:
    return value[1:-1] if value[:1] in QUOTES and len(value) > 1 else value


def _words(text: str) -> bool:
    return any(character.isalnum() for character in text)
