"""Articles into a Whoosh index: inverted in memory, merged in tiers.

What is added becomes a new segment; what is deleted is noted in the table of contents. A segment
ends when its postings would take too much memory, so a corpus of any size is written in the same.
With the last one, segments are merged that are due, so that they stay few and an update costs, on
average, what it changes.
"""

import pickle
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import compress
from operator import itemgetter, sub
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from whoosh.codec.whoosh3 import W3Segment
from whoosh.filedb.filestore import FileStorage
from whoosh.index import _DEF_INDEX_NAME, TOC, EmptyIndexError, clean_files
from whoosh.util.numeric import length_to_byte

from searchsvc import analysis
from searchsvc.article import Article
from searchsvc.engines.whoosh_codec import PREFIXES, Columns, PostingList, Source, write_segment
from searchsvc.engines.whoosh_files import FIELD
from searchsvc.engines.whoosh_schema import UNDATED, VALUE_GAP, schema
from searchsvc.engines.whoosh_segment import Segment, open_segment
from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS, texts, values

MAX_POSTINGS = 3_000_000  # of a segment in memory: about 300 MB

ALIKE = 8  # segments of about one size are merged when there are so many
SMALL = 64  # articles; segments of fewer are of about one size


class WhooshWriter:
    """Adds and deletes in the index in *folder*, which nobody else has open for writing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._storage = FileStorage(str(folder))
        try:
            self._toc = TOC.read(self._storage, _DEF_INDEX_NAME)
        except EmptyIndexError:
            self._toc = TOC(schema(), [], 0)
        self._written = [_Written(open_segment(folder, info), info) for info in self._toc.segments]
        self._new = _NewArticles()

    def add(self, article: Article) -> None:
        """Puts an article in; its id must not be there, or be deleted first."""
        self._new.add(article)
        if self._new.postings > MAX_POSTINGS:
            self._write([])

    def delete(self, id: str) -> None:
        """Takes the article with this id out, if it is there."""
        if self._new.delete(id):
            return
        for segment, info in reversed(self._written):
            for number in segment.numbers_of(id):
                if not info.is_deleted(number):
                    info.delete_document(number)
                    return

    def commit(self, merge: bool = True) -> None:
        """Writes what is left; segments that are due are merged with it, if it is to *merge*."""
        self._written = [one for one in self._written if one.info.doc_count()]
        sizes = [(one.info.doc_count(), one.info.doc_count_all()) for one in self._written]
        chosen = due(sizes, self._new.count) if merge else set()
        merged = [one for number, one in enumerate(self._written) if number in chosen]
        self._written = [one for number, one in enumerate(self._written) if number not in chosen]
        self._write(merged)
        infos = [one.info for one in self._written]
        toc = TOC(self._toc.schema, infos, self._toc.generation + 1)
        toc.write(self._storage, _DEF_INDEX_NAME)
        clean_files(self._storage, _DEF_INDEX_NAME, toc.generation, infos)

    def cancel(self) -> None:
        """Lets go of everything; the folder is as good as lost."""

    def _write(self, merged: list["_Written"]) -> None:
        """Writes the new articles and those of *merged* as one segment."""
        sources: list[Source] = [self._new] if self._new.count else []
        sources += [_Survivors(*one) for one in merged]
        if sources:
            info = write_segment(self._folder, sources)
            for number in self._new.deleted if self._new.count else ():
                info.delete_document(number)
            self._written.append(_Written(open_segment(self._folder, info), info))
        self._new = _NewArticles()


class _Written(NamedTuple):
    segment: Segment
    info: W3Segment


def due(sizes: Sequence[tuple[int, int]], new: int) -> set[int]:
    """Which segments to write anew together with *new* articles.

    *sizes* are the articles of each segment: those that live, and all. A segment of which more
    than a third is deleted is due, and so are those of about one size when there are many.
    """
    chosen = {number for number, (live, total) in enumerate(sizes) if 3 * live < 2 * total}
    tiers: dict[int, list[int]] = defaultdict(list)
    for number, (live, _) in enumerate(sizes):
        if number not in chosen:
            tiers[_tier(live)].append(number)
    written = new + sum(sizes[number][0] for number in chosen)
    for tier, alike in sorted(tiers.items()):  # what is merged may fill the next tier
        if len(alike) + (written > 0 and _tier(written) == tier) >= ALIKE:
            chosen.update(alike)
            written += sum(sizes[number][0] for number in alike)
    return chosen


def _tier(articles: int) -> int:
    """Segments of one tier are of about one size."""
    tier = 0
    while articles >= SMALL * ALIKE**tier:
        tier += 1
    return tier


class _NewArticles:
    """Articles inverted in memory; one that is deleted before it is written is written as such."""

    def __init__(self) -> None:
        self.deleted: set[int] = set()
        self.postings = 0
        self._numbers: dict[str, int] = {}  # of those not deleted, by id
        self._ids: list[bytes] = []
        self._stored: list[bytes] = []
        self._days: list[int] = []
        self._instants: list[float] = []
        self._lengths: dict[str, array[int]] = {name: array("B") for name in TEXT_FIELDS}
        # By field and term: the number of an article, its weight if others than 1 are possible,
        # its positions if the field has them; then those of the next article.
        self._terms: dict[str, dict[str, list[Any]]] = {
            name: defaultdict(list) for name in PREFIXES
        }

    @property
    def count(self) -> int:
        """How many are not deleted."""
        return len(self._numbers)

    def add(self, article: Article) -> None:
        number = len(self._ids)
        self._numbers[article.id] = number
        self._ids.append(article.id.encode())
        self._stored.append(zlib.compress(pickle.dumps({"article": article.to_json()}, 2), 3))
        self._days.append(article.day.toordinal() if article.day else 0)
        self._instants.append(UNDATED if article.instant is None else article.instant)
        self._add_values("id", (article.id,), number)
        for name in FACET_FIELDS:
            self._add_values(f"{name}_value", values(article, name), number)
        for name in TEXT_FIELDS:
            self._add_text(name, texts(article, name), number)

    def delete(self, id: str) -> bool:
        """Takes the article with this id out; whether it was there."""
        number = self._numbers.pop(id, None)
        if number is not None:
            self.deleted.add(number)
        return number is not None

    def _add_values(self, field: str, values: Sequence[str], number: int) -> None:
        # Half a surrogate pair cannot be written.
        encoded = dict.fromkeys(value.encode("utf-8", "replace").decode() for value in values)
        for value in encoded:
            self._terms[field][value].append(number)
        self.postings += len(encoded)

    def _add_text(self, name: str, values: Sequence[str], number: int) -> None:
        if not values:
            self._lengths[name].append(0)
            return
        times: Counter[str] = Counter()
        places: dict[str, list[int]] = defaultdict(list)
        start = length = 0
        for value in values:
            words = analysis.terms(value)
            times.update(map(itemgetter(1), words))
            for place, (written, _) in enumerate(words, start):
                places[written].append(place)
            start += len(words) + VALUE_GAP
            length += len(words)
        self._lengths[name].append(length_to_byte(length))
        terms = self._terms[name]
        for stem, count in times.items():
            terms[stem] += (number, count)
        terms = self._terms[f"{name}_written"]
        for written, positions in places.items():
            encoded = _once(positions[0]) if len(positions) == 1 else _encoded(positions)
            terms[written] += (number, len(positions), encoded)
        self.postings += len(times) + len(places)

    @property
    def columns(self) -> Columns:
        return Columns(
            self._ids,
            self._stored,
            np.array(self._days, np.int32),
            np.array(self._instants, np.float64),
            {name: np.frombuffer(coded, np.uint8) for name, coded in self._lengths.items()},
        )

    def posting_lists(self, first: int) -> Iterator[PostingList]:
        for name, prefix in PREFIXES.items():
            terms = self._terms[name]
            width = 3 if name.endswith("_written") else 2 if name in TEXT_FIELDS else 1
            for term in sorted(terms):
                flat = terms[term]
                numbers = [number + first for number in flat[::width]] if first else flat[::width]
                weights = flat[1::width] if width > 1 else [1] * len(numbers)
                yield prefix + term.encode(), numbers, weights, flat[2::3] if width == 3 else None


def _encoded(positions: Sequence[int]) -> bytes:
    """Positions as Whoosh's own format has them: the count, and the steps pickled."""
    steps = [positions[0], *map(sub, positions[1:], positions)]
    return len(steps).to_bytes(4, "big") + pickle.dumps(steps, 2)


@lru_cache(maxsize=1 << 12)
def _once(position: int) -> bytes:
    return _encoded([position])


class _Survivors:
    """The articles of a segment that are not deleted."""

    def __init__(self, segment: Segment, info: W3Segment) -> None:
        self._segment = segment
        self._live = [n for n in range(segment.total) if not info.is_deleted(n)]

    @property
    def columns(self) -> Columns:
        segment, live = self._segment, self._live
        lengths = {name: segment.column(f"_{name}_len", np.uint8, 0) for name in TEXT_FIELDS}
        return Columns(
            map(segment.ids.__getitem__, live),
            map(segment.stored.__getitem__, live),
            segment.column("day", np.dtype(">i4"), 0)[live],
            segment.column("instant", np.dtype(">f8"), UNDATED)[live],
            {name: coded[live] for name, coded in lengths.items()},
        )

    def posting_lists(self, first: int) -> Iterator[PostingList]:
        segment = self._segment
        prefixes = {FIELD.pack(n): PREFIXES[name] for name, n in segment.index.fields.items()}
        renumbered = [-1] * segment.total
        for number, old in enumerate(self._live, first):
            renumbered[old] = number
        for key, info in segment.index.items():
            numbers: list[int] = []
            weights: list[float] = []
            values: Sequence[bytes] | None = None
            for ids, weighed, valued in segment.blocks(info):
                numbers += map(renumbered.__getitem__, ids)
                weights += weighed
                if valued:
                    values = [*values, *valued] if values else valued
            if min(numbers) < 0:
                live = [number >= 0 for number in numbers]
                numbers = list(compress(numbers, live))
                weights = list(compress(weights, live))
                values = values and list(compress(values, live))
            if numbers:
                prefix, term = prefixes[key[: FIELD.size]], key[FIELD.size :]
                yield prefix + term, numbers, weights, values
