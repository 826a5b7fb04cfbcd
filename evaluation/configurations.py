"""What may differ between two measurements of one set: the settings of retrieval."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.settings import Settings, load_settings

NAMES = ("mode", "lexical_weight", "rerank_search", "reranker")
SHORT = {"rerank": "rerank_search"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of retrieval."""

    mode: str
    lexical_weight: float
    rerank_search: bool
    reranker: str

    @classmethod
    def of(cls, settings: Settings) -> Configuration:
        """Those of some settings."""
        return cls(*(getattr(settings, name) for name in NAMES))

    def applied(self, settings: Settings) -> Settings:
        """The settings with these in their place."""
        return settings.model_copy(update=self.to_json())

    def to_json(self) -> dict[str, Any]:
        """By name, as settings are called."""
        return {name: getattr(self, name) for name in NAMES}


def read_configuration(text: str, otherwise: Configuration) -> Configuration:
    """A configuration from `name=value,name=value` or the name of a TOML file.

    Args:
        otherwise: what is not named is as it is there.

    Raises:
        InputError: the file cannot be read or names what is no setting of retrieval.
        SettingsError: a value cannot be used.
    """
    given = _from_file(Path(text)) if text.endswith(".toml") else _from_text(text)
    values = otherwise.to_json() | {SHORT.get(name, name): value for name, value in given.items()}
    unknown = sorted(set(values) - set(NAMES))
    if unknown:
        raise InputError(
            f"{unknown[0]!r} cannot be compared; the settings of retrieval are {', '.join(NAMES)}."
        )
    return Configuration.of(load_settings(**values))


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); name a TOML file with settings.") from error


def _from_text(text: str) -> dict[str, Any]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or any(not equals for _name, equals, _value in pairs):
        raise InputError(f"{text!r} is no configuration; write it like mode=rrf,rerank=false.")
    return {name.strip(): value.strip() for name, _equals, value in pairs}
