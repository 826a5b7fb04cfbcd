"""Keeps folders in step with the library: what changes in them is ingested, what goes is removed.

A change has the whole folder looked at again, which costs a hash a file: ignored files stay ignored, a
moved file is recognised, and a change that came while nobody watched is caught up with. A folder that is
no longer there at all loses nothing, nor does one in which nothing known is met any more (a disk that was
taken out may leave the empty folder that it was mounted on).
"""

from __future__ import annotations

import errno
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.jobs import Jobs
from ingest.pipeline import IngestOptions
from ingest.sources import Filter
from rag.errors import CitaError, InputError, StoreError

logger = logging.getLogger(__name__)
FOLLOW = IngestOptions(prune=True, spare=True)
"""Documents whose files have gone are removed, but not all of a folder's at once."""
DEBOUNCE_MILLISECONDS = 1600
"""How long changes are gathered: an editor's save, a copy of many files."""
LOOKED_AFTER_MILLISECONDS = 1000
"""How often it is seen to that the folders are still there; the first look waits so long."""
AGAIN_SECONDS = 30.0
"""How long a server waits after its watch failed."""
AT_A_LIMIT = re.compile(rf"watch limit|os error ({errno.ENOSPC}|{errno.EMFILE})\b")


def watched(folders: Sequence[Path]) -> list[Path]:
    """The folders by their real paths.

    Raises:
        InputError: one is not there or is no folder.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder that can be watched; name one that is there.")
    return [folder.resolve() for folder in folders]


def changed_folders(folders: Sequence[Path], stop: threading.Event) -> Iterator[list[Path]]:
    """The folders in which something has changed, time after time: first all of them.

    What changes while somebody works on the folders that were given is gathered for the next time.

    Args:
        folders: real paths.
        stop: ends it when it is set.

    Raises:
        StoreError: the system watches no more folders.
    """
    while not stop.is_set():
        present = [one for one in folders if one.is_dir()]
        if not present:
            stop.wait(LOOKED_AFTER_MILLISECONDS / 1000)
            continue
        try:
            yield from _until_replaced(folders, present, stop)
        except FileNotFoundError:
            stop.wait(LOOKED_AFTER_MILLISECONDS / 1000)  # it went just now
        except (OSError, RuntimeError) as error:  # a watch that cannot even be made is the latter
            raise StoreError(_not_watched(error)) from error


def _until_replaced(
    folders: Sequence[Path], present: list[Path], stop: threading.Event
) -> Iterator[list[Path]]:
    """As `changed_folders`, until one of the folders comes, goes or is another one than before.

    The system goes on watching a folder that was moved or taken away, and not what came in its place.
    """
    from watchfiles import watch

    filters = {folder: Filter(folder) for folder in present}

    def counts(_change: object, path: str) -> bool:
        return any(_matters(Path(path), folder, one) for folder, one in filters.items())

    before = _identities(folders)
    begun = False
    for changes in watch(
        *present,
        watch_filter=counts,
        stop_event=stop,
        debounce=DEBOUNCE_MILLISECONDS,
        rust_timeout=LOOKED_AFTER_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=True,
        ignore_permission_denied=True,
    ):
        if _identities(folders) != before:
            return
        if not begun:
            # Only now, that it is watched: no change falls between the first look and the watch.
            begun = True
            yield present
            continue
        paths = [Path(path) for _change, path in changes]
        touched = [one for one in present if any(path.is_relative_to(one) for path in paths)]
        if touched:
            yield touched


def _not_watched(error: Exception) -> str:
    """What to do about an error of the system's watch; it often tells its kind in words only."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EMFILE) or AT_A_LIMIT.search(str(error)):
        advice = "raise its limit (fs.inotify.max_user_watches, max_user_instances, or of open files) or"
    else:
        advice = "mend that, or"
    return f"The system does not watch these folders ({error}); {advice} set WATCHFILES_FORCE_POLLING=true."


def _identities(folders: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Which folder each path leads to, None where it leads to none."""
    found: list[tuple[int, int] | None] = []
    for one in folders:
        try:
            status = one.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_dev, status.st_ino))
    return found


class Watching:
    """A server's watch: changes become jobs, on a thread of its own."""

    def __init__(self, folders: Sequence[Path], jobs: Jobs) -> None:
        """Prepare; nothing is watched before `start`.

        Raises:
            InputError: a folder is not there.
        """
        self._folders = watched(folders)
        self._jobs = jobs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watch", daemon=True)

    def start(self) -> None:
        """Begin, with what has changed since the last time."""
        if self._folders:
            self._thread.start()

    def close(self) -> None:
        """Submit no more."""
        self._stop.set()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except CitaError as error:
                if not self._stop.is_set():
                    logger.warning("%s Watching is tried again.", error)
                self._stop.wait(AGAIN_SECONDS)

    def _follow(self) -> None:
        for folders in changed_folders(self._folders, self._stop):
            job = self._jobs.submit(folders, options=FOLLOW)
            # Until it is over: what changes meanwhile is gathered.
            for kind, told in self._jobs.events(job.id):
                if kind == "outcome" and told["status"] == "skipped":
                    logger.warning("%s: %s.", told["name"], told["message"])


def _matters(path: Path, folder: Path, given: Filter) -> bool:
    """Whether a change of a file or folder may change what the folder gives."""
    if not path.is_relative_to(folder):
        return False
    relative = path.relative_to(folder)
    above = [part.as_posix() for part in relative.parents if part != Path()]
    return given.file(relative.as_posix()) and all(given.folder(one) for one in above)
