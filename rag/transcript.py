"""An answer as it arrives: pieces in, text to show and whole sentences out."""

from __future__ import annotations

from rag.refusal import is_refusal, may_become_refusal
from rag.sentences import split_sentences


class Transcript:
    """Collects the pieces of one answer.

    The first words are held back while they may still turn out to be the model's refusal, so that a
    refusal is never shown as the beginning of an answer.
    """

    def __init__(self) -> None:
        self.text = ""
        self._shown = 0
        self._checked = 0

    @property
    def refused(self) -> bool:
        """Whether the generator said that the evidence does not hold the answer."""
        return is_refusal(self.text)

    def feed(self, piece: str) -> tuple[str, list[str]]:
        """Add a piece; returns the text that may be shown now and the sentences that it ended."""
        self.text += piece
        if self.refused or may_become_refusal(self.text):
            return "", []
        return self._release(), self._sentences(whole_only=True)

    def finish(self) -> tuple[str, list[str]]:
        """The text not yet shown and the last sentences."""
        if self.refused:
            return "", []
        return self._release(), self._sentences(whole_only=False)

    def _release(self) -> str:
        fresh = self.text[self._shown :]
        self._shown = len(self.text)
        return fresh

    def _sentences(self, *, whole_only: bool) -> list[str]:
        spans = split_sentences(self.text, self._checked)
        if whole_only:
            spans = spans[:-1]  # the last one may go on
        if spans:
            self._checked = spans[-1][1]
        return [self.text[start:end] for start, end in spans]
