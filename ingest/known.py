"""What the library knows already of the files that come in: unchanged, moved, the same as another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from ingest.outcomes import Outcome, Status
from rag.library import Library
from rag.records import NameRecord


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with a file."""

    status: Status
    document_id: str
    message: str = ""


class Known:
    """The names of one collection at the start of an ingest, and what the ingest adds to them."""

    def __init__(self, library: Library, collection: str) -> None:
        self._library = library
        self._collection = collection
        self._by_location = {name.location: name for name in library.database.names(collection)}
        self._names_of: dict[str, set[str]] = {}
        self._by_content: dict[str, str] = {}
        for name in self._by_location.values():
            self._names_of.setdefault(name.document_id, set()).add(name.location)
            self._by_content.setdefault(name.sha256, name.document_id)
        self._touched: set[str] = set()
        self._left_behind: set[str] = set()
        self._pending: list[NameRecord] = []
        self._undo: tuple[NameRecord, NameRecord | None] | None = None

    def plan(self, name: NameRecord) -> Plan:
        """What to do with a file of this name and content. Called once for each file, in order."""
        before = self._by_location.get(name.location)
        self._touched.add(name.location)
        if before and before.sha256 == name.sha256:
            return Plan("unchanged", before.document_id)
        same = self._by_content.get(name.sha256)
        if same is not None:
            return self._same_content(name, same)
        document_id = uuid4().hex[:16]
        status: Status = "added"
        if before:
            status = "updated"
            if self._names_of[before.document_id] == {name.location}:
                document_id = before.document_id
        self._note(name, document_id)
        return Plan(status, document_id)

    def keep(self, name: NameRecord, plan: Plan) -> None:
        """Have a name written that needs no new text."""
        before = self._by_location.get(name.location)
        if plan.status != "unchanged" or before is None or before.modified_ns != name.modified_ns:
            self._pending.append(replace(name, document_id=plan.document_id))
        self._note(name, plan.document_id)

    def undo(self) -> None:
        """Take the last plan back: its file could not be read, and what was there before stays."""
        if self._undo is None:
            return
        after, before = self._undo
        self._by_content.pop(after.sha256, None)
        self._names_of[after.document_id].discard(after.location)
        del self._by_location[after.location]
        if before:
            self._note(before, before.document_id)

    def settle(self, roots: Sequence[str], *, prune: bool, whole: bool) -> list[Outcome]:
        """Write the names kept back, and report (with `prune` remove) what has gone from the folders.

        Args:
            roots: the folders that were walked.
            whole: whether the walk came to its end; if not, nothing is taken to have gone.
        """
        self._library.set_names(self._pending)
        self._library.remove_names(self._collection, sorted(self._left_behind))
        gone = self._gone(roots) if whole else []
        if prune and gone:
            self._library.remove_names(self._collection, [name.location for name in gone])
        status: Status = "removed" if prune else "gone"
        message = "" if prune else "the file is no longer there; --prune removes its document"
        return [Outcome(name.source, status, message, name.document_id) for name in gone]

    def _same_content(self, name: NameRecord, document_id: str) -> Plan:
        others = sorted(self._names_of.get(document_id, set()) - {name.location})
        left = [location for location in others if not Path(location).exists()]
        if left and len(left) == len(others):
            self._left_behind.update(left)
            return Plan("moved", document_id, f"was {Path(left[0]).name}; nothing was embedded")
        first = self._by_location[others[0]].source if others else ""
        return Plan("duplicate", document_id, f"the same content as {first}; stored once")

    def _note(self, name: NameRecord, document_id: str) -> None:
        record = replace(name, document_id=document_id)
        before = self._by_location.get(name.location)
        if before:
            self._names_of[before.document_id].discard(name.location)
            if not self._names_of[before.document_id]:
                self._by_content.pop(before.sha256, None)
        self._by_location[name.location] = record
        self._names_of.setdefault(document_id, set()).add(name.location)
        self._by_content[name.sha256] = document_id
        self._undo = (record, before)

    def _gone(self, roots: Sequence[str]) -> list[NameRecord]:
        return [
            name
            for location, name in sorted(self._by_location.items())
            if location not in self._touched
            and location not in self._left_behind
            and any(Path(location).is_relative_to(root) for root in roots)
            and not Path(location).exists()
        ]
