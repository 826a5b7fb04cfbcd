"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.settings import load_settings


def test_environment_beats_files_and_arguments_beat_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cita.toml").write_text('port = 1001\nhost = "127.0.0.2"\nllm = "ollama"\n')
    (tmp_path / ".env").write_text("CITA_PORT=1002\nCITA_HOST=127.0.0.3\n")
    monkeypatch.setenv("CITA_PORT", "1003")
    settings = load_settings()
    assert (settings.port, settings.host, settings.llm) == (1003, "127.0.0.3", "ollama")
    assert load_settings(port=1004).port == 1004


@pytest.mark.parametrize("place", ["environment", ".env", "cita.toml"])
def test_unknown_setting_is_named(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if place == "environment":
        monkeypatch.setenv("CITA_PROT", "8000")
    elif place == ".env":
        (tmp_path / ".env").write_text("CITA_PROT=8000\n")
    else:
        (tmp_path / "cita.toml").write_text("prot = 8000\n")
    with pytest.raises(SettingsError, match="There is no setting CITA_PROT;"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"), [("CITA_PORT", "70000"), ("CITA_LLM", "gpt"), ("CITA_COLLECTION", "Mine!")]
)
def test_unusable_value_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_broken_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cita.toml").write_text("port = = 1")
    with pytest.raises(SettingsError, match=r"cita\.toml cannot be read"):
        load_settings()
