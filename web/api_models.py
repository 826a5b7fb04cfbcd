"""What the JSON API takes and gives, with the examples that its documentation shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rag.generation.base import Sampling
from rag.query import Filters, make_filters
from rag.retrieval import LONGEST_QUESTION, checked_question
from rag.settings import COLLECTION_PATTERN, Settings

FilterValue = Annotated[str, Field(min_length=1, max_length=300)]
Provider = Literal["auto", "ollama", "openai", "llama-server", "extractive"]


class ExchangeJson(BaseModel):
    """A question that was asked before, and its answer."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(max_length=LONGEST_QUESTION)
    answer: str = Field(default="", max_length=100_000)


class FiltersJson(BaseModel):
    """What a passage's document must be; of several values of one kind any will do."""

    model_config = ConfigDict(extra="forbid")

    documents: list[FilterValue] = Field(default=[], max_length=50, description="Ids, titles or file names.")
    paths: list[FilterValue] = Field(default=[], max_length=50, description="Patterns such as `*.pdf`.")
    languages: list[FilterValue] = Field(default=[], max_length=50, description="ISO 639-1 codes.")
    dates: list[FilterValue] = Field(
        default=[], max_length=2, description="`2024`, `2024-05`, `>=2024-05-31` or `2023..2024`."
    )
    tags: list[FilterValue] = Field(default=[], max_length=50, description="The documents' own tags.")

    def filters(self) -> Filters:
        """The same for the core."""
        return make_filters(**self.model_dump())


class AskRequest(BaseModel):
    """A question and how to answer it; what is left out is taken from the settings."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": "¿Qué es la atención?", "passages": 6, "temperature": 0.0}]
        },
    )

    question: str = Field(description=f"The question, 1 to {LONGEST_QUESTION:,} characters.")
    collection: str | None = Field(default=None, description="The collection to look in.")
    filters: FiltersJson | None = Field(default=None, description="What the documents must be.")
    passages: int | None = Field(default=None, ge=1, le=50, description="Passages to retrieve.")
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=1, le=32_768)
    repetition_penalty: float | None = Field(default=None, gt=0, le=4)
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    provider: Provider | None = Field(default=None, description="Who writes the answer.")
    model: str | None = Field(default=None, max_length=200, description="The provider's model.")
    strict: bool | None = Field(default=None, description="Leave out sentences without support.")
    explain: bool = Field(default=False, description="Add what the generator was given to the answer.")
    conversation: str | None = Field(
        default=None, max_length=100, description="Id of the conversation that the question belongs to."
    )
    history: list[ExchangeJson] = Field(
        default=[], max_length=20, description="What was asked before, where no conversation is named."
    )

    @field_validator("question")
    @classmethod
    def _check_question(cls, question: str) -> str:
        # Raises InputError, which pydantic lets through: the core has the one sentence for it.
        return checked_question(question)

    def sampling(self, settings: Settings) -> Sampling:
        """The parameters of generation, with the settings' values where the request has none."""
        values = {
            name: given if given is not None else getattr(settings, name)
            for name in Sampling.__dataclass_fields__
            if (given := getattr(self, name)) is not None or hasattr(settings, name)
        }
        return Sampling(**values)


class IngestRequest(BaseModel):
    """Files and folders of this machine to bring in."""

    model_config = ConfigDict(extra="forbid")

    paths: list[str] = Field(description="Absolute paths, and addresses.")
    given: dict[str, str] = Field(default_factory=dict, description="Names with the files that hold them.")
    collection: str | None = Field(default=None, pattern=COLLECTION_PATTERN)
    prune: bool = Field(default=False, description="Remove documents whose files have gone.")
    dry_run: bool = Field(default=False, description="Write nothing, and say what would be done.")
    include: list[str] = Field(default_factory=list, description="Patterns of what folders give.")
    exclude: list[str] = Field(default_factory=list, description="Patterns of what folders do not give.")
    password: str | None = Field(default=None, description="Opens encrypted PDFs.")
    spare: bool = Field(
        default=False, description="Prune no folder in which nothing is met any more of what was known there."
    )


class PassageJson(BaseModel):
    """A stretch of a document that was found for a question."""

    model_config = ConfigDict(extra="allow")

    document_id: str
    chunk_id: str
    title: str
    source: str
    page: int | None
    heading: list[str]
    start: int = Field(description="First character, counted in code points of the document's text.")
    end: int
    text: str
    score: float


class CitationJson(BaseModel):
    """A verbatim quote: `text[start:end] == quote` in the document's text."""

    number: int
    document_id: str
    title: str
    source: str
    page: int | None
    heading: list[str]
    start: int
    end: int
    quote: str


class SentenceJson(BaseModel):
    """A sentence of the answer and what the documents say of it."""

    text: str
    status: Literal["supported", "re-attributed", "unsupported"]
    citations: list[int]


class AnswerJson(BaseModel):
    """The answer to a question."""

    model_config = ConfigDict(extra="allow")

    question: str
    answer: str
    refused: bool
    language: str
    standalone: str = Field(description="The question as it was looked up, understandable by itself.")
    conversation: str | None = None
    cached: bool = Field(default=False, description="Whether the same answer was given before.")
    sentences: list[SentenceJson]
    citations: list[CitationJson]
    passages: list[PassageJson]
    generator: dict[str, Any]
    timings_ms: dict[str, float]


class SearchJson(BaseModel):
    """Passages nearest to a query, the best first."""

    query: str
    language: str
    results: list[PassageJson]
    timings_ms: dict[str, float]


class DocumentJson(BaseModel):
    """A document's record."""

    id: str
    collection: str
    title: str
    source: str
    sources: list[str]
    media_type: str
    language: str
    pages: int
    chunks: int
    characters: int
    size: int
    sha256: str
    ingested_at: str
    metadata: dict[str, Any]


class DocumentsJson(BaseModel):
    """A stretch of the list of documents."""

    documents: list[DocumentJson]
    total: int


class BlockJson(BaseModel):
    """One block of a document: a heading, a paragraph, a list item, a table's row."""

    start: int
    end: int
    kind: str
    level: int


class PageJson(BaseModel):
    """One page of a paged document."""

    number: int
    label: str
    start: int
    end: int


class DocumentTextJson(DocumentJson):
    """A document's record with its whole text and the map that goes with it."""

    text: str
    blocks: list[BlockJson]
    page_spans: list[PageJson]
    warnings: list[str]


class OutcomeJson(BaseModel):
    """What became of one file."""

    name: str
    status: str
    message: str
    document_id: str
    chunks: int
    embedded: int


class ReportJson(BaseModel):
    """What became of files that were taken in."""

    counts: dict[str, int]
    chunks: int
    embedded: int
    seconds: float
    outcomes: list[OutcomeJson]


class JobJson(BaseModel):
    """An ingest that the server does in its own time."""

    model_config = ConfigDict(extra="allow")

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    collection: str
    wanted: list[str] = Field(description="Paths, addresses and names of what was sent.")
    created_at: str
    started_at: str | None
    finished_at: str | None
    seconds: float
    error: str = Field(description="Why it failed as a whole.")
    counts: dict[str, int] = Field(description="Files by what became of them.")
    stage: str | None = Field(default=None, description="While it runs, as are the numbers that follow.")
    name: str | None = None
    files_done: int | None = None
    files: int | None = None
    bytes_done: int | None = None
    bytes: int | None = None
    chunks_done: int | None = None
    chunks_a_second: float | None = None
    seconds_left: int | None = None
    outcomes: list[OutcomeJson] | None = None


class JobsJson(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobJson]


class ProblemJson(BaseModel):
    """What went wrong, in one sentence."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error": {"message": "The question is empty; write one."}}]}
    )

    error: dict[str, str]


NO_TOKEN: dict[str, Any] = {
    "model": ProblemJson,
    "description": "The caller did not show the data folder's token.",
}
