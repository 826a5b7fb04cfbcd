"""`cita ask`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.output import CollectionOption, JsonOption, console, place, print_json
from cli.searching import DateOption, DocumentOption, LanguageOption, PathOption, TagOption
from cli.session import open_session
from rag.answering import Request, default_sampling
from rag.query import make_filters
from rag.settings import load_settings

app = typer.Typer()
MARKS = {"supported": "", "re-attributed": "", "unsupported": " [not in the documents]"}


@app.command(help="Answer a question from your documents, each sentence with its source.")
def ask(
    question: Annotated[str, typer.Argument(help="The question, in any language.")],
    collection: CollectionOption = None,
    document: DocumentOption = None,
    path: PathOption = None,
    language: LanguageOption = None,
    date: DateOption = None,
    tag: TagOption = None,
    passages: Annotated[int | None, typer.Option(help="Passages to look at.", min=1, max=50)] = None,
    llm: Annotated[
        str | None, typer.Option(help="ollama, openai, llama-server or extractive; `auto` chooses.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The provider's model.")] = None,
    temperature: Annotated[float | None, typer.Option(help="0 repeats itself; more varies.", min=0)] = None,
    top_p: Annotated[float | None, typer.Option(help="Draw from this share of the probability.")] = None,
    top_k: Annotated[int | None, typer.Option(help="Draw from this many likeliest tokens.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.", min=1)] = None,
    repetition_penalty: Annotated[float | None, typer.Option(help="Above 1: repeat less.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the drawing.")] = None,
    strict: Annotated[bool | None, typer.Option(help="Leave out what no passage supports.")] = None,
    conversation: Annotated[
        str | None, typer.Option(help="Go on with this conversation; `cita conversations` lists them.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    settings = load_settings(
        temperature=temperature, top_p=top_p, top_k=top_k, max_tokens=max_tokens,
        repetition_penalty=repetition_penalty, seed=seed,
    )  # fmt: skip
    request = Request(
        question,
        collection,
        passages,
        provider=llm,
        model=model,
        sampling=default_sampling(settings),
        strict=strict,
        conversation=conversation,
        filters=make_filters(document or (), path or (), language or (), date or (), tag or ()) or None,
    )
    with open_session(settings, quiet=as_json) as session:
        answer: dict[str, Any] = {}
        streamed = False
        for event in session.ask(request):
            if event.kind == "token" and not as_json and console.is_terminal:
                console.print(event.data["text"], end="", markup=False, style="dim")
                streamed = True
            elif event.kind == "answer":
                answer = event.data
    if as_json:
        print_json(answer)
    else:
        console.print("\n" if streamed else "", end="")
        _print_answer(answer)


def _print_answer(answer: dict[str, Any]) -> None:
    if answer["refused"]:
        console.print(answer["answer"], markup=False)
        for passage in answer["passages"][:3]:
            where = place(passage["source"], passage["page"], passage["heading"])
            console.print(f"  nearest: {where}", markup=False, style="dim")
        return
    for sentence in answer["sentences"]:
        marks = "".join(f" [{number}]" for number in sentence["citations"])
        console.print(sentence["text"] + marks + MARKS[sentence["status"]], markup=False)
    console.print()
    for citation in answer["citations"]:
        where = place(citation["source"], citation["page"], citation["heading"])
        console.print(f"[{citation['number']}] {where}", markup=False, style="bold")
        console.print(f"    “{citation['quote']}”", markup=False)
