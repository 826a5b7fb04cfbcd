"""From a question to a verified answer: retrieval, evidence, generation, grounding, or a refusal."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Protocol

from rag.answer import Event
from rag.answerability import answerability
from rag.drafts import Draft, milliseconds
from rag.generation.base import Prompt, Sampling
from rag.generation.choice import Generators, check_provider
from rag.generation.extractive import ExtractiveGenerator
from rag.generation.llama_server import LlamaServerGenerator
from rag.grounding import Grounder, gather_evidence
from rag.packing import SMALL_BUDGET, pack, sentence_cosines, sentence_scores
from rag.prompting import build_prompt, fixed_messages
from rag.query import Filters
from rag.quoting import own_words
from rag.ranking import SearchResult
from rag.second_look import HOPELESS, is_open, second_look
from rag.settings import Settings
from rag.standalone import Exchange, standalone_question
from rag.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Request:
    """A question with all that may be chosen for it; None takes the settings' value."""

    question: str
    collection: str | None = None
    passages: int | None = None
    provider: str | None = None
    model: str | None = None
    sampling: Sampling | None = None
    strict: bool | None = None
    explain: bool = False
    """Add the prompt to the answer's details."""
    conversation: str | None = None
    """Id of the conversation that the question belongs to; see `rag.dialogue`."""
    filters: Filters | None = None
    """What the passages' documents must be."""
    history: tuple[Exchange, ...] = ()
    """What was asked before, oldest first, where no conversation is named."""


Steps = Generator[Event, None, None]
"""The steps of an answer; closing it stops the generation."""


class Searcher(Protocol):
    """Finds passages for a question, as `rag.retrieval.Retriever` does."""

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        filters: Filters | None = None,
        limit: int | None = None,
        rerank: bool | None = None,
        expand: bool | None = None,
    ) -> SearchResult:
        """The passages that fit a question best, best first."""


class Answerer:
    """Answers questions from one library."""

    def __init__(self, retriever: Searcher, generators: Generators, settings: Settings) -> None:
        self._retriever = retriever
        self._generators = generators
        self._settings = settings

    def ask(self, request: Request) -> Steps:
        """Answer a question step by step; closing the iterator stops the generation.

        Yields:
            `passages` first, then `token` and `sentence` as the answer is written, `answer` last.

        Raises:
            InputError: the question is empty or too long.
            ProviderError: the generator failed.
        """
        started = perf_counter()
        check_provider(request.provider)
        question = self._standalone(request)
        found = self._retriever.search(
            question,
            collection=request.collection,
            filters=request.filters,
            limit=request.passages or self._settings.passages,
            rerank=self._settings.rerank_ask,
            # A question for which another generator was chosen is not shown to the settings' one.
            expand=None if request.provider in (None, self._settings.llm) else False,
        )
        timings = dict(found.timings_ms)
        draft = Draft(request.question, question, found.language, found.passages, started, timings=timings)
        yield Event("passages", [asdict(passage) for passage in found.passages])
        evidence = gather_evidence(found.passages, found.encoder)
        cosines = sentence_cosines(found.question_vector, found.language_offsets, evidence)
        background = found.encoder.background(found.question_vector)
        likely = answerability(question, found.language, evidence, cosines, background)
        draft.details["best_evidence"] = round(float(cosines.max(initial=0.0)), 4)
        draft.details["answerable"] = round(likely, 4)
        if likely < HOPELESS:
            yield Event("answer", draft.refusal("weak evidence").to_json())
            return
        draft.generator = generator = self._generators.get(request.provider, request.model)
        scores = sentence_scores(question, cosines, evidence)
        packed = pack(evidence, scores, generator.prompt_budget, generator.count_tokens)
        prompt = build_prompt(question, found.language, evidence, packed)
        if not self._is_worth_writing(draft, likely, prompt):
            draft.generator = None
            yield Event("answer", draft.refusal("weak evidence").to_json())
            return
        grounder = Grounder(evidence, found.encoder, found.language, question)
        yield from self._write(draft, prompt, grounder, request)
        yield from self._finish(draft, prompt, grounder, request)

    def answer(self, request: Request) -> dict[str, Any]:
        """The finished answer's JSON."""
        *_steps, last = self.ask(request)
        finished: dict[str, Any] = last.data
        return finished

    def _standalone(self, request: Request) -> str:
        if not request.history:
            return request.question
        generator = self._generators.get(request.provider, request.model)
        return standalone_question(request.question, request.history, generator)

    def warm_up(self, language: str) -> None:
        """Let the built-in model start and read what all prompts in a language begin with; else nothing.

        Raises:
            ProviderError: it cannot be started.
        """
        generator = self._generators.get()
        if isinstance(generator, LlamaServerGenerator):
            generator.warm_up(fixed_messages(language))

    def _is_worth_writing(self, draft: Draft, likely: float, prompt: Prompt) -> bool:
        """Whether the answer is likely to be there, by the scores and, where they leave it open, a look."""
        generator = draft.generator
        assert generator is not None
        if is_open(likely):
            looking = perf_counter()
            looked = second_look(likely, prompt, generator)
            if looked is None and not isinstance(generator, ExtractiveGenerator):
                return True  # it will refuse by itself what the excerpts do not say
            if looked is not None:
                likely = looked
                draft.details |= {"answerable": round(likely, 4), "look_ms": milliseconds(looking)}
        return likely >= self._settings.refusal_threshold

    def _write(self, draft: Draft, prompt: Prompt, grounder: Grounder, request: Request) -> Iterator[Event]:
        """Let the generator write, each sentence checked as soon as it ends."""
        generator = draft.generator
        assert generator is not None
        transcript = Transcript()
        generating = perf_counter()
        stream = generator.stream(prompt, request.sampling or default_sampling(self._settings))
        try:
            for piece in stream:
                draft.timings.setdefault("first_token", milliseconds(draft.started))
                yield from _advance(draft, grounder, *transcript.feed(piece))
                if transcript.refused:
                    break
            yield from _advance(draft, grounder, *transcript.finish())
        finally:
            stream.close()
            if request.explain:
                draft.details["prompt"] = "\n\n".join(one.content for one in prompt.messages)
                draft.details["draft"] = transcript.text
        draft.timings["generate"] = milliseconds(generating) - draft.timings["ground"]
        draft.details |= {
            "prompt_tokens": stream.record.prompt_tokens,
            "answer_tokens": stream.record.answer_tokens,
            "cut_short": stream.record.cut_short,
            "prompt_budget": generator.prompt_budget,
            "evidence_sentences": len(prompt.evidence),
        }

    def _finish(self, draft: Draft, prompt: Prompt, grounder: Grounder, request: Request) -> Iterator[Event]:
        """What is left of the draft; where nothing is, the documents' own words or a refusal."""
        strict = self._settings.strict if request.strict is None else request.strict
        assert draft.generator is not None
        written = [verdict.sentence for verdict in draft.verdicts]
        nothing = all(one.status == "unsupported" for one in written)
        small = draft.generator.prompt_budget <= SMALL_BUDGET
        reason, quotes = own_words(written, grounder.citations, prompt, small=small)
        # A few words that the evidence has point at what they are from; else the scores must speak for it.
        unlikely = reason != "fragment" and draft.details["answerable"] < self._settings.quote_threshold
        if nothing and unlikely:
            why = "no passage supports the answer" if written else "the generator refused"
            yield Event("answer", draft.refusal(why).to_json())
            return
        if quotes:
            draft.details["quoted"] = reason
            if nothing:
                draft.verdicts.clear()
            yield from _quote(draft, grounder, quotes)
        sentences = [verdict.sentence for verdict in draft.verdicts]
        if strict:
            sentences = [one for one in sentences if one.status != "unsupported"]
        if not sentences:
            yield Event("answer", draft.refusal("no passage supports the answer").to_json())
            return
        yield Event("answer", draft.answer(sentences, grounder.citations).to_json())


def _advance(draft: Draft, grounder: Grounder, shown: str, sentences: Sequence[str]) -> Iterator[Event]:
    if shown:
        yield Event("token", {"text": shown})
    grounding = perf_counter()
    for text in sentences:
        yield draft.note(grounder.check(text))
    draft.timings["ground"] = draft.timings.get("ground", 0) + milliseconds(grounding)


def _quote(draft: Draft, grounder: Grounder, quotes: Sequence[str]) -> Iterator[Event]:
    """Go on with sentences of the documents, word for word."""
    for quote in quotes:
        text = " ".join(quote.split())
        yield from _advance(draft, grounder, f" {text}", [text])


def default_sampling(settings: Settings) -> Sampling:
    """The sampling parameters of the settings."""
    return Sampling(
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        max_tokens=settings.max_tokens,
        repetition_penalty=settings.repetition_penalty,
        seed=settings.seed,
    )
