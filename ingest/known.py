"""What the library knows already of the files that come in: unchanged, moved, the same as another.

Plans are made one after the other, each on what the plans before it leave behind; whoever writes must
write in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from uuid import uuid4

from ingest.outcomes import Status
from ingest.sources import is_path, still_there
from rag.library import Library
from rag.records import NameRecord


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with a file."""

    status: Status
    name: NameRecord
    """Its name with the document that it will stand for."""
    message: str = ""
    writes_name: bool = True
    left_behind: tuple[str, ...] = ()
    """Locations that the document no longer has: it was moved from there."""

    @property
    def needs_text(self) -> bool:
        """Whether the file's text has to be read."""
        return self.status in ("added", "updated")


class Known:
    """The names of one collection at the start of an ingest, and what the ingest makes of them."""

    def __init__(self, library: Library, collection: str) -> None:
        self._by_location = {name.location: name for name in library.database.names(collection)}
        self._names_of: dict[str, set[str]] = {}
        self._by_content: dict[str, str] = {}
        for name in self._by_location.values():
            self._names_of.setdefault(name.document_id, set()).add(name.location)
            self._by_content.setdefault(name.sha256, name.document_id)
        self._touched: set[str] = set()
        self._met: set[str] = set()
        self._last: tuple[NameRecord, NameRecord | None] | None = None

    def plan(self, name: NameRecord) -> Plan:
        """What to do with a file of this name and content; the plan is taken as done from then on."""
        before = self._by_location.get(name.location)
        self.touch(name.location)
        if before and before.sha256 == name.sha256:
            record = replace(name, document_id=before.document_id)
            self._by_location[name.location] = record
            return Plan("unchanged", record, writes_name=record != before)
        same = self._by_content.get(name.sha256)
        if same is not None:
            return self._same_content(name, same)
        document_id = uuid4().hex[:16]
        if before and self._names_of[before.document_id] == {name.location}:
            document_id = before.document_id
        return Plan("updated" if before else "added", self._note(name, document_id))

    def touch(self, location: str) -> None:
        """Note that a file is there although nothing is known of its content."""
        self._touched.add(location)
        if location in self._by_location:
            self._met.add(location)

    def undo(self) -> None:
        """Take the last plan back: its file could not be read, and what was there before stays."""
        if self._last is None:
            return
        after, before = self._last
        self._forget(after)
        if before:
            self._note(before, before.document_id)
        self._last = None

    def gone(self, roots: Sequence[str]) -> list[NameRecord]:
        """The names below some folders whose files are no longer there and were not met."""
        return [
            name
            for location, name in sorted(self._by_location.items())
            if location not in self._touched
            and is_path(location)
            and any(PurePath(location).is_relative_to(root) for root in roots)
            and not still_there(location)
        ]

    def forsaken(self, roots: Sequence[str]) -> list[str]:
        """The folders in which nothing is met any more of what was known there, although something was.

        So a disk looks that was taken out and has left the empty folder that it was mounted on.
        """
        found = []
        for root in roots:
            below = [one for one in self._by_location if is_path(one) and PurePath(one).is_relative_to(root)]
            known = [one for one in below if one not in self._touched or one in self._met]
            if known and not any(one in self._met or still_there(one) for one in known):
                found.append(root)
        return found

    def _same_content(self, name: NameRecord, document_id: str) -> Plan:
        others = sorted(self._names_of[document_id] - {name.location})
        left = tuple(location for location in others if not still_there(location))
        first = self._by_location[others[0]].source
        record = self._note(name, document_id)
        self._met.add(name.location)
        if len(left) < len(others):
            return Plan("duplicate", record, f"the same content as {first}; stored once")
        for location in left:
            self._forget(self._by_location[location])
        return Plan("moved", record, f"was {Path(first).name}; nothing was embedded", left_behind=left)

    def _note(self, name: NameRecord, document_id: str) -> NameRecord:
        record = replace(name, document_id=document_id)
        before = self._by_location.get(name.location)
        if before:
            self._forget(before)
        self._by_location[name.location] = record
        self._names_of.setdefault(document_id, set()).add(name.location)
        self._by_content[name.sha256] = document_id
        self._last = (record, before)
        return record

    def _forget(self, record: NameRecord) -> None:
        del self._by_location[record.location]
        names = self._names_of[record.document_id]
        names.discard(record.location)
        if not names and self._by_content.get(record.sha256) == record.document_id:
            del self._by_content[record.sha256]
