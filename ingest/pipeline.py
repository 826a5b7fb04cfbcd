"""A document's way in: bytes to text, chunks, vectors, and into the library.

Three threads work side by side: one reads, loads and cuts, one embeds, one writes. Embedding, which is
nearly all of the cost, waits for neither of the others; texts of several documents are embedded together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePath
from time import perf_counter

from ingest.ahead import ahead
from ingest.bounded import BoundedLoader
from ingest.known import Known
from ingest.outcomes import OnProgress, Outcome, Report, Status, Tally
from ingest.preparing import Prepared, Preparer, weight
from ingest.sources import Found, Source, find_files
from ingest.urls import UrlSource, is_url
from ingest.writing import Batch, Entry, Writer
from rag.core import Core
from rag.staged import StagedDocument

TOGETHER = 128
"""Chunks embedded together: enough to fill the cores to the end, few enough to be cancelled soon."""
AHEAD_CHARACTERS = 3_000_000
"""How far reading may be ahead of embedding."""
SPARED = (
    "nothing is here any more of what was known, as where a disk was taken out; the documents are kept: "
    "`cita ingest --prune` with this folder removes them"
)
Wanted = Path | str | Source
"""What may be ingested: a file, a folder, an address, or a source of its own kind."""


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How documents are brought in."""

    prune: bool = False
    """Remove documents whose files have gone from the folders."""
    dry_run: bool = False
    """Write nothing, and say what would be done."""
    include: tuple[str, ...] = ()
    """Patterns as in `.gitignore` of what the folders give; none: everything."""
    exclude: tuple[str, ...] = ()
    """Patterns as in `.gitignore` of what they do not give."""
    password: str | None = None
    """Opens encrypted PDFs."""
    spare: bool = False
    """Prune no folder in which nothing is met any more of what was known there: nobody may have meant it."""


PLAIN = IngestOptions()


class Ingestion:
    """Brings documents into one collection of a library."""

    def __init__(self, core: Core, collection: str | None = None, *, background: bool = False) -> None:
        """Prepare to ingest.

        Args:
            core: the library and the embedding model.
            collection: the collection's name, the settings' if none is given.
            background: let questions go first.
        """
        self._core = core
        self._library = core.library
        self._collection = collection or core.settings.collection
        self._background = background
        self._embedder = core.embedder.in_background() if background else core.embedder

    def run(
        self,
        wanted: Iterable[Wanted],
        on_progress: OnProgress = lambda progress: None,
        options: IngestOptions = PLAIN,
        *,
        vanished: Sequence[str] = (),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Bring in documents; what cannot be read is reported and the rest goes in.

        Args:
            wanted: files, folders, addresses.
            on_progress: called when a file is finished and between, by one thread at a time.
            options: how.
            vanished: files or folders that may have gone, to be looked at as if their folder had been given.
            cancelled: asked often; what was finished by then stays.

        Raises:
            StoreError: the library cannot be written; what was written by then stays.
        """
        started = perf_counter()
        dry_run, password = options.dry_run, options.password
        report = Report(dry_run=dry_run)
        sources, found = self._sources(wanted, options)
        report.outcomes += found.failures
        sizes = {source.source: source.size for source in sources}
        tally = Tally(report, on_progress, sizes, len(found.failures))
        tally.tell("finding")
        known = Known(self._library, self._collection)
        settings = self._core.settings
        bounds = (settings.load_seconds, settings.load_megabytes)
        with BoundedLoader(*bounds, background=self._background) as loader:
            preparer = Preparer(
                self._core, known, self._collection, loader, password=password, keep=not dry_run
            )
            groups = ahead(preparer.all(sources), AHEAD_CHARACTERS, weight)
            prepared = chain.from_iterable(groups)
            if dry_run:
                self._foresee(prepared, tally, cancelled)
            else:
                self._take_in(prepared, tally, cancelled)
        report.cancelled = cancelled()
        if not report.cancelled:
            report.outcomes += self._settle(known, [*found.roots, *vanished], options)
        self._library.originals.clear_staged()
        report.seconds = perf_counter() - started
        tally.tell("done")
        return report

    def _sources(self, wanted: Iterable[Wanted], options: IngestOptions) -> tuple[list[Source], Found]:
        allow_private = self._core.settings.allow_private_urls
        paths: list[Path] = []
        others: list[Source] = []
        for one in wanted:
            if isinstance(one, str) and is_url(one):
                others.append(UrlSource(one, allow_private))
            elif isinstance(one, str | Path):
                paths.append(Path(one))
            else:
                others.append(one)
        found = find_files(paths, include=options.include, exclude=options.exclude)
        return [*found.files, *others], found

    def _take_in(self, prepared: Iterable[Prepared], tally: Tally, cancelled: Callable[[], bool]) -> None:
        with Writer(self._library, self._collection, tally) as writer, ExitStack() as stack:
            batch = Batch(writer)
            # Whatever ends the loop, what has been embedded by then is written.
            stack.callback(batch.write)
            together: list[Prepared] = []
            for one in prepared:
                if cancelled():
                    return
                if one.plan is None:
                    tally.finish("reading", Outcome(one.source.source, "failed", one.error))
                elif one.plan.status == "unchanged" and not one.plan.writes_name:
                    tally.finish("reading", _without_text(one))
                else:
                    together.append(one)
                    if sum(len(each.texts) or 1 for each in together) >= TOGETHER:
                        self._embed(together, batch, tally, cancelled)
                        together = []
            self._embed(together, batch, tally, cancelled)

    def _embed(
        self, together: Sequence[Prepared], batch: Batch, tally: Tally, cancelled: Callable[[], bool]
    ) -> None:
        """Embed the texts of some documents and hand the documents on; cancelled, hand none on."""
        cache = self._library.cache
        fresh: set[bytes] = set()
        texts = {
            chunk.vector_key: text
            for one in together
            for chunk, text in zip(one.chunks, one.texts, strict=True)
        }
        missing = cache.missing(list(texts))
        name = next((one.source.source for one in together if one.texts), "")
        tally.tell("embedding", name, chunks=len(texts) - len(missing))
        for start in range(0, len(missing), TOGETHER):
            if cancelled():
                return
            keys = missing[start : start + TOGETHER]
            cache.embed({key: texts[key] for key in keys}, self._embedder)
            fresh.update(keys)
            tally.tell("embedding", name, chunks=len(keys))
        batch.add(self._entry(one, fresh) for one in together)

    def _entry(self, one: Prepared, fresh: set[bytes]) -> Entry:
        plan = one.plan
        assert plan is not None
        if one.text is None:
            return Entry(_without_text(one), plan.name, left_behind=plan.left_behind)
        keys = [chunk.vector_key for chunk in one.chunks]
        embedded = len(fresh.intersection(keys))
        fresh.difference_update(keys)  # a text that two documents share was embedded for the first
        document = StagedDocument(
            document_id=plan.name.document_id,
            collection=self._collection,
            text=one.text,
            sha256=plan.name.sha256,
            size=plan.name.size,
            language="",  # found out by the writer, for which nothing waits
            chunks=one.chunks,
            vectors=self._library.cache.stacked(keys),
            names=[],
        )
        message = "; ".join(one.text.warnings)
        name, status = plan.name, plan.status
        outcome = Outcome(name.source, status, message, name.document_id, len(keys), embedded)
        return Entry(outcome, name, document)

    def _foresee(self, prepared: Iterable[Prepared], tally: Tally, cancelled: Callable[[], bool]) -> None:
        """Say what would be done with the documents."""
        for one in prepared:
            if cancelled():
                return
            if one.plan is None:
                tally.finish("reading", Outcome(one.source.source, "failed", one.error))
            elif one.text is None:
                tally.finish("reading", _without_text(one))
            else:
                keys = {chunk.vector_key for chunk in one.chunks}
                missing = len(self._library.cache.missing(list(keys)))
                name, status, said = one.plan.name, one.plan.status, "; ".join(one.text.warnings)
                outcome = Outcome(name.source, status, said, "", len(one.chunks), missing)
                tally.finish("reading", outcome)

    def _settle(self, known: Known, roots: Sequence[str], options: IngestOptions) -> list[Outcome]:
        """Report, and with `prune` remove, what has gone from the folders."""
        spared = known.forsaken(roots) if options.prune and options.spare else []
        gone = [
            name
            for name in known.gone(roots)
            if not any(PurePath(name.location).is_relative_to(root) for root in spared)
        ]
        if options.prune and gone and not options.dry_run:
            self._library.remove_names(self._collection, [name.location for name in gone])
        status: Status = "removed" if options.prune else "gone"
        message = "" if options.prune else "the file is no longer there; --prune removes its document"
        return [
            *(Outcome(root, "skipped", SPARED) for root in spared),
            *(Outcome(name.source, status, message, name.document_id) for name in gone),
        ]


def _without_text(one: Prepared) -> Outcome:
    assert one.plan is not None
    plan = one.plan
    return Outcome(one.source.source, plan.status, plan.message, plan.name.document_id)
