"""Articles into a Whoosh index: postings made straight from our words, written in one pass.

Stock Whoosh makes an object for each word and sorts every posting on disk. Here a segment is
inverted in memory, term by term, and written through Whoosh's own codec; what comes out is an
index that stock Whoosh reads. A segment ends when its postings would take too much memory, so a
corpus of any size is written in the same.
"""

import pickle
import struct
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from whoosh import fields, index
from whoosh.codec import whoosh3
from whoosh.filedb.filestore import FileStorage
from whoosh.util.numeric import byte_to_length, length_to_byte
from whoosh.writing import SegmentWriter

from searchsvc import analysis
from searchsvc.article import Article
from searchsvc.engines.whoosh_schema import UNDATED, VALUE_GAP, schema
from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS, texts, values

MAX_POSTINGS = 3_000_000  # of a segment in memory: about 400 MB

_COMPRESS_FROM = 80  # bytes; zlib makes smaller blocks no smaller, and takes most of the time


class WhooshWriter:
    """Adds and deletes in the index in *folder*, which nobody else has open for writing."""

    def __init__(self, folder: Path) -> None:
        storage = FileStorage(str(folder))
        if not index.exists_in(str(folder)):
            index.FileIndex.create(storage, schema(), index._DEF_INDEX_NAME)
        self._index = index.FileIndex(storage)
        self._writer = _SegmentWriter(self._index)
        self._reader = self._index.reader()  # one for every look-up: opening it is what costs

    def add(self, article: Article) -> None:
        """Puts an article in; its id must not be there, or be deleted first."""
        self._writer.add(article)
        if self._writer.postings.count > MAX_POSTINGS:
            self._writer.commit(merge=False)
            self._writer = _SegmentWriter(self._index)
            self._reader.close()
            self._reader = self._index.reader()

    def delete(self, id: str) -> None:
        """Takes the article with this id out, if it is there."""
        term = id.encode("utf-8", "replace")
        self._writer.delete_added(term)
        if ("id", term) in self._reader:
            for number in self._reader.postings("id", term).all_ids():
                self._writer.delete_document(number)

    def commit(self, merge: bool = True) -> None:
        """Writes what is left; small segments are merged with it, unless there is more to come."""
        self._reader.close()
        self._writer.commit(merge=merge)

    def cancel(self) -> None:
        """Lets go of everything; the folder is as good as lost."""
        self._reader.close()
        self._writer.cancel()


class _Postings:
    """The postings of one segment, by field and term, in the order of the articles."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[bytes, tuple[array[int], array[float], list[bytes]]]] = (
            defaultdict(lambda: defaultdict(lambda: (array("I"), array("f"), [])))
        )
        self.count = 0

    def put(self, field: str, term: str, number: int, weight: float, value: bytes = b"") -> None:
        self.add((field, term.encode("utf-8", "replace"), number, weight, value))

    # What Whoosh asks of the pool when it merges segments into this one:

    def add(self, posting: tuple[str, bytes, int, float, bytes]) -> None:
        field, term, number, weight, value = posting
        numbers, weights, values = self.fields[field][term]
        numbers.append(number)
        weights.append(weight)
        values.append(value)
        self.count += 1

    def iter_postings(self) -> "_Postings":
        return self

    def cleanup(self) -> None:
        self.fields.clear()


class _SegmentWriter(SegmentWriter):  # type: ignore[misc]
    def __init__(self, ix: index.FileIndex) -> None:
        super().__init__(ix, codec=_Codec(), compound=False, _lk=False)
        self.pool = self.postings = _Postings()

    def add(self, article: Article) -> None:
        self.perdocwriter.start_doc(self.docnum)
        self._put_text(article)
        for name in FACET_FIELDS:
            for value in values(article, name):
                self.postings.put(f"{name}_value", value, self.docnum, 1.0)
        self.postings.put("id", article.id, self.docnum, 1.0)
        self._put_column("id", article.id.encode())
        self._put_column("day", article.day.toordinal() if article.day else 0)
        self._put_column("instant", UNDATED if article.instant is None else article.instant)
        self.perdocwriter.add_field("article", self.schema["article"], article.to_json(), 0)
        self.perdocwriter.finish_doc()
        self.docnum += 1
        self._added = True

    def delete_added(self, id: bytes) -> None:
        """Takes out the article with this id if it was added to this very segment."""
        if id in self.postings.fields["id"]:
            self.newsegment.delete_document(self.postings.fields["id"][id][0][-1])

    def _put_text(self, article: Article) -> None:
        for name in TEXT_FIELDS:
            stems: dict[str, int] = defaultdict(int)
            places: dict[str, list[int]] = defaultdict(list)
            start = length = 0
            for value in texts(article, name):
                terms = analysis.terms(value)
                for place, (written, stem) in enumerate(terms, start):
                    stems[stem] += 1
                    places[written].append(place)
                start += len(terms) + VALUE_GAP
                length += len(terms)
            for stem, times in stems.items():
                self.postings.put(name, stem, self.docnum, times)
            for written, positions in places.items():
                value_bytes = _encode(positions)
                self.postings.put(
                    f"{name}_written", written, self.docnum, len(positions), value_bytes
                )
            for field in (name, f"{name}_written"):
                self.perdocwriter.add_field(field, self.schema[field], None, length)

    def _put_column(self, name: str, value: object) -> None:
        self.perdocwriter.add_column_value(name, self.schema[name].column_type, value)


def _encode(positions: list[int]) -> bytes:
    """Positions as Whoosh's own format has them: the count, and the steps pickled."""
    steps = [after - before for before, after in zip([0, *positions], positions, strict=False)]
    return struct.pack("!I", len(steps)) + pickle.dumps(steps, 2)


class _Codec(whoosh3.W3Codec):  # type: ignore[misc]
    """Writes what W3Codec reads, a term at a time."""

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> whoosh3.W3PostingsWriter:
        return _PostingsWriter(
            dbfile, blocklimit=self._blocklimit, compression=self._compression, byteids=byteids
        )

    def field_writer(self, storage: Any, segment: Any) -> whoosh3.W3FieldWriter:
        return _FieldWriter(self, storage, segment)

    def new_segment(self, storage: Any, indexname: str) -> whoosh3.W3Segment:
        # Pickled into the index with its codec: stock Whoosh must find its own there.
        return whoosh3.W3Segment(whoosh3.W3Codec(), indexname)


class _PostingsWriter(whoosh3.W3PostingsWriter):  # type: ignore[misc]
    def _write_block(self, last: bool = False) -> None:
        if not self._blockcount:
            self._postfile.write(whoosh3.WHOOSH3_HEADER_MAGIC)
        self._terminfo.add_block(self)
        data = pickle.dumps((self._mini_ids(), self._mini_weights(), self._mini_values()), 2)
        compression = self._compression if len(data) >= _COMPRESS_FROM else 0
        if compression:
            data = zlib.compress(data, compression)
        shortest, longest = length_to_byte(self._minlength), length_to_byte(self._maxlength)
        facts = (len(self._ids), self._ids[-1], self._maxweight, compression, shortest, longest)
        head = pickle.dumps(facts, 2)
        size = len(head) + len(data)
        self._postfile.write_int(-size if last else size)
        self._postfile.write(head)
        self._postfile.write(data)
        self._blockcount += 1
        self._new_block()

    def put(
        self,
        numbers: "array[int]",
        weights: "array[float]",
        payloads: list[bytes],
        lengths: "np.ndarray[Any, np.dtype[np.int64]]",
    ) -> None:
        """A whole posting list, in blocks; the last one stays for `finish_postings`."""
        for start in range(0, len(numbers), self._blocklimit):
            if start:
                self._write_block()
            block = slice(start, start + self._blocklimit)
            self._ids, self._weights = numbers[block], weights[block]
            self._values = [payload for payload in payloads[block] if payload]
            self._maxweight = max(self._weights)
            inside = lengths[np.frombuffer(self._ids, np.uint32)]
            self._minlength, self._maxlength = int(inside.min()), int(inside.max())


class _FieldWriter(whoosh3.W3FieldWriter):  # type: ignore[misc]
    def add_postings(self, schema: fields.Schema, lengths: Any, postings: _Postings) -> None:
        total = lengths.doc_count_all()
        for name in sorted(postings.fields):
            self.start_field(name, schema[name])
            field_lengths = np.fromiter(_lengths(lengths, name, total), np.int64, total)
            terms = postings.fields[name]
            for term in sorted(terms):
                self.start_term(term)
                self._postwriter.put(*terms[term], field_lengths)
                self.finish_term()
            self.finish_field()


def _lengths(reader: Any, field: str, total: int) -> Iterator[int]:
    """The length of the field in each article, as Whoosh will read it back."""
    column = reader._cached_reader(f"_{field}_len", whoosh3.LENGTHS_COLUMN)
    return (byte_to_length(column[n]) if column else 0 for n in range(total))
