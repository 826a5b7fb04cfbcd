"""The page's languages: which one a reader gets, and its words, read from the gettext catalogues."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

LANGUAGES = {"en": "English", "es": "Español"}
"""Code and own name of every language that the page speaks; the first is the source language."""
DEFAULT_LANGUAGE = "en"
COOKIE = "language"
TRANSLATIONS_DIRECTORY = Path(__file__).parent / "translations"


def load_translations(language: str) -> NullTranslations:
    """Read a language's catalogue; strings that it lacks come back in English, the source language."""
    if language == DEFAULT_LANGUAGE:
        return NullTranslations()
    path = TRANSLATIONS_DIRECTORY / language / "LC_MESSAGES" / "cita.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    # gettext reads compiled catalogues only; compiling takes milliseconds and leaves no build product.
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def choose_language(request: Request) -> str:
    """The language to answer in: what the reader chose, else what the browser asks for."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    for language in _accepted(request.headers.get("accept-language", "")):
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE


def _accepted(header: str) -> list[str]:
    """Primary language codes of an Accept-Language header, the most wanted first."""
    wanted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if tag and quality > 0:
            wanted.append((quality, tag.split("-")[0].lower()))
    # Python's sort is stable: languages of the same quality stay in the header's order.
    return [language for _, language in sorted(wanted, key=lambda pair: -pair[0])]
