"""Past evaluation reports: listed, and each shown in a frame in which nothing of it can reach the page."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from rag.core import Core
from rag.errors import NotFoundError
from web.examples import SAMPLES
from web.rendering import Renderer

FOLDER = "reports"
"""Below the data folder; every report is one HTML file without anything beside it."""
_STYLE = re.compile(rb"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_HEAD_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report on the disk."""

    name: str
    title: str
    written_at: str
    """ISO 8601."""


def list_reports(folder: Path) -> list[ReportFile]:
    """The reports in a folder, the newest first."""
    files = [path for path in folder.glob("*.html") if path.is_file()] if folder.is_dir() else []
    files.sort(key=lambda path: (-path.stat().st_mtime, path.name))
    return [_report(path) for path in files]


def _report(path: Path) -> ReportFile:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", errors="replace")
    title = _TITLE.search(head)
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
    return ReportFile(path.name, html.unescape(title.group(1)).strip() if title else path.stem, moment)


def report_policy(content: bytes) -> str:
    """A policy under which a report shows with its own style sheets and pictures and does nothing else."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(style).digest()).decode()}'"
        for style in _STYLE.findall(content)
    )
    styles = hashes or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
    )


def report_router(core: Core, renderer: Renderer) -> APIRouter:
    """`/evaluation` and the reports."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    folder = core.settings.data_dir / FOLDER

    def known(name: str) -> ReportFile:
        # Looked up in the list: no name from outside ever becomes a path.
        for report in list_reports(folder):
            if report.name == name:
                return report
        raise NotFoundError(f"There is no report {name}; /evaluation lists those there are.")

    @router.get("/evaluation")
    def reports(request: Request) -> Response:
        return renderer.page(
            request, "evaluation/list.html", reports=list_reports(folder), samples=SAMPLES.is_dir()
        )

    @router.get("/evaluation/{name}")
    def report(request: Request, name: str) -> Response:
        return renderer.page(request, "evaluation/report.html", report=known(name))

    @router.get("/evaluation/{name}/file")
    def file(name: str) -> Response:
        content = (folder / known(name).name).read_bytes()
        headers = {"Content-Security-Policy": report_policy(content), "X-Frame-Options": "SAMEORIGIN"}
        return HTMLResponse(content, headers=headers)

    return router
