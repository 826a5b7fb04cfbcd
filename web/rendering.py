"""Jinja templates in the reader's language: one environment for each language, made once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from babel.support import NullTranslations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from web.assets import Assets
from web.languages import LANGUAGES, choose_language, load_translations
from web.sentences import Sentences, load_sentences

TEMPLATES_DIRECTORY = Path(__file__).parent / "templates"
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"
# Pages differ by cookie and language, and must be asked for again: documents come and go.
_PAGE_HEADERS = {"Vary": "Cookie, Accept-Language", "Cache-Control": "private, no-cache"}


class Renderer:
    """Draws pages and fragments of pages."""

    def __init__(
        self,
        assets: Assets,
        translations: Mapping[str, NullTranslations] | None = None,
        stays_here: bool = True,
    ) -> None:
        self.stays_here = stays_here
        catalogues = translations or {language: load_translations(language) for language in LANGUAGES}
        self._sentences = {language: load_sentences(language) for language in catalogues}
        self._environments = {
            language: _environment(language, catalogue, assets, self._sentences[language])
            for language, catalogue in catalogues.items()
        }

    def page(self, request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """A whole page, in the request's language and theme."""
        theme = request.cookies.get(THEME_COOKIE, "auto")
        context |= {
            "theme": theme if theme in THEMES else "auto",
            "path": request.url.path,
            "here": context.get("here") or _address(request),
            "stays_here": self.stays_here,
        }
        html = self.fragment(choose_language(request), template, **context)
        return HTMLResponse(html, status_code=status, headers=_PAGE_HEADERS)

    def fragment(self, language: str, template: str, **context: Any) -> str:
        """A piece of a page, or all of it, as HTML; everything in `context` is escaped."""
        return self._environments[language].get_template(template).render(context)

    def said(self, language: str, sentence: str) -> str:
        """A sentence of the program's own, such as an error's, in the reader's language."""
        return self._sentences[language].translated(sentence)


def own_address(address: str) -> str:
    """The address, if it is one of this site's own; else the front page."""
    parts = urlsplit(address)
    is_own = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if is_own and address.isprintable() else "/"


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _environment(
    language: str, catalogue: NullTranslations, assets: Assets, sentences: Sentences
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_DIRECTORY),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "language": language,
        "languages": LANGUAGES,
        "cita": _command(),
        "static": assets.address,
        "said": lambda sentence: catalogue.gettext(sentences.translated(sentence)),
        "question_about": lambda suggestion: suggestion.question(catalogue.gettext),
        "duration": lambda seconds: _duration(seconds, language),
        "address": lambda path, **query: path + "?" + urlencode(query) if query else path,
    }
    environment.filters |= {
        "number": lambda value: format_decimal(value, locale=language),
        "score": lambda value: format_decimal(value, format="0.00", locale=language),
        "seconds": lambda value: format_decimal(value / 1000, format="0.0", locale=language),
        "bytes": lambda value: _size(value, language),
        "kind": kind,
        "excerpt": excerpt,
        "language_name": lambda code: _language_name(code, language),
        "date": lambda value: _date(value, language),
        "day": lambda value: _date(value, language, day_only=True),
    }
    return environment


def _language_name(code: str, language: str) -> str:
    """A language's name in the reader's language; its code where it has none."""
    try:
        return Locale.parse(code).get_language_name(language) or code
    except (UnknownLocaleError, ValueError):
        return code


def _command() -> str:
    """How the command is called from the folder that the server was started in."""
    own = Path(sys.executable).with_name("cita")
    if shutil.which("cita") or not own.is_file():
        return "cita"
    return str(own.relative_to(Path.cwd())) if own.is_relative_to(Path.cwd()) else str(own)


def _duration(seconds: float, language: str) -> str:
    return str(format_timedelta(timedelta(seconds=max(1, round(seconds))), locale=language))


_KINDS = {
    "application/pdf": "PDF", "text/html": "HTML", "text/markdown": "Markdown", "text/plain": "TXT",
    "text/csv": "CSV", "text/tab-separated-values": "TSV", "application/json": "JSON",
    "application/jsonl": "JSONL", "application/epub+zip": "EPUB", "message/rfc822": "EML",
    "application/x-ipynb+json": "IPYNB", "text/x-rst": "RST", "application/xml": "XML",
}  # fmt: skip
_OFFICE = {"wordprocessing": "DOCX", "presentation": "PPTX", "spreadsheet": "XLSX"}


def kind(media_type: str) -> str:
    """A document's type in a few letters."""
    office = next((name for part, name in _OFFICE.items() if part in media_type), None)
    short = media_type.rsplit("/", 1)[-1].rsplit(".", 1)[-1].removeprefix("x-")
    return _KINDS.get(media_type) or office or short.upper()[:12]


def excerpt(passage: Mapping[str, Any]) -> str:
    """A passage's text without the headings in front, which are said above it already."""
    text = str(passage["text"]).lstrip()
    for heading in (passage["title"], *passage["heading"]):
        rest = text.removeprefix(heading)
        if rest != text and rest[:1] == "\n":
            text = rest.lstrip()
    return text


def _size(value: float, language: str) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{format_decimal(value, format='0.#' if unit != 'B' else '0', locale=language)} {unit}"


def _date(value: str, language: str, *, day_only: bool = False) -> str:
    try:
        moment = datetime.fromisoformat(value).astimezone()
    except ValueError:
        return value
    if day_only:
        return format_date(moment, format="medium", locale=language)
    return format_datetime(moment, format="medium", locale=language)
