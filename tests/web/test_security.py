"""Who may send requests: the Host header, the origin, and the headers of every response."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from web.security import HEADERS, SecurityMiddleware


def answer(request: Request) -> Response:
    return PlainTextResponse("fine")


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = Starlette(routes=[Route("/", answer, methods=["GET", "POST", "DELETE"])])
    return TestClient(
        SecurityMiddleware(app, allowed_hosts=["cita.example"]), base_url="http://127.0.0.1:8000"
    )


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "[::1]:8000", "192.168.1.5", "Cita.Example:80"]
)
def test_own_names_and_addresses_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::1"]
)
def test_a_name_that_was_made_to_point_here_is_refused(client: TestClient, host: str) -> None:
    response = client.get("/", headers={"Host": host})
    assert response.status_code == 403
    assert "does not answer to the name" in response.json()["error"]["message"]


BROWSER = "Mozilla/5.0 (an old one, that says nothing of where a request comes from)"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"User-Agent": BROWSER, "Content-Type": "application/x-www-form-urlencoded"},
        {"User-Agent": BROWSER, "Content-Type": "text/plain; charset=utf-8"},
        {"User-Agent": BROWSER, "Content-Type": "multipart/form-data; boundary=x"},
        {"User-Agent": "", "Content-Type": "multipart/form-data; boundary=x", "Origin": "null"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_request_from_another_site_changes_nothing(
    client: TestClient, headers: dict[str, str], method: str
) -> None:
    assert client.request(method, "/", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"},
        {"Origin": "http://127.0.0.1:8000", "Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json"},
        {"User-Agent": "curl/8.5.0", "Content-Type": "multipart/form-data; boundary=x"},
        {},
    ],
)
def test_own_pages_and_programs_may_post(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/", headers=headers).status_code == 200


def test_every_response_carries_the_headers(client: TestClient) -> None:
    for response in (
        client.get("/"),
        client.get("/nothing"),
        client.get("/", headers={"Host": "evil.example"}),
    ):
        for name, value in HEADERS.items():
            assert response.headers[name] == value
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
