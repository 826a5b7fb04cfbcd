"""The library: its documents listed, filtered, selected; removed, with a way back."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from ingest.job_records import OVER
from ingest.jobs import Jobs
from rag.core import Core
from rag.errors import InputError, NotFoundError
from rag.settings import COLLECTION_PATTERN
from web.api import CollectionQuery
from web.document_states import document_states, readable_again
from web.examples import SAMPLES
from web.job_pages import shown_jobs
from web.languages import choose_language
from web.listing import Sort, list_documents
from web.removal import Removals
from web.rendering import Renderer, own_address
from web.uploads import MOST_UPLOAD_BYTES, Upload, submit

# Marks a sentence for translation.
N_ = str
DOCUMENTS_PER_PAGE = 50
PATIENCE_SECONDS = 5.0
"""How long a form waits for documents that are read again; what takes longer is told of as it goes."""
Chosen = Annotated[list[str], Form(default_factory=list)]
Next = Annotated[str, Form()]
Offset = Annotated[int, Query(ge=0)]
Text = Annotated[str, Query(max_length=200)]
JobIds = Annotated[str, Query(max_length=4000)]
"""One job for each collection, joined by commas."""


def library_router(core: Core, renderer: Renderer, removals: Removals, jobs: Jobs) -> APIRouter:
    """The list of documents and what can be done with those that were chosen."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    _add_list(router, core, renderer, removals, jobs)
    _add_taking_in(router, core, renderer, jobs)
    _add_removing(router, removals)
    return router


def _add_list(router: APIRouter, core: Core, renderer: Renderer, removals: Removals, jobs: Jobs) -> None:
    catalogue = core.library.catalogue

    def listed(collection: str | None, offset: int, sort: Sort, filter: str) -> dict[str, Any]:
        total = catalogue.count_documents(collection, filter)
        offset = min(offset, max(total - 1, 0) // DOCUMENTS_PER_PAGE * DOCUMENTS_PER_PAGE)
        documents = list_documents(core, collection, offset, DOCUMENTS_PER_PAGE, sort, filter)
        return {
            "documents": documents,
            "states": document_states(catalogue, documents),
            "total": total,
            "library_total": catalogue.count_documents(),
            "offset": offset,
            "per_page": DOCUMENTS_PER_PAGE,
            "sort": sort,
            "filter": filter,
            "collection": collection,
            "collections": catalogue.collections(),
            "collection_pattern": COLLECTION_PATTERN,
            "settings": core.settings,
            "most_upload_bytes": MOST_UPLOAD_BYTES,
        }

    @router.get("/documents")
    def documents(
        request: Request,
        offset: Offset = 0,
        sort: Sort = "title",
        filter: Text = "",
        collection: CollectionQuery = None,
        removed: Text = "",
        restored: Offset = 0,
        again: JobIds = "",
    ) -> Response:
        context = listed(collection or None, offset, sort, filter)
        context |= {"removed": removed, "restored": restored, "removed_titles": removals.titles(removed)}
        # The list's own address, without what was just done: actions lead back to it.
        context["here"] = _address(sort, filter, collection, offset)
        context["jobs"] = shown_jobs(jobs)
        context["again"] = _read_again(jobs, again)
        context["added"] = ("/documents?sort=-ingested_at", N_("Show them in the list"))
        return renderer.page(request, "documents/list.html", **context)


def _add_taking_in(router: APIRouter, core: Core, renderer: Renderer, jobs: Jobs) -> None:
    @router.post("/documents/add")
    def add(
        request: Request,
        files: Annotated[list[UploadFile], File()],
        path: Annotated[list[str] | None, Form()] = None,
        collection: Annotated[str | None, Form(pattern=COLLECTION_PATTERN)] = None,
    ) -> Response:
        """All files at once, and then what became of them: for the script as JSON, else as a page."""
        names = path if path and len(path) == len(files) else [file.filename or "" for file in files]
        sent = [Upload(name, file.file) for name, file in zip(names, files, strict=True)]
        report = jobs.wait(submit(jobs, sent, collection).id)
        if "application/json" not in request.headers.get("accept", ""):
            return renderer.page(request, "documents/added.html", report=report, here="/documents")
        language = choose_language(request)
        outcomes = [one | {"message": renderer.said(language, one["message"])} for one in report["outcomes"]]
        return JSONResponse({"outcomes": outcomes})

    @router.post("/documents/samples")
    def samples() -> Response:
        if not SAMPLES.is_dir():
            raise NotFoundError("The sample documents are not here: they come with Cita's sources.")
        jobs.wait_a_while([jobs.submit([SAMPLES]).id], PATIENCE_SECONDS)
        return RedirectResponse("/documents", 303)

    @router.post("/documents/again")
    def again(id: Chosen, next: Next = "/documents") -> Response:
        if not id:
            raise InputError("No document was chosen; tick those that are meant.")
        wanted = readable_again(core.library.catalogue, id)
        if not wanted:
            raise InputError(
                "What was sent to Cita has no file that could be read again; "
                "send the new version under the same name, and it takes the old one's place."
            )
        begun = [jobs.submit(names, collection).id for collection, names in wanted.items()]
        jobs.wait_a_while(begun, PATIENCE_SECONDS)
        return _back(next, again=",".join(begun))


def _add_removing(router: APIRouter, removals: Removals) -> None:
    @router.post("/documents/remove")
    def remove(id: Chosen, next: Next = "/documents") -> Response:
        if not id:
            raise InputError("No document was chosen; tick those that are meant.")
        return _back(next, removed=removals.remove(id))

    @router.post("/documents/restore")
    def restore(token: Annotated[str, Form()], next: Next = "/documents") -> Response:
        return _back(next, restored=str(removals.undo(token)))


def _read_again(jobs: Jobs, job_ids: str) -> dict[str, Any] | None:
    """What became of documents that were read again: whether all of it is over, counts, what ended early."""
    if not job_ids:
        return None
    try:
        read = [jobs.job(job_id, limit=0) for job_id in job_ids.split(",")]
    except NotFoundError:
        return None
    counts: Counter[str] = Counter()
    for job in read:
        counts.update(job["counts"])
    return {
        "counts": counts,
        "over": all(job["state"] in OVER for job in read),
        "errors": list(dict.fromkeys(job["error"] for job in read if job["state"] == "failed")),
        "cancelled": any(job["state"] == "cancelled" for job in read),
    }


def _address(sort: str, filter: str, collection: str | None, offset: int) -> str:
    values = {"sort": sort if sort != "title" else "", "filter": filter, "collection": collection or ""}
    return _with("/documents", **values, offset=str(offset or ""))


def _back(address: str, **query: str) -> Response:
    return RedirectResponse(_with(own_address(address), **query), 303)


def _with(address: str, **query: str) -> str:
    given = urlencode({name: value for name, value in query.items() if value})
    if not given:
        return address
    return f"{address}{'&' if '?' in address else '?'}{given}"
