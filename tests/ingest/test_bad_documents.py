"""Documents that are broken, hostile or not documents: each ends in bounded time with its outcome."""

import json
import resource
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.loading import SUPPORTED, load
from rag.errors import UnreadableError
from tests.ingest.bad_documents import READ, REFUSED, real_pdf, real_spreadsheet, real_word

SECONDS = 60
MEGABYTES = 2500


@pytest.fixture(autouse=True)
def _within_bounds() -> object:
    spent, held, peak = time.process_time(), megabytes("VmRSS"), megabytes("VmHWM")
    yield
    assert time.process_time() - spent < SECONDS
    # What other tests took before is none of this one's.
    assert megabytes("VmHWM") == peak or megabytes("VmHWM") - held < MEGABYTES


def megabytes(field: str) -> float:
    """Memory of this process: `VmRSS` what it holds, `VmHWM` the most that it ever did."""
    status = Path("/proc/self/status")
    if not status.is_file():  # other systems tell only the most
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(one for one in status.read_text(encoding="utf-8").splitlines() if one.startswith(field))
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize("case", REFUSED)
def test_is_refused_with_a_sentence(case: str) -> None:
    name, make, said = REFUSED[case]
    with pytest.raises(UnreadableError) as raised:
        load(make(), name)
    message = str(raised.value)
    assert said in message
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize("case", READ)
def test_is_read_all_the_same(case: str) -> None:
    name, make = READ[case]
    document = load(make(), name)
    assert document.text
    assert document.title
    document.text.encode()


def test_names_of_what_is_read() -> None:
    assert SUPPORTED[".docx"] == "Word"
    assert all(mark.startswith(".") and mark == mark.lower() for mark in SUPPORTED)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", *sorted(SUPPORTED)]))
def test_any_bytes_are_read_or_refused(data: bytes, extension: str) -> None:
    try:
        document = load(data, "file" + extension)
    except UnreadableError:
        return
    document.text.encode()


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=400), st.sampled_from([".md", ".rst", ".txt", ".html", ".csv", ".json", ".py", ".eml"])
)
def test_any_text_is_read_or_refused(text: str, extension: str) -> None:
    try:
        document = load(text.encode(errors="surrogatepass"), "file" + extension)
    except UnreadableError:
        return
    for block in document.blocks:
        assert document.text[block.start : block.end].strip()


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([real_pdf(), real_word(), real_spreadsheet(), json.dumps({"a": ["b"]}).encode()]),
    st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 255)), max_size=30),
    st.integers(0, 60_000),
)
def test_damaged_files_are_read_or_refused(data: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    try:
        load(bytes(damaged[: max(len(damaged) - cut, 10)]), "file")
    except UnreadableError:
        return
