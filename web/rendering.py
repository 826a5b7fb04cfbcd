"""Jinja templates in the reader's language: one environment for each language, made once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_datetime
from babel.numbers import format_decimal
from babel.support import NullTranslations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from web.assets import Assets
from web.languages import LANGUAGES, choose_language, load_translations

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
        self._environments = {
            language: _environment(language, catalogue, assets) for language, catalogue in catalogues.items()
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


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _environment(language: str, catalogue: NullTranslations, assets: Assets) -> Environment:
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
        "static": assets.address,
        "address": lambda path, **query: path + "?" + urlencode(query) if query else path,
    }
    environment.filters |= {
        "number": lambda value: format_decimal(value, locale=language),
        "score": lambda value: format_decimal(value, format="0.00", locale=language),
        "seconds": lambda value: format_decimal(value / 1000, format="0.0", locale=language),
        "bytes": lambda value: _size(value, language),
        "date": lambda value: _date(value, language),
    }
    return environment


def _size(value: float, language: str) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{format_decimal(value, format='0.#' if unit != 'B' else '0', locale=language)} {unit}"


def _date(value: str, language: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return format_datetime(moment.astimezone(), format="medium", locale=language)
