"""What may be chosen of a search, and the options that choose it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import typer

from rag.query import Filters
from rag.ranking import Mode

DocumentOption = Annotated[
    list[str] | None, typer.Option("--document", help="Only this document: a title or a file's name.")
]
PathOption = Annotated[list[str] | None, typer.Option("--path", help="Only files such as `*.pdf`.")]
LanguageOption = Annotated[list[str] | None, typer.Option("--language", help="Only this language: es, en …")]
DateOption = Annotated[
    list[str] | None, typer.Option("--date", help="Only from then: 2024, >=2024-05-31, 2023..2024.")
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Only documents with this tag.")]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Where and how to search."""

    collection: str | None = None
    limit: int = 10
    mode: Mode | None = None
    rerank: bool | None = None
    filters: Filters = field(default_factory=Filters)
