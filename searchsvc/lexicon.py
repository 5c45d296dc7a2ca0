"""The words of an engine, for so long as one may wait for them."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from searchsvc.engines.base import Engine

SEARCH_SECONDS = 0.8


class TimedLexicon:
    """The words of an engine for so many *seconds*, those of a search unless they are given.

    `late` tells that some were not looked at.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], float] = time.perf_counter,
        seconds: float | None = None,
    ) -> None:
        self._engine = engine
        self._end = clock() + (SEARCH_SECONDS if seconds is None else seconds)
        self._clock = clock
        self.late = False

    def __call__(self, field: str, prefix: str) -> Iterable[tuple[str, int]]:
        """The words of *field* that begin with *prefix*, as an engine gives them."""
        terms = self._engine.terms(field, prefix)
        if isinstance(terms, list) and not self.late:  # it was gone through before
            return terms
        return self._through(iter(terms))

    def _through(self, terms: Iterator[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        while some := list(islice(terms, 256)):
            self.late = self.late or self._clock() > self._end
            if self.late:
                return
            yield from some

    def left(self) -> float:
        """Seconds that are left; none if words are missing, since what they mean is unknown."""
        return -1.0 if self.late else self._end - self._clock()
