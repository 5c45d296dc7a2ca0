"""What somebody who is typing may want to type: names of the archive, then its words.

>>> from searchsvc.article import Article
>>> from searchsvc.engines.memory import MemoryStore
>>> store = MemoryStore([Article(id="1", title="Paul and oil", people=("Paul Volcker",))])
>>> [suggestion.query for suggestion in suggest(store, "oil paul vo").suggestions]
['oil people:"Paul Volcker"']
>>> [suggestion.query for suggestion in suggest(store, "title:o").suggestions]
['title:oil']
"""

import re
import time
from collections.abc import Callable, Iterator
from itertools import chain, islice

from searchsvc import analysis
from searchsvc.answers import SuggestAnswer, Suggestion
from searchsvc.engines.base import Engine, SearchRequest, Store
from searchsvc.lexicon import TimedLexicon
from searchsvc.query.pasted import QUOTES
from searchsvc.query.tree import AnyOf, Exact, Query, conjunction
from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS

SUGGEST_SECONDS = 0.2  # somebody is typing
SIZE = 10
NAMED_FIELDS = ("people", "places")  # that are suggested without being asked for
WORD_FIELDS = ("title", "body")
_LONGEST_NAME = 4  # words typed that may be the beginning of one

_IN_FIELD = re.compile(rf"(?<![^\s(-])([A-Za-z]+):(?:[{QUOTES}]([^{QUOTES}]*)|([^\s(){QUOTES}]*))$")
_TYPED_WORD = re.compile(r"([-(]*)([^\W_](?:[\w'’.-]*\w)?[.'’]?)")
_QUOTE = re.compile(f"[{QUOTES}]")


def suggest(
    store: Store, q: str, size: int = SIZE, clock: Callable[[], float] = time.perf_counter
) -> SuggestAnswer:
    """Up to *size* ways to go on with *q*, whose end is being typed; none where that is unclear.

    Raises what `Store.current` raises. *clock* gives seconds.
    """
    archive = _Archive(store.current().engine, clock)
    match = _IN_FIELD.search(q)
    found = _in_field(archive, match, size) if match else _anywhere(archive, q, size)
    new = [suggestion for suggestion in found if suggestion.query != q]
    return SuggestAnswer(q=q, suggestions=new[:size], partial=archive.is_late)


def _in_field(archive: "_Archive", match: re.Match[str], size: int) -> list[Suggestion]:
    """Values or words of the field in which the query ends, as *match* has it."""
    before, field = match.string[: match.start()], match[1].lower()
    typed = _words(match[2] or match[3] or "")
    if not typed or field not in TEXT_FIELDS or _is_quoted(before):
        return []
    if field in FACET_FIELDS:
        return list(islice(archive.values(before, field, typed), size))
    words = archive.words(f"{before}{field}:", (field,), typed[0], field)
    return list(islice(words, size)) if len(typed) == 1 else []


def _anywhere(archive: "_Archive", q: str, size: int) -> list[Suggestion]:
    """Names that have the words at the end of *q*, as many as fit; then words that begin so."""
    beginnings = list(_beginnings(q))
    if not beginnings:
        return []
    names: dict[tuple[str | None, str], Suggestion] = {}
    for start in beginnings:
        typed = _words(q[start:])
        in_both = chain(*(islice(archive.values(q[:start], f, typed), size) for f in NAMED_FIELDS))
        for name in sorted(in_both, key=lambda name: (-name.count, name.value)):
            names.setdefault((name.field, name.value), name)
    start = beginnings[-1]
    typed = _words(q[start:])
    words = list(islice(archive.words(q[:start], WORD_FIELDS, typed[-1]), size))
    room = max((size + 1) // 2, size - len(words))
    return [*islice(names.values(), room), *words]


def _beginnings(q: str) -> Iterator[int]:
    """Where in *q* the name may begin that is being typed: the longest first, then shorter ones."""
    if _is_quoted(q):
        return
    starts: list[int] = []
    for chunk in reversed(list(re.finditer(r"\S+", q))):
        word = _TYPED_WORD.fullmatch(chunk.group())
        if not word or (starts and word[2] in ("AND", "OR", "NOT")):
            break
        if not starts and (chunk.end() < len(q) or len(_words(word[2])) != 1):
            break
        starts.append(chunk.start() + word.start(2))
        if word[1] or len(starts) == _LONGEST_NAME:
            break
    yield from reversed(starts)


class _Archive:
    """An engine, for so long as one may wait for suggestions."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._lexicon = TimedLexicon(engine, clock, SUGGEST_SECONDS)
        self._is_cut = False

    @property
    def is_late(self) -> bool:
        return self._lexicon.late or self._is_cut

    def values(self, before: str, field: str, typed: tuple[str, ...]) -> Iterator[Suggestion]:
        """Values of *field* with the words *typed*, of which the last may go on; by frequency."""
        *whole, prefix = typed
        words = frozenset(word for word, _ in self._lexicon(field, prefix))
        if not words:
            return
        clauses: list[Query] = [Exact((word,), 0, (field,)) for word in whole]
        request = SearchRequest(
            query=conjunction([*clauses, AnyOf(words, (field,))]),
            limit=0,
            facets=(field,),
            seconds=self._lexicon.left(),
        )
        found = self._engine.search(request)
        self._is_cut = self._is_cut or found.partial
        for bucket in found.facets[field]:
            own = _words(bucket.value)
            if set(whole) <= set(own) and any(word.startswith(prefix) for word in own):
                name = " ".join(_QUOTE.sub(" ", bucket.value).split())
                query = f'{before}{field}:"{name}"'
                yield Suggestion(query=query, field=field, value=bucket.value, count=bucket.count)

    def words(
        self, before: str, fields: tuple[str, ...], prefix: str, field: str | None = None
    ) -> Iterator[Suggestion]:
        """Words that begin with *prefix*, the most frequent first; of one stem only one."""
        counts: dict[str, int] = {}
        for name in fields:
            for word, count in self._lexicon(name, prefix):
                counts[word] = max(count, counts.get(word, 0))
        stems: set[str] = set()
        for word in sorted(counts, key=lambda word: (-counts[word], word)):
            stem = analysis.stem(word)
            if word not in analysis.STOP_WORDS and stem not in stems:
                stems.add(stem)
                yield Suggestion(query=before + word, field=field, value=word, count=counts[word])


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.written for word in analysis.written(text))


def _is_quoted(text: str) -> bool:
    """Whether what comes after *text* stands inside of quotes."""
    return len(_QUOTE.findall(text)) % 2 == 1
