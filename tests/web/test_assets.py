"""Static files: small, compressed, kept for ever under a name made from their content."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.requests import Request

from rag.errors import NotFoundError
from web.assets import STATIC_DIRECTORY, Assets

GZIP = Request({"type": "http", "method": "GET", "path": "/", "headers": [(b"accept-encoding", b"gzip")]})
PLAIN = Request({"type": "http", "method": "GET", "path": "/", "headers": []})


def test_a_file_is_kept_for_ever_under_its_version_and_not_under_another() -> None:
    assets = Assets()
    now = assets.response(PLAIN, assets.version, "js/main.js")
    assert "immutable" in now.headers["cache-control"]
    assert now.headers["content-type"].startswith("text/javascript")
    assert assets.response(PLAIN, "000000000000", "js/main.js").headers["cache-control"] == "no-cache"
    assert assets.address("js/main.js") == f"/static/{assets.version}/js/main.js"


def test_a_file_travels_compressed_where_the_browser_takes_it() -> None:
    assets = Assets()
    response = assets.response(GZIP, assets.version, "css/base.css")
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(response.body)) == (STATIC_DIRECTORY / "css" / "base.css").read_bytes()


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    before = Assets(tmp_path).version
    (tmp_path / "a.js").write_text("2")
    assert Assets(tmp_path).version != before


def test_a_file_outside_the_folder_cannot_be_named() -> None:
    assets = Assets()
    for name in ("../app.py", "/etc/passwd", "js/nothing.js"):
        with pytest.raises(NotFoundError):
            assets.response(PLAIN, assets.version, name)


def test_all_files_together_stay_within_the_budget_of_a_page() -> None:
    assets = Assets()
    assert sum(assets.compressed_size(name) for name in assets.names()) < 150_000
