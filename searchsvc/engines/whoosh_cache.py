"""Postings and positions that were decoded, kept for the queries that come next."""

import threading
from itertools import count
from typing import Any, Generic, TypeAlias, TypeVar

import numpy.typing as npt
from cachetools import LRUCache

from searchsvc.engines.evaluation import Numbers, Places, Weights

Postings: TypeAlias = tuple[Numbers, Weights]
_Key: TypeAlias = tuple[int, str, str]
_Arrays = TypeVar("_Arrays", bound=tuple[npt.NDArray[Any], ...])

_ENTRY = 700  # bytes that an entry takes beside its numbers: key, arrays as objects, order of use

serials = count()  # names of what keeps postings in a cache; never used again, as addresses are


class ArrayCache(Generic[_Arrays]):
    """Arrays decoded of terms, up to so many bytes; those not asked for the longest go first."""

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[_Key, _Arrays] = LRUCache(
            size, getsizeof=lambda arrays: _ENTRY + sum(array.nbytes for array in arrays)
        )

    @property
    def size(self) -> float:
        """The most that it keeps, in bytes."""
        return self._kept.maxsize

    def get(self, key: _Key) -> _Arrays | None:
        with self._lock:
            return self._kept.get(key)

    def put(self, key: _Key, arrays: _Arrays) -> None:
        with self._lock:
            if self._kept.getsizeof(arrays) <= self._kept.maxsize:
                self._kept[key] = arrays


PostingsCache: TypeAlias = ArrayCache[Postings]
PlacesCache: TypeAlias = ArrayCache[tuple[Places]]
