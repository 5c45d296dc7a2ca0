"""Answers that were given, kept for whoever asks the same: people share links and turn back pages.

A generation never changes, so an answer about it stays right as long as that is searched.
"""

import time
from threading import Lock

from cachetools import LRUCache

from searchsvc import searching
from searchsvc.answers import SearchAnswer
from searchsvc.engines.base import Engine, Store
from searchsvc.parameters import SearchParameters

KEPT_PARTS = 30_000  # values of facets, and ten for a hit, in all answers kept: some 20 MB


class KeptAnswers:
    """The answers given last, of no more than *parts*; 0 keeps none."""

    def __init__(self, parts: int = KEPT_PARTS) -> None:
        self._answers: LRUCache[str, SearchAnswer] = LRUCache(parts, getsizeof=_parts)
        self._engine: Engine | None = None  # that they are of
        self._lock = Lock()

    def search(self, store: Store, asked: SearchParameters) -> SearchAnswer:
        """What `searching.search` answers, and raises."""
        if asked.cursor is not None:  # of another generation, and seldom asked for twice
            return searching.search(store, asked)
        started = time.perf_counter()
        current, key = store.current(), asked.query_string()
        with self._lock:
            if self._engine is not current.engine:  # its name may come again: after a restore, say
                self._answers.clear()
                self._engine = current.engine
            known = self._answers.get(key)
        if known:
            took = round((time.perf_counter() - started) * 1000, 3)
            return known.model_copy(update={"took_ms": took})
        answer = searching.search(store, asked)
        size = _parts(answer)
        if not answer.partial and size <= self._answers.maxsize:
            with self._lock:
                if self._engine is store.current().engine is current.engine:
                    self._answers[key] = answer
        return answer


def _parts(answer: SearchAnswer) -> int:
    return 1 + 10 * len(answer.hits) + sum(map(len, answer.facets.values()))
