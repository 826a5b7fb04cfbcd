"""Conversations: questions with their answers, kept in SQLite, each conversation by itself.

Every read and write names its conversation; nothing here looks into another one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.errors import InputError, NotFoundError
from rag.sqlite import Row, SqliteFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at TEXT NOT NULL, changed_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    question TEXT NOT NULL, standalone TEXT NOT NULL, answer TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS turns_by_conversation ON turns (conversation_id, id);
"""
LONGEST_TITLE = 200
FIRST_TITLE = 80
"""Characters of the first question that become the conversation's title."""
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its turns."""

    id: str
    title: str
    created_at: str
    changed_at: str
    turns: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer."""

    question: str
    standalone: str
    """The question as it was looked up, understandable by itself."""
    answer: Mapping[str, Any]
    """The answer's JSON."""
    created_at: str


class Conversations:
    """The conversations of one data folder."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            StoreError: the file is damaged, locked or cannot be written.
        """
        self._file = SqliteFile(path, SCHEMA)

    def start(self, title: str = "") -> Conversation:
        """Begin a conversation; its id cannot be guessed."""
        now = _now()
        identifier = secrets.token_urlsafe(ID_BYTES)
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?)", [identifier, _title(title), now, now]
            )
        return Conversation(identifier, _title(title), now, now, 0)

    def add(self, conversation_id: str, question: str, standalone: str, answer: Mapping[str, Any]) -> None:
        """Append a turn; the first question names a conversation that has no title yet.

        Raises:
            NotFoundError: there is no such conversation.
        """
        now = _now()
        with self._file.transaction() as connection:
            known = connection.execute(
                "UPDATE conversations SET changed_at = ?, title = CASE title WHEN '' THEN ? ELSE title END"
                " WHERE id = ? RETURNING id",
                [now, _title(question, FIRST_TITLE), conversation_id],
            ).fetchall()
            if not known:
                raise _unknown(conversation_id)
            connection.execute(
                "INSERT INTO turns (conversation_id, question, standalone, answer, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                [conversation_id, question, standalone, json.dumps(answer, ensure_ascii=False), now],
            )

    def listed(self, offset: int = 0, limit: int = 100) -> list[Conversation]:
        """Conversations, the one changed last first."""
        rows = self._file.rows(
            "SELECT c.*, (SELECT count(*) FROM turns t WHERE t.conversation_id = c.id) AS turns"
            " FROM conversations c ORDER BY c.changed_at DESC, c.rowid DESC LIMIT ? OFFSET ?",
            [limit, offset],
        )
        return [_conversation(row) for row in rows]

    def count(self) -> int:
        """How many conversations there are."""
        row = self._file.row("SELECT count(*) AS number FROM conversations")
        return int(row["number"]) if row is not None else 0

    def get(self, conversation_id: str) -> Conversation:
        """One conversation.

        Raises:
            NotFoundError: there is no such conversation.
        """
        row = self._file.row(
            "SELECT c.*, (SELECT count(*) FROM turns t WHERE t.conversation_id = c.id) AS turns"
            " FROM conversations c WHERE c.id = ?",
            [conversation_id],
        )
        if row is None:
            raise _unknown(conversation_id)
        return _conversation(row)

    def turns(self, conversation_id: str, last: int | None = None) -> list[Turn]:
        """A conversation's turns in order, only the `last` ones where that is given.

        Raises:
            NotFoundError: there is no such conversation.
        """
        self.get(conversation_id)
        rows = self._file.rows(
            "SELECT * FROM turns WHERE conversation_id = ? ORDER BY id DESC LIMIT ?",
            [conversation_id, -1 if last is None else last],
        )
        return [
            Turn(row["question"], row["standalone"], json.loads(row["answer"]), row["created_at"])
            for row in reversed(rows)
        ]

    def rename(self, conversation_id: str, title: str) -> Conversation:
        """Give a conversation another title.

        Raises:
            InputError: the title is empty.
            NotFoundError: there is no such conversation.
        """
        if not title.strip():
            raise InputError("The title is empty; write a name for the conversation.")
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE conversations SET title = ? WHERE id = ?", [_title(title), conversation_id]
            )
        return self.get(conversation_id)

    def exists(self, conversation_id: str) -> bool:
        """Whether there is such a conversation."""
        return self._file.row("SELECT 1 FROM conversations WHERE id = ?", [conversation_id]) is not None

    def forget_if_empty(self, conversation_id: str) -> None:
        """Delete a conversation in which nothing was answered."""
        with self._file.transaction() as connection:
            connection.execute(
                "DELETE FROM conversations WHERE id = ?"
                " AND id NOT IN (SELECT conversation_id FROM turns WHERE conversation_id = ?)",
                [conversation_id, conversation_id],
            )

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation with all its turns.

        Raises:
            NotFoundError: there is no such conversation.
        """
        self.get(conversation_id)
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM conversations WHERE id = ?", [conversation_id])

    def to_json(self, conversation_id: str) -> dict[str, Any]:
        """A conversation with its turns as plain data.

        Raises:
            NotFoundError: there is no such conversation.
        """
        turns = [asdict(turn) for turn in self.turns(conversation_id)]
        return {**asdict(self.get(conversation_id)), "turns": turns}

    def to_markdown(self, conversation_id: str) -> str:
        """A conversation to read: questions as headings, answers, quotes with their sources.

        Raises:
            NotFoundError: there is no such conversation.
        """
        lines = [f"# {_inert(self.get(conversation_id).title)}", ""]
        for turn in self.turns(conversation_id):
            said = _inert(str(turn.answer.get("answer", "")))
            lines += [f"## {_inert(' '.join(turn.question.split()))}", "", said, ""]
            for one in turn.answer.get("citations", ()):
                page = f", p. {one['page']}" if one.get("page") else ""
                quote = _inert(" ".join(str(one["quote"]).split()))
                lines.append(f"- [{one['number']}] {_inert(str(one['source']))}{page}: “{quote}”")
            lines.append("")
        return "\n".join(lines).rstrip() + "\n"

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _conversation(row: Row) -> Conversation:
    return Conversation(row["id"], row["title"], row["created_at"], row["changed_at"], row["turns"])


def _title(text: str, longest: int = LONGEST_TITLE) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def _inert(text: str) -> str:
    """Text of documents and models that no Markdown reader takes for HTML, a picture or a link."""
    return text.replace("<", "&lt;").replace("![", "!\\[").replace("](", "]\\(").replace("]:", "]\\:")


def _unknown(conversation_id: str) -> NotFoundError:
    return NotFoundError(f"There is no conversation {conversation_id!r}; it may have been deleted.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
