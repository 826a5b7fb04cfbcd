"""The one place where an error becomes an HTTP answer: one clear sentence, as JSON or as a page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rag.errors import CitaError

logger = logging.getLogger(__name__)

ProblemPage = Callable[[Request, int, str], Response]
"""Renders a problem for a reader: request, HTTP status, sentence."""

# Marks a sentence for translation: JSON carries it as it is, the page in the reader's language.
N_ = str

UNEXPECTED = N_("Something went wrong inside Cita; the server's log has the details.")
_HTTP_SENTENCES = {
    404: N_("There is nothing at this address; check it, or start from the front page."),
    405: N_("This address does not take that kind of request; see /docs for what it takes."),
}


def install_problem_handlers(app: FastAPI) -> None:
    """Make `app` answer every error through this module."""
    app.add_exception_handler(CitaError, _cita_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected_error)


def problem_response(request: Request, status: int, message: str) -> Response:
    """A problem in the form that the client reads: a page for browsers, JSON for everything else."""
    page: ProblemPage | None = getattr(request.scope.get("app"), "state", None) and getattr(
        request.scope["app"].state, "problem_page", None
    )
    if page is not None and wants_page(request):
        return page(request, status, message)
    return JSONResponse({"error": {"message": message}}, status_code=status)


def wants_page(request: Request) -> bool:
    """Whether the client is a browser that asks for a page."""
    is_api = request.url.path.startswith("/api/")
    return not is_api and "text/html" in request.headers.get("accept", "")


def validation_sentence(errors: Sequence[Any], known_fields: Sequence[str] = ()) -> str:
    """One sentence for the first of pydantic's errors."""
    first = errors[0]
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    name = ".".join(place)
    kind = first["type"]
    if kind == "json_invalid":
        return 'The body is not valid JSON; send an object such as {"question": "…"}.'
    if kind == "extra_forbidden":
        known = f"; the fields are {', '.join(known_fields)}" if known_fields else ""
        return f"There is no field “{name}”{known}."
    if kind == "missing" and not name:
        return "The request has no body; send a JSON object with Content-Type: application/json."
    if kind == "missing":
        return f"The field “{name}” is missing."
    if kind == "value_error":
        return str(first["ctx"]["error"])
    message = first["msg"][:1].lower() + first["msg"][1:]
    subject = f"The value of “{name}”" if name else "The request"
    return f"{subject} cannot be used: {message}."


def _cita_error(request: Request, error: Exception) -> Response:
    status = error.http_status if isinstance(error, CitaError) else 500
    return problem_response(request, status, str(error))


def _validation_error(request: Request, error: Exception) -> Response:
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    return problem_response(request, 422, validation_sentence(errors, _known_fields(request)))


def _known_fields(request: Request) -> list[str]:
    """Names of the fields that the route's body may have."""
    body_field = getattr(request.scope.get("route"), "body_field", None)
    model = getattr(getattr(body_field, "field_info", None), "annotation", None)
    return list(getattr(model, "model_fields", {}))


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else UNEXPECTED
    response = problem_response(request, status, _HTTP_SENTENCES.get(status, f"{detail.rstrip('.')}."))
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


def _unexpected_error(request: Request, error: Exception) -> Response:
    logger.error("unexpected error at %s", request.url.path, exc_info=error)
    return problem_response(request, 500, UNEXPECTED)
