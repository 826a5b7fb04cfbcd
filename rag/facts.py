"""Figures, dates and units of a text, written the same whatever language they came in.

"37 600" and "37,600" are one number, "julio" and "July" one month, "once" and "eleven" and "11" one
value, "km" and "kilómetros" one unit. Spanish and English words; figures in any language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

SPACES = "\u00a0\u202f\u2009 "
FIGURE = re.compile(rf"(?<![\w.,])[-−]?\d+(?:[.,{SPACES}]\d{{3}}(?!\d))*(?:[.,]\d+)?")
WORD = re.compile(r"[^\W\d_]+|[%€$£]|°c?|\d[\d.,]*")
_MONTHS = {
    "es": "enero ene|febrero feb|marzo|abril abr|mayo|junio jun|julio jul|agosto ago|"
    "septiembre setiembre sept|octubre oct|noviembre nov|diciembre dic",
    "en": "january jan|february feb|march|april apr|may|june jun|july jul|august aug|september sept|"
    "october oct|november nov|december dec",
}
_WEEKDAYS = {
    "es": "lunes|martes|miercoles|jueves|viernes|sabado sabados|domingo domingos",
    "en": "monday mondays|tuesday tuesdays|wednesday wednesdays|thursday thursdays|friday fridays|"
    "saturday saturdays|sunday sundays",
}
_NUMBER_WORDS = {
    "es": "2 dos|3 tres|4 cuatro|5 cinco|6 seis|7 siete|8 ocho|9 nueve|10 diez|11 once|12 doce|13 trece|"
    "14 catorce|15 quince|16 dieciseis|17 diecisiete|18 dieciocho|19 diecinueve|20 veinte|"
    "21 veintiuno veintiun veintiuna|22 veintidos|23 veintitres|24 veinticuatro|25 veinticinco|26 veintiseis|"
    "27 veintisiete|28 veintiocho|29 veintinueve|30 treinta|40 cuarenta|50 cincuenta|60 sesenta|70 setenta|"
    "80 ochenta|90 noventa|100 cien ciento|200 doscientos doscientas|300 trescientos trescientas|"
    "400 cuatrocientos cuatrocientas|500 quinientos quinientas",
    "en": "2 two twice|3 three|4 four|5 five|6 six|7 seven|8 eight|9 nine|10 ten|11 eleven|12 twelve dozen|"
    "13 thirteen|14 fourteen|15 fifteen|16 sixteen|17 seventeen|18 eighteen|19 nineteen|20 twenty|30 thirty|"
    "40 forty|50 fifty|60 sixty|70 seventy|80 eighty|90 ninety",
}
_SCALES = {"mil": 1e3, "thousand": 1e3, "millon": 1e6, "millones": 1e6, "million": 1e6, "billion": 1e9,
           "hundred": 100.0}  # fmt: skip
_UNITS = (
    "m metro metros metre metres meter meters|km kilometro kilometros kilometre kilometres kilometer "
    "kilometers|cm centimetro centimetros centimetre centimetres centimeter centimeters|mm milimetro "
    "milimetros millimetre millimetres millimeter millimeters|mi milla millas mile miles|ft pie pies foot "
    "feet|inch pulgada pulgadas inches|g gramo gramos gram grams|kg kilo kilos kilogramo kilogramos "
    "kilogram kilograms|mg miligramo miligramos milligram milligrams|t tonelada toneladas tonne tonnes ton "
    "tons|l litro litros litre litres liter liters|ml mililitro mililitros millilitre millilitres|ha "
    "hectarea hectareas hectare hectares|s segundos sec seconds|min minuto minutos minute minutes|h "
    "hora horas hour hours|day dia dias days|week semana semanas weeks|month mes meses months|year ano anos "
    "years|century siglo siglos centuries|% porciento percent|eur euro euros €|usd dolar dolares dollar "
    "dollars $|gbp libra libras pound pounds £|gb gigabyte gigabytes|mb megabyte megabytes|kb kilobyte "
    "kilobytes|gwh gigavatio gigawatt|mah|kw kilovatio kilovatios kilowatt kilowatts|w vatio vatios watt "
    "watts|hz hercio hercios hertz|degree grado grados degrees ° °c"
)
_BETWEEN = frozenset("de of the los las por laborables working nautical nauticas".split())
_JOINED_ONLY = frozenset("un uno una one".split())
_MAY_COMES_AFTER = frozenset("in of on since until by last next early late mid every each".split())
UNIT_REACH = 40
UNIT_WORDS = 3
"""Characters and words after a figure among which its unit is looked for."""
HALF = re.compile(r"(?:(?P<count>\w+) )?(?:(?P<unit>\w+) y medi[oa]\b|and a half\b)")


def _table(text: str) -> Mapping[str, str]:
    rows = (row.split() for row in text.split("|"))
    return {word: row[0] for row in rows for word in row}


def _values(rows: str) -> Mapping[str, float]:
    return {word: float(value) for word, value in _table(rows).items() if word != value}


def _calendar(rows: str, kind: str) -> Mapping[str, str]:
    return {word: f"{kind}{i}" for i, row in enumerate(rows.split("|"), 1) for word in row.split()}


_CALENDAR = {
    language: {**_calendar(_MONTHS[language], "month"), **_calendar(_WEEKDAYS[language], "weekday")}
    for language in _MONTHS
}
_VALUE = {language: _values(rows) for language, rows in _NUMBER_WORDS.items()}
_UNIT = _table(_UNITS)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, empty where it has none that is known."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text says in figures and dates."""

    quantities: frozenset[Quantity]
    calendar: frozenset[str]
    """Months and days of the week: `month7`, `weekday1`."""

    @property
    def values(self) -> frozenset[float]:
        """The numbers alone."""
        return frozenset(one.value for one in self.quantities)


def read_facts(text: str, language: str) -> Facts:
    """The figures, dates and units of a text.

    Args:
        language: ISO 639-1 code; numbers in letters and months are read in Spanish and English.
    """
    plain = _plain(text)
    halves = _halves(plain)
    plain = HALF.sub(lambda match: " " * len(match.group()), plain)
    values, calendar = _VALUE.get(language, {}), _CALENDAR.get(language, {})
    places = _figures(plain)
    days: set[str] = set()
    spelt: list[tuple[float, int]] = []
    for match in WORD.finditer(plain):
        word = match.group()
        if word in calendar and (word != "may" or _is_month(plain, match.start(), match.end())):
            days.add(calendar[word])
        elif word in _JOINED_ONLY and spelt:
            _add_spelt(spelt, 1.0, match.start(), match.end(), plain)
        elif word in values and plain[: match.start()].split()[-1:] != ["por"]:
            _add_spelt(spelt, values[word], match.start(), match.end(), plain)
    found = {_with_unit(value, plain, end) for value, end in [*places, *spelt]}
    return Facts(frozenset(found | halves), frozenset(days))


def _is_month(plain: str, start: int, end: int) -> bool:
    """Whether "may" between a number or a preposition and a number is the month."""
    before, after = plain[:start].split()[-1:], plain[end:].split()[:1]
    return any(word[0].isdigit() for word in before + after) or bool(_MAY_COMES_AFTER & set(before))


def calendar_words(language: str) -> frozenset[str]:
    """The folded words for months and days, which English writes with a capital."""
    return frozenset(_CALENDAR.get(language, {}))


def missing_figures(claim: Facts, source: Facts) -> int:
    """How many of the claim's numbers the source does not have, or has with another unit."""
    by_value: dict[float, set[str]] = {}
    for one in source.quantities:
        by_value.setdefault(one.value, set()).add(one.unit)
    return sum(not _has(one, by_value) for one in claim.quantities)


def missing_dates(claim: Facts, source: Facts) -> int:
    """How many of the claim's months and days of the week the source does not have."""
    return len(claim.calendar - source.calendar)


def _has(claim: Quantity, by_value: Mapping[float, set[str]]) -> bool:
    units = by_value.get(claim.value)
    if units is None:
        return False
    return not claim.unit or claim.unit in units or "" in units


def _add_spelt(spelt: list[tuple[float, int]], value: float, start: int, end: int, plain: str) -> None:
    """Add a number in letters, joined to the one before: "treinta y dos", "ciento veinte"."""
    if spelt:
        before, at = spelt[-1]
        between = plain[at:start].strip(" -")
        if between in ("", "y", "and") and before >= 20 and value < before and before % 10 == 0:
            spelt[-1] = (before + value, end)
            return
    if value > 1:
        spelt.append((value, end))


def _halves(plain: str) -> set[Quantity]:
    """ "metro y medio" is 1.5 m, "dos horas y media" and "two and a half hours" are 2.5 h."""
    found = set()
    for match in HALF.finditer(plain):
        counts = {**_VALUE["es"], **_VALUE["en"], "un": 1.0, "una": 1.0, "one": 1.0}
        word = match["count"] or ""
        count = float(word) if word.isdigit() else counts.get(word, 1.0)
        unit = match["unit"] or (plain[match.end() :].split() or [""])[0]
        found.add(Quantity(count + 0.5, _UNIT.get(unit.strip(".,;"), "")))
    return found


def _figures(plain: str) -> list[tuple[float, int]]:
    found = []
    for match in FIGURE.finditer(plain):
        value = _value(match.group())
        if value is not None:
            found.append((value, match.end()))
    return found


def _value(figure: str) -> float | None:
    joined = re.sub(rf"[.,{SPACES}](?=\d{{3}}(?!\d))", "", figure.replace("−", "-"))
    try:
        return abs(float(joined.replace(",", ".")))
    except ValueError:
        return None


def _with_unit(value: float, plain: str, end: int) -> Quantity:
    """The quantity with the scale and unit among the words right after it."""
    unit = ""
    at = end
    for match in list(WORD.finditer(plain, end, end + UNIT_REACH))[:UNIT_WORDS]:
        word = match.group()
        if plain[at : match.start()].strip():
            break
        at = match.end()
        if word in _SCALES:
            value *= _SCALES[word]
        elif word == "por" and plain[at:].split()[:1] == ["ciento"]:
            unit = "%"
            break
        elif word in _UNIT:
            unit = _UNIT[word]
            break
        elif word not in _BETWEEN:
            break
    return Quantity(round(value, 6), unit)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
