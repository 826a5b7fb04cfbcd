"""Running an iterator on a thread of its own, some items ahead of whoever takes them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Queue(Generic[Item]):
    """Items that wait to be taken; the producer waits while they weigh too much."""

    def __init__(self, most: int, weight: Callable[[Item], int]) -> None:
        self._items: deque[tuple[Item, int]] = deque()
        self._held = 0
        self._most = most
        self._weight = weight
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None
        self._left = False

    def put(self, item: Item) -> bool:
        """Add an item when there is room; False when nobody takes any more."""
        weight = self._weight(item)
        with self._changed:
            self._changed.wait_for(lambda: self._left or not self._items or self._held + weight <= self._most)
            self._items.append((item, weight))
            self._held += weight
            self._changed.notify_all()
            return not self._left

    def end(self, error: BaseException | None) -> None:
        """Say that nothing more comes."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def leave(self) -> None:
        """Say that nothing more is taken."""
        with self._changed:
            self._left = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._ended)
                if not self._items:
                    break
                item, weight = self._items.popleft()
                self._held -= weight
                self._changed.notify_all()
            yield item
        if self._error is not None:
            raise self._error


def ahead(items: Iterable[Item], most: int, weight: Callable[[Item], int] = lambda item: 1) -> Iterator[Item]:
    """Yield the items of an iterable that runs on its own thread.

    What it is ahead weighs `most` at most, but for a single item that weighs more by itself. An exception
    in the iterable is raised here; leaving early stops the thread.
    """
    queue: _Queue[Item] = _Queue(most, weight)

    def produce() -> None:
        try:
            for item in items:
                if not queue.put(item):
                    break
        except BaseException as error:  # noqa: BLE001 - handed over to the consumer's thread
            queue.end(error)
        else:
            queue.end(None)

    thread = threading.Thread(target=produce, name="ahead", daemon=True)
    thread.start()
    try:
        yield from queue
    finally:
        queue.leave()
        thread.join()
