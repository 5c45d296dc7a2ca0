"""Articles into a tantivy index: which field holds what, and how it is written.

Words are told apart and stemmed by us. tantivy gets them joined by spaces, so that its own analysis
has only to part them again: terms are equal to those of the other engines by construction.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tantivy

from searchsvc import analysis
from searchsvc.article import Article
from searchsvc.errors import IndexDamaged
from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS, texts, values

VERSION = "tantivy 0.27, layout 1"

MEMORY_BYTES = 128 << 20  # of postings, before they are written as a segment
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)|\bcode: (\d+)")
UNDATED = 1e18  # seconds: behind every date


def schema() -> tantivy.Schema:
    """What stands where. For a text field `body` and a facet `people`:

    body            stems and how often
    body_written    folded words, with positions
    people_value    the values as they are, also as a column
    id              ids, also as a column
    day             a column: the ordinal of the day; none where there is no date
    newest, oldest  columns, both in rising order: seconds before and since 1970
    article         the whole article as JSON, stored
    """
    made = tantivy.SchemaBuilder()
    made.add_text_field("id", fast=True, tokenizer_name="raw", index_option="basic")
    for name in TEXT_FIELDS:
        made.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
        made.add_text_field(f"{name}_written", tokenizer_name="whitespace")
    for name in FACET_FIELDS:
        made.add_text_field(f"{name}_value", fast=True, tokenizer_name="raw", index_option="basic")
    made.add_integer_field("day", indexed=True, fast=True)
    made.add_float_field("newest", fast=True)
    made.add_float_field("oldest", fast=True)
    made.add_bytes_field("article", stored=True)
    return made.build()


@contextmanager
def honest_errors() -> Iterator[None]:
    """Has what tantivy meets raised as what it is.

    Its panics, which are no Exceptions, as IndexDamaged, and the system's errors, which it tells as
    text, as OSError.
    """
    try:
        yield
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"
        told = (
            _SYSTEM_ERROR.search(str(error)) if is_panic or isinstance(error, ValueError) else None
        )
        if told:
            number = int(told[1] or told[2])
            raise OSError(number, os.strerror(number), "the index of tantivy") from error
        if is_panic:
            raise IndexDamaged(f"tantivy cannot read its index: {error}") from error
        raise


class TantivyWriter:
    """Adds and deletes in the index in *folder*, which nobody else has open for writing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _writing(folder):
            # Opened for each batch: what has it open for long leaves files behind.
            is_there = tantivy.Index.exists(str(folder))
            index = (
                tantivy.Index.open(str(folder))
                if is_there
                else tantivy.Index(schema(), path=str(folder))
            )
            self._writer = index.writer(heap_size=MEMORY_BYTES, num_threads=1)

    def add(self, article: Article) -> None:
        """Puts an article in; its id must not be there, or be deleted first."""
        with _writing(self._folder):
            self._writer.add_document(_document(article))

    def delete(self, id: str) -> None:
        """Takes the article with this id out, if it is there."""
        with _writing(self._folder):
            self._writer.delete_documents_by_term("id", id)

    def commit(self, merge: bool = True) -> None:
        """Writes what is left. Segments are merged as tantivy sees fit, whatever *merge* says."""
        with _writing(self._folder):
            self._writer.commit()
            self._writer.wait_merging_threads()
        # Generations share their files, and must not share a lock.
        (self._folder / ".tantivy-writer.lock").unlink(missing_ok=True)

    def cancel(self) -> None:
        """Lets go of everything; the folder is as good as lost."""
        with _writing(self._folder):
            self._writer.rollback()
            self._writer.wait_merging_threads()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """`honest_errors`, also where a thread of tantivy's own met something and does not tell."""
    try:
        with honest_errors():
            yield
    except ValueError as error:
        if "writer was killed" not in str(error):
            raise
        # If it is the disk, we meet it too.
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(1 << 16))
            file.flush()
            os.fsync(file.fileno())
        raise OSError(f"tantivy stopped writing in {folder} and does not say why") from error


def _document(article: Article) -> tantivy.Document:
    made = tantivy.Document()
    made.add_text("id", article.id)
    for name in TEXT_FIELDS:
        for text in texts(article, name):
            written, stems = analysis.joined(text)
            made.add_text(name, stems)
            made.add_text(f"{name}_written", written)
    for name in FACET_FIELDS:
        for value in values(article, name):
            made.add_text(f"{name}_value", whole(value))
    if article.day:
        made.add_integer("day", article.day.toordinal())
    instant = article.instant
    made.add_float("newest", UNDATED if instant is None else -instant)
    made.add_float("oldest", UNDATED if instant is None else instant)
    made.add_bytes("article", article.to_json().encode("utf-8", "surrogatepass"))
    return made


def whole(value: str) -> str:
    """*value* as it can be written: half a surrogate pair cannot."""
    return value.encode("utf-8", "replace").decode()


def stored(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> Article:
    """The article at *address*."""
    line = searcher.doc(address).get_first("article")
    assert isinstance(line, bytes)
    return Article.from_json(line.decode("utf-8", "surrogatepass"))
