"""The words of an index by how they begin, kept for the next who asks: a generation never changes.

Fuzzy words ask for all words of a letter, and people ask again with the same letter.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Lock
from typing import TypeAlias

from cachetools import LRUCache

MOST = 200_000  # words kept: some 20 MB

Listed: TypeAlias = Iterable[tuple[str, int]]  # each word with its number of articles
_Key: TypeAlias = tuple[str, str]


def _size(words: list[tuple[str, int]]) -> int:
    return 10 + len(words)  # the empty ones take room too


class WordLists:
    """Lists of words of one generation."""

    def __init__(self, most: int = MOST) -> None:
        self._kept: LRUCache[_Key, list[tuple[str, int]]] = LRUCache(most, getsizeof=_size)
        self._lock = Lock()

    def of(self, field: str, prefix: str, listed: Callable[[], Listed]) -> Listed:
        """What *listed* lists for the words of *field* that begin with *prefix*.

        It is kept when somebody has gone through all of it.
        """
        with self._lock:
            known = self._kept.get((field, prefix))
        return self._through((field, prefix), listed()) if known is None else known

    def _through(self, key: _Key, listed: Listed) -> Iterator[tuple[str, int]]:
        found = []
        for word in listed:
            found.append(word)
            yield word
        with self._lock, suppress(ValueError):  # too many to be kept
            self._kept[key] = found
