"""What `cita status` says of the machine's borders."""

from dataclasses import replace

import pytest

from rag.core import Core
from rag.status import status


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "nothing"),
        ({"llm": "openai", "openai_api_key": "x"}, "go to OpenAI"),
        ({"llm": "ollama", "ollama_url": "http://big.example:11434"}, "http://big.example:11434"),
        ({"llm": "ollama"}, "nothing"),
    ],
)
def test_what_leaves_the_machine_is_said(core: Core, given: dict[str, str], said: str) -> None:
    settings = core.settings.model_copy(update=given)
    assert said in status(replace(core, settings=settings))["leaves_the_machine"]
