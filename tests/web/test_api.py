"""The JSON API over a real core: shapes that other tools rely on, and one sentence for each refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

QUESTION = "¿Qué es la atención?"


def ask(client: TestClient, **fields: Any) -> Any:
    return client.post("/api/ask", json={"question": QUESTION} | fields)


def message(response: Any) -> str:
    sentence = str(response.json()["error"]["message"])
    assert sentence.endswith((".", "…"))
    assert "\n" not in sentence
    return sentence


def events(client: TestClient, question: str) -> list[tuple[str, Any]]:
    response = client.post("/api/ask", json={"question": question}, headers={"Accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    pairs = [event.split("\n", 1) for event in response.text.strip().split("\n\n")]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in pairs]


def test_an_answer_has_the_agreed_shape_and_verbatim_quotes(client: TestClient) -> None:
    answer = ask(client).json()
    assert set(answer) >= {
        "question", "answer", "refused", "language", "sentences", "citations", "passages", "generator",
        "timings_ms",
    }  # fmt: skip
    assert answer["refused"] is False
    assert answer["language"] == "es"
    assert {"embed", "retrieve", "first_token", "generate", "ground", "total"} <= set(answer["timings_ms"])
    assert answer["sentences"][0]["status"] == "supported"
    numbers = {citation["number"] for citation in answer["citations"]}
    assert {number for sentence in answer["sentences"] for number in sentence["citations"]} <= numbers
    for cited in [*answer["citations"], *answer["passages"]]:
        text = client.get(f"/api/documents/{cited['document_id']}").json()["text"]
        assert text[cited["start"] : cited["end"]] == cited.get("quote", cited.get("text"))


def test_the_stream_ends_with_the_same_answer(client: TestClient) -> None:
    stream = events(client, QUESTION)
    kinds = [kind for kind, _ in stream]
    assert kinds[0] == "passages"
    assert kinds[-1] == "answer"
    assert {"token", "sentence"} <= set(kinds)
    whole = ask(client).json()
    streamed = stream[-1][1]
    for field in ("answer", "sentences", "citations", "passages"):
        assert streamed[field] == whole[field]


def test_a_question_far_from_the_documents_is_refused_with_the_nearest_passages(client: TestClient) -> None:
    answer = ask(client, question="How do I bake sourdough bread with rye?").json()
    assert answer["refused"] is True
    assert answer["citations"] == []
    assert answer["passages"]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"question": ""}, "empty"),
        ({"question": "   "}, "empty"),
        ({"question": "a" * 100_000}, "100,000 characters"),
        ({}, "“question” is missing"),
        ({"question": "a", "temprature": 1}, "no field “temprature”; the fields are question"),
        ({"question": "a", "temperature": 3}, "“temperature” cannot be used"),
        ({"question": "a", "passages": 0}, "“passages” cannot be used"),
        ({"question": "a", "provider": "nobody"}, "“provider” cannot be used"),
        ({"question": 7}, "“question” cannot be used"),
    ],
)
def test_a_bad_question_gets_one_sentence(client: TestClient, body: dict[str, Any], part: str) -> None:
    for accept in ("application/json", "text/event-stream"):
        response = client.post("/api/ask", json=body, headers={"Accept": accept})
        assert response.status_code == 422
        assert part in message(response)


def test_a_body_that_is_no_json_gets_one_sentence(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    assert "not valid JSON" in message(client.post("/api/ask", content="{", headers=headers))
    assert "no body" in message(client.post("/api/ask"))


def test_a_body_beyond_all_measure_is_refused(client: TestClient) -> None:
    response = ask(client, question="a" * 2_000_000)
    assert response.status_code == 413
    assert message(response)


def test_search_returns_passages_with_their_place(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": "atención", "limit": 3}).json()
    assert found["query"] == "atención"
    assert 0 < len(found["results"]) <= 3
    assert {"document_id", "title", "page", "score", "start", "end", "text"} <= set(found["results"][0])
    assert found["timings_ms"]


@pytest.mark.parametrize(
    "query", [{}, {"q": ""}, {"q": "a" * 9000}, {"q": "a", "limit": 0}, {"q": "a", "mode": "x"}]
)
def test_a_bad_search_gets_one_sentence(client: TestClient, query: dict[str, Any]) -> None:
    response = client.get("/api/search", params=query)
    assert response.status_code == 422
    message(response)


def test_a_search_is_filtered_by_parameters_and_in_the_query(client: TestClient) -> None:
    for query in ({"q": "atención", "path": "*.pdf"}, {"q": "atención path:*.pdf"}):
        results = client.get("/api/search", params=query).json()["results"]
        assert results
        assert all(one["source"].endswith(".pdf") for one in results)
    assert client.get("/api/search", params={"q": "attention", "language": ["en", "fr"]}).json()["results"]
    response = client.get("/api/search", params={"q": "atención", "date": "yesterday"})
    assert response.status_code == 422
    assert "yesterday" in message(response)


def test_an_answer_keeps_to_the_documents_that_the_filters_leave(client: TestClient) -> None:
    answer = ask(client, filters={"documents": ["bm25-and-lexical-search"]}).json()
    assert {one["source"].rsplit("/", 1)[-1] for one in answer["passages"]} == {"bm25-and-lexical-search.md"}
    assert ask(client, filters={"colour": ["red"]}).status_code == 422


def test_a_search_says_why_and_can_be_reranked(client: TestClient) -> None:
    plain = client.get("/api/search", params={"q": QUESTION}).json()["results"]
    again = client.get("/api/search", params={"q": QUESTION, "rerank": True}).json()["results"]
    assert {"cosine", "lexical", "bm25", "fused", "words"} <= set(plain[0])
    assert plain[0]["score"] == plain[0]["fused"]
    assert not any(one["reranked"] for one in plain)
    assert again[0]["reranked"]
    assert [one["score"] for one in again] == sorted((one["score"] for one in again), reverse=True)


def test_documents_are_listed_a_stretch_at_a_time(client: TestClient) -> None:
    listed = client.get("/api/documents", params={"limit": 2, "sort": "-size"}).json()
    assert len(listed["documents"]) == 2
    assert listed["total"] > 2
    assert listed["documents"][0]["size"] >= listed["documents"][1]["size"]
    after = client.get("/api/documents", params={"limit": 2, "offset": 2, "sort": "-size"}).json()
    assert not {d["id"] for d in listed["documents"]} & {d["id"] for d in after["documents"]}
    none = client.get("/api/documents", params={"filter": "no-document-is-called-this"}).json()
    assert none == {"documents": [], "total": 0}


def test_a_document_comes_with_its_text_and_map(client: TestClient) -> None:
    first = client.get("/api/documents", params={"limit": 1}).json()["documents"][0]
    document = client.get(f"/api/documents/{first['id']}").json()
    assert document["characters"] == len(document["text"])
    assert document["blocks"]
    for block in document["blocks"]:
        assert document["text"][block["start"] : block["end"]].strip()


def test_the_original_is_a_download_and_never_a_page(client: TestClient) -> None:
    first = client.get("/api/documents", params={"limit": 1}).json()["documents"][0]
    response = client.get(f"/api/documents/{first['id']}/original")
    assert len(response.content) == first["size"]
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("path", ["", "/original"])
def test_a_document_that_is_not_there_is_said_to_be_missing(client: TestClient, path: str) -> None:
    response = client.get(f"/api/documents/nothing{path}")
    assert response.status_code == 404
    assert "nothing" in message(response)


def test_removing_what_is_not_there_is_refused(client: TestClient) -> None:
    assert client.delete("/api/documents/nothing").status_code == 404


def test_the_state_is_told(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ready"
    state = client.get("/api/status").json()
    assert state["library"]["documents"] > 0
    assert state["leaves_the_machine"] == "nothing"
    models = client.get("/api/models").json()
    assert models["embedding_model"]["name"]
    assert [one for one in models["generators"] if one["available"]]


def test_an_unknown_address_and_method_get_one_sentence(client: TestClient) -> None:
    assert client.get("/api/nothing").status_code == 404
    assert "nothing at this address" in message(client.get("/api/nothing"))
    response = client.put("/api/ask", json={})
    assert response.status_code == 405
    message(response)


def test_the_description_for_machines_has_examples(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert schema["components"]["schemas"]["AskRequest"]["examples"][0]["question"]
    assert "/api/documents/{document_id}" in schema["paths"]
    assert not [path for path in schema["paths"] if path.startswith(("/static", "/fragments"))]
