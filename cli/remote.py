"""A session through the server that holds the data folder, over HTTP on this machine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from cli.searching import SearchOptions
from ingest.outcomes import OnProgress, Outcome, Progress, Report
from ingest.pipeline import IngestOptions
from ingest.reembedding import OnStep
from ingest.sources import GivenSource
from ingest.urls import is_url
from rag.answer import Event
from rag.answering import Request
from rag.errors import CitaError, InputError, NotFoundError, ProviderError, StoreError
from rag.lock import TOKEN_HEADER, Owner

MOST_AT_ONCE = 500
KINDS: dict[int, type[CitaError]] = {404: NotFoundError, 409: StoreError, 422: InputError, 502: ProviderError}


class RemoteSession:
    """Speaks to a running server; what it refuses is raised as the error it was there."""

    def __init__(self, owner: Owner) -> None:
        self._http = httpx.Client(
            base_url=owner.url or "", headers={TOKEN_HEADER: owner.token}, timeout=None, trust_env=False
        )

    def __enter__(self) -> RemoteSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(self, request: Request) -> Iterator[Event]:
        body = {key: value for key, value in asdict(request).items() if value is not None}
        sampling = body.pop("sampling", None) or {}
        body |= {key: value for key, value in sampling.items() if value is not None}
        if request.filters:
            body["filters"] = request.filters.values()
        for kind, data in self._events("/api/ask", body):
            if kind == "error":
                raise ProviderError(data["message"])
            yield Event(kind, data)  # type: ignore[arg-type]

    def search(self, query: str, options: SearchOptions) -> dict[str, Any]:
        # A filter's parameter is called as one of its values: documents, but document=…
        filters = {name.removesuffix("s"): values for name, values in options.filters.values().items()}
        return self._get(
            "/api/search",
            q=query,
            collection=options.collection,
            limit=options.limit,
            mode=options.mode,
            rerank=options.rerank,
            **filters,
        )

    def documents(self, collection: str | None, offset: int, limit: int) -> dict[str, Any]:
        """The server gives so many at once; more are asked for again."""
        found: dict[str, Any] = {"documents": [], "total": 0}
        while limit > 0:
            most = min(limit, MOST_AT_ONCE)
            part = self._get("/api/documents", collection=collection, offset=offset, limit=most)
            found = {"documents": found["documents"] + part["documents"], "total": part["total"]}
            if len(part["documents"]) < most:
                break
            offset, limit = offset + most, limit - most
        return found

    def remove(self, document_id: str) -> None:
        with self._translated():
            _raise_for(self._http.delete(f"/api/documents/{document_id}"))

    def ingest(
        self,
        wanted: Sequence[str | GivenSource],
        collection: str | None,
        on_progress: OnProgress,
        options: IngestOptions,
    ) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as scratch:
            given = _spooled(wanted, Path(scratch))
            paths = [
                one if is_url(one) else str(Path(one).absolute()) for one in wanted if isinstance(one, str)
            ]
            body = {"paths": paths, "given": given, "collection": collection, **asdict(options)}
            job = self._send("POST", "/api/ingest", body).json()
        try:
            return self._followed(job["id"], on_progress, options.dry_run)
        except BaseException:
            self._send("POST", f"/api/jobs/{job['id']}/cancel")
            raise

    def _followed(self, job_id: str, on_progress: OnProgress, dry_run: bool) -> dict[str, Any]:
        """Tell of a job until it is over; gives its report."""
        progress = Progress("finding", 0, 0)
        report = Report(dry_run=dry_run)
        for kind, data in self._events(f"/api/jobs/{job_id}/events"):
            if kind == "outcome":
                report.outcomes.append(Outcome(**data))
                done = len(report.outcomes)
                progress = replace(progress, files_done=done, outcome=report.outcomes[-1])
                on_progress(progress)
            elif kind == "progress" and "stage" in data:
                progress = Progress(
                    **{one.name: data[one.name] for one in fields(Progress) if one.name in data}
                )
                on_progress(progress)
            elif kind == "job":
                if data["state"] == "failed":
                    raise StoreError(data["error"])
                report.seconds, report.cancelled = data["seconds"], data["state"] == "cancelled"
        return report.to_json()

    def change_model(self, model: str, on_step: OnStep) -> dict[str, Any]:
        """Have the server go on with another embedding model; gives the report of the change.

        Raises:
            StoreError: it could not; it goes on with the one before.
        """
        for kind, data in self._events("/api/embedding-model", {"model": model}):
            if kind == "progress":
                on_step(data["what"], data["done"], data["total"])
            elif kind == "error":
                raise StoreError(data["message"])
            elif kind == "changed":
                return dict(data)
        raise StoreError("The server ended the change unexpectedly; its log says why. Run the command again.")

    def status(self) -> dict[str, Any]:
        return self._get("/api/status")

    def conversations(self, offset: int, limit: int) -> dict[str, Any]:
        return self._get("/api/conversations", offset=offset, limit=limit)

    def start_conversation(self, title: str) -> dict[str, Any]:
        started: dict[str, Any] = self._send("POST", "/api/conversations", {"title": title}).json()
        return started

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        self._send("PATCH", _conversation(conversation_id), {"title": title})

    def delete_conversation(self, conversation_id: str) -> None:
        self._send("DELETE", _conversation(conversation_id))

    def export_conversation(self, conversation_id: str, form: str) -> str:
        return self._send("GET", f"{_conversation(conversation_id)}/export?format={form}").text

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        with self._translated():
            response = self._http.request(method, path, json=body)
            _raise_for(response)
            return response

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        given = {key: value for key, value in parameters.items() if value is not None}
        with self._translated():
            response = self._http.get(path, params=given)
            _raise_for(response)
            found: dict[str, Any] = response.json()
        return found

    def _events(self, path: str, body: dict[str, Any] | None = None) -> Iterator[tuple[str, Any]]:
        """The events that are posted for, or got where there is nothing to post."""
        accept = {"Accept": "text/event-stream"}
        method = "GET" if body is None else "POST"
        with self._translated(), self._http.stream(method, path, json=body, headers=accept) as response:
            if response.is_error:
                response.read()
                _raise_for(response)
            kind = ""
            for line in response.iter_lines():
                field, _colon, value = line.partition(": ")
                if field == "event":
                    kind = value
                elif field == "data":
                    yield kind, json.loads(value)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise StoreError(
                f"The server at {self._http.base_url} that holds the data folder did not answer ({error}); "
                "restart it, or stop it and run the command again."
            ) from error


def _conversation(conversation_id: str) -> str:
    return f"/api/conversations/{quote(conversation_id, safe='')}"


def _spooled(wanted: Sequence[str | GivenSource], scratch: Path) -> dict[str, str]:
    """What was given, in files for the server to read: names with their paths."""
    files: dict[str, str] = {}
    for number, one in enumerate(wanted):
        if isinstance(one, GivenSource):
            path = scratch / str(number)
            path.write_bytes(one.data)
            files[one.name] = str(path)
    return files


def _raise_for(response: httpx.Response) -> None:
    if not response.is_error:
        return
    try:
        message = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"The server answered {response.status_code}."
    raise KINDS.get(response.status_code, CitaError)(message)
