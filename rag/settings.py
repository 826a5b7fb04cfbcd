"""Every name and number that a user may set, in one frozen object made once at the edge.

Sources, strongest first: arguments, environment (`CITA_…`), `.env`, `cita.toml`, defaults.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_cache_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rag.errors import SettingsError

PREFIX = "CITA_"


COLLECTION_PATTERN = r"^[a-z0-9][a-z0-9_\-]{0,62}$"
"""What a collection may be called: part of a name in Chroma, and of an address. A browser reads this too,
and wants the hyphen escaped."""


class Settings(BaseSettings):
    """Cita's settings; each field is also an environment variable, `CITA_` and its name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        toml_file="cita.toml",
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
    )

    # Where things are kept.
    data_dir: Path = Path("data")
    models_dir: Path = Field(default_factory=lambda: user_cache_path("cita") / "models")
    chroma_url: str | None = None
    collection: str = Field(default="default", pattern=COLLECTION_PATTERN)

    # The embedding model and the chunks made for it.
    embedding_model: str = "multilingual-e5-small"
    embedding_threads: int | None = Field(default=None, ge=1)
    chunk_tokens: int = Field(default=200, ge=32)

    # Ingestion.
    allow_private_urls: bool = False
    """Whether addresses of this machine and its network may be fetched."""
    load_seconds: float = Field(default=120.0, gt=0)
    load_megabytes: int = Field(default=2048, ge=256)
    """What reading one document may take."""
    upload_megabytes: int = Field(default=200, ge=1)
    """The largest upload, all its files together."""
    watch: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders that the server keeps in step."""

    # Retrieval.
    search_limit: int = Field(default=10, ge=1, le=200)
    passages: int = Field(default=6, ge=1, le=50)
    mode: Literal["hybrid", "dense", "lexical", "rrf"] = "hybrid"
    lexical_weight: float = Field(default=0.12, ge=0, le=10)
    expand: bool = False
    """Whether the language model rewrites questions before they are searched for."""
    reranker: str = "sentences"
    """What scores the first hits again: `sentences`, or a CrossEncoder's hub name or folder."""
    rerank_ask: bool = True
    rerank_search: bool = False
    prefill_chunks: int = Field(default=20_000, ge=0)
    """Chunks of a library up to which a server encodes their sentences ahead of the questions."""

    # Generation.
    llm: Literal["auto", "ollama", "openai", "llama-server", "extractive"] = "auto"
    llm_model: str | None = None
    llm_timeout: float = Field(default=120.0, gt=0)
    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    max_tokens: int = Field(default=300, ge=1, le=32768)
    repetition_penalty: float | None = Field(default=None, gt=0, le=4)
    seed: int | None = 0
    ollama_url: str = "http://127.0.0.1:11434"
    ollama_keep_alive: str = "5m"
    openai_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    openai_organization: str | None = None
    llama_model_path: Path | None = None
    llama_context: int = Field(default=4096, ge=512)
    llama_threads: int | None = Field(default=None, ge=1)

    # Answering.
    refusal_threshold: float = Field(default=0.35, ge=0, le=1)
    quote_threshold: float = Field(default=0.45, ge=0, le=1)
    """Answerability from which the documents' own words are shown where the model fails to answer."""
    strict: bool = False
    answer_cache: bool = True
    """Whether a question that was asked before on the same documents is answered at once."""

    # Serving.
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names besides `localhost` and plain addresses that the server answers to."""

    @field_validator("allowed_hosts", "watch", mode="before")
    @classmethod
    def _split_list(cls, given: Any) -> Any:
        """Take `a.example, b.example` as well as a JSON list."""
        if not isinstance(given, str):
            return given
        text = given.strip()
        return json.loads(text) if text.startswith("[") else [n.strip() for n in text.split(",") if n.strip()]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add `cita.toml` below the environment and `.env`."""
        toml = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, dotenv_settings, toml


def load_settings(**given: Any) -> Settings:
    """Read the settings; `given` (None values left out) overrides every other source.

    Raises:
        SettingsError: a setting is unknown or has a value that cannot be used.
    """
    _refuse_unknown_environment()
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise SettingsError(_unknown(name.upper().removeprefix(PREFIX))) from error
        raise SettingsError(f"Setting {PREFIX}{name.upper()}: {first['msg']}.") from error
    except ValueError as error:
        raise SettingsError(f"cita.toml cannot be read: {error}.") from error


def _refuse_unknown_environment() -> None:
    # pydantic-settings looks up the names it knows and never sees a misspelt one.
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise SettingsError(_unknown(name.upper().removeprefix(PREFIX)))


def _unknown(name: str) -> str:
    return (
        f"There is no setting {PREFIX}{name}; "
        f"the settings are {', '.join(sorted(field.upper() for field in Settings.model_fields))}."
    )
