"""Cut text into sentences: Spanish and English first, any script in a sane way.

A sentence ends at a stop (. ! ? … and those of other scripts) that is followed by the start of
another, and always at a line break: canonical text has no line breaks inside running sentences.
"""

from __future__ import annotations

import re

# Stops that need white space after them, with the quotes, brackets and citation marks that may
# close after the stop; and the stops of scripts written without spaces between sentences.
_CLOSERS = r"""["'”’»›)\]}*_`]*+(?:[ ]?\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\])*+"""
_CANDIDATE = re.compile(
    rf"(?P<line>\n\s*)"
    rf"|(?P<wide>[。！？｡．؟।॥۔։።။។]+[”’」』）】》〉\"'»)\]]*)\s*"
    rf"|(?<![.!?…])(?P<stop>[.!?…]++){_CLOSERS}(?P<space>[^\S\n]++)(?=\S)"
)
_BULLET = re.compile(r"\s*(?:[-*+•·‣◦▪●○–—][^\S\n]+)*")
_NUMBER_MARKER = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)]?$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]$")
_NEXT_WORD = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(r"[a-z][^\W]*?(?:[A-Z0-9_]|\.[a-z]|-[A-Z0-9])")
_OPENERS = "¿¡\"'“‘«‹([{*_`—–-•"
_LONGEST_WORD = 40

# Followed by more of the same sentence, whatever comes next.
_NEVER_ENDS = frozenset(
    "sr sra srta sres sras dr dra dres dras d dña prof profa lic ing arq gral cnel cap tte mons ud uds vd "
    "vds sto sta fr mr mrs ms mx messrs st rev hon gen col lt sgt capt cmdr gov sen rep pres supt ej p.ej "
    "fig figs pág págs núm e.g eg i.e ie viz cf cfr vs v.gr vgr p.e ee ff vid véase aprox approx esp resp "
    "ca circa avda av ctra pza pl dept dpto depto edo admón asoc fdo".split()
)
# Followed by a number or a letter they belong to it; otherwise they end like any word.
_BEFORE_NUMBER = frozenset(
    "no nº núm num nr n art arts pág págs pag pags p pp fig figs tab tabs eq eqs ec ecs cap caps ch chs "
    "sec secs secc vol vols ed eds lib párr apdo apart ver vers v t tel ext op ref refs alg def teor thm "
    "prop lem cor jan feb mar apr jun jul aug sep sept oct nov dec ene abr ago dic m mín máx min max c s "
    "ss aprox".split()
)
# May end a sentence or not: they do when what follows often starts one.
_MAY_END = frozenset(
    "uu ee.uu us u.s u.s.a u.k u.e u.n eu a.m p.m am pm inc ltd co corp llc plc jr sr.jr s.a s.l s.r.l cía "
    "al ph.d m.d b.c a.d a.c d.c b.a m.a b.s m.s bros mt".split()
)
_STARTERS = frozenset(
    "the a an it its this that these those he she they we you i in on at as but and so if when while for "
    "from by to there here however what which who how why where our their his her one some many most all "
    "each no not yes after before since although because then thus such with without under over also both "
    "other another el la los las lo un una unos unas este esta estos estas ese esa esos esas aquel aquella "
    "su sus en de del al con sin por para pero y o si no sí que como cuando donde mientras aunque porque "
    "es son se le les nos mi tu hay ha han fue era entre sobre según desde hasta tras ante bajo además "
    "también así luego entonces cada todo toda todos todas otro otra otros otras algunos algunas muchos "
    "muchas uno cuál quién qué cómo".split()
)


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """The sentences of `text[start:end]`, in order.

    Returns:
        Spans `(start, end)` in code points of `text`, without white space around them and without
        the bullet in front of a list item; together they hold every other visible character.
    """
    end = len(text) if end is None else min(end, len(text))
    spans: list[tuple[int, int]] = []
    begin = _skip_bullet(text, start, end)
    for match in _CANDIDATE.finditer(text, start, end):
        if match.lastgroup == "line":
            _append(spans, text, begin, match.start())
            begin = _skip_bullet(text, match.start(), end)
        elif match.start() < begin:
            continue
        elif match.lastgroup == "wide":
            _append(spans, text, begin, match.end("wide"))
            begin = match.end()
        elif _ends_sentence(text, begin, match, end):
            _append(spans, text, begin, match.start("space"))
            begin = match.end()
    _append(spans, text, begin, end)
    return spans


def settled_sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a text that is still being written which no further text can change.

    Returns:
        Spans as `split_sentences` gives them; the one being written is left out.
    """
    whole_words = max(text.rfind(" "), text.rfind("\n"))
    return split_sentences(text, 0, whole_words + 1)[:-1]


def _skip_bullet(text: str, begin: int, end: int) -> int:
    match = _BULLET.match(text, begin, end)
    return match.end() if match else begin


def _append(spans: list[tuple[int, int]], text: str, begin: int, end: int) -> None:
    while end > begin and text[end - 1].isspace():
        end -= 1
    while begin < end and text[begin].isspace():
        begin += 1
    if begin < end:
        spans.append((begin, end))


def _ends_sentence(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    """Whether the stop of `match` ends the sentence that began at `begin`."""
    following, opened = _after_openers(text, match.end(), end)
    if not following:
        return True
    if following.islower() and not _starts_in_lower_case(text, match.end(), opened):
        return False
    if match["stop"] != ".":
        return True
    stop = match.start()
    if text[stop - 1 : stop].isspace() or stop == begin:
        return False
    return _word_may_end(text, begin, stop, match, following)


def _after_openers(text: str, at: int, end: int) -> tuple[str, str]:
    """The first character of the next sentence and the quotes or brackets in front of it."""
    opened = at
    while at < end and text[at] in _OPENERS:
        at += 1
    return text[at : at + 1] if at < end else "", text[opened:at]


def _starts_in_lower_case(text: str, at: int, opened: str) -> bool:
    # "¿qué…" and code begin sentences in lower case, and so do names such as e5-small or top_k.
    if any(mark in opened for mark in "¿¡`•"):
        return True
    return bool(_IDENTIFIER.match(text, at + len(opened)))


def _word_may_end(text: str, begin: int, stop: int, match: re.Match[str], following: str) -> bool:
    word = text[max(begin, stop - _LONGEST_WORD) : stop].split()[-1].lstrip(_OPENERS)
    if stop - len(word) == begin and _NUMBER_MARKER.match(text[begin:stop]):
        return False  # "1. First", "a. First"
    lower = word.lower()
    if lower in _NEVER_ENDS:
        return False
    if lower in _BEFORE_NUMBER and len(lower) > 1 and following.isdigit():
        return False
    if len(word) == 1 and (word.isupper() or word in "pacdmnstv"):
        return not following.isdigit() and _starts_often(text, match.end())
    if lower in _MAY_END or _INITIALS.match(word):
        return _starts_often(text, match.end())
    return True


def _starts_often(text: str, at: int) -> bool:
    """Whether what follows is a common first word or opens a question, an exclamation or a quote."""
    if text[at] in '¿¡"“«':
        return True
    following = _NEXT_WORD.match(text, at)
    return bool(following and following.group().lower() in _STARTERS)
