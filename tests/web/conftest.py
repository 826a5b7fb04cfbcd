"""A client of the real application over the session's real core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from rag.core import Core
from web.app import create_app


@pytest.fixture(scope="session")
def client(core: Core) -> Iterator[TestClient]:
    with TestClient(create_app(core), base_url="http://127.0.0.1") as client:
        yield client
