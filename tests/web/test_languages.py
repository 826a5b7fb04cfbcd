"""Spanish and English are complete, and the right one is chosen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from starlette.requests import Request

import web
from web.languages import LANGUAGES, TRANSLATIONS_DIRECTORY, choose_language, load_translations

PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def extracted() -> set[str | tuple[str, ...]]:
    """Every string that the program and the templates mark for translation."""
    root = Path(web.__file__).parent.parent
    with (TRANSLATIONS_DIRECTORY / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(
        root / "web",
        [(p.removeprefix("web/"), m) for p, m in methods],
        {p.removeprefix("web/"): o for p, o in options.items()},
    )
    return {message if isinstance(message, str) else tuple(message[:2]) for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_string_is_translated(language: str) -> None:
    with (TRANSLATIONS_DIRECTORY / language / "LC_MESSAGES" / "cita.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    wanted = extracted()
    assert len(wanted) > 100
    missing, broken = [], []
    for message in wanted:
        entry = catalogue.get(message if isinstance(message, str) else message[0])
        given = (
            [] if entry is None else [entry.string] if isinstance(entry.string, str) else list(entry.string)
        )
        if entry is None or entry.fuzzy or not given or not all(given):
            missing.append(message)
            continue
        sources = [message] if isinstance(message, str) else list(message)
        needed = set(PLACEHOLDER.findall(sources[-1]))
        broken += [message for text in given[-1:] if set(PLACEHOLDER.findall(text)) != needed]
    assert missing == []
    assert broken == []
    stale = [entry.id for entry in catalogue if entry.id and _key(entry.id) not in wanted]
    assert stale == []


def _key(message: Any) -> Any:
    return tuple(message) if isinstance(message, list | tuple) else message


def test_a_catalogue_is_read_without_a_build_step() -> None:
    spanish = load_translations("es")
    assert spanish.gettext("Documents") == "Documentos"
    assert spanish.ngettext("%(count)s page", "%(count)s pages", 2) == "%(count)s páginas"
    assert load_translations("en").gettext("Documents") == "Documents"


@pytest.mark.parametrize(
    ("accepted", "cookie", "expected"),
    [
        ("", None, "en"),
        ("es-MX,es;q=0.9,en;q=0.8", None, "es"),
        ("fr,es;q=0.4,en;q=0.5", None, "en"),
        ("en;q=0,es", None, "es"),
        ("de, *;q=0.5", None, "en"),
        ("en;q=nonsense,es", None, "es"),
        ("es", "en", "en"),
        ("es", "xx", "es"),
    ],
)
def test_the_browser_chooses_and_the_reader_overrules(
    accepted: str, cookie: str | None, expected: str
) -> None:
    headers = [(b"accept-language", accepted.encode())]
    if cookie:
        headers.append((b"cookie", f"language={cookie}".encode()))
    assert choose_language(Request({"type": "http", "headers": headers})) == expected
