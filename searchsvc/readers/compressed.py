"""One file of another format, compressed by itself: page.html.gz, wire.jsonl.xz."""

from collections.abc import Iterator

from searchsvc.errors import ReadError
from searchsvc.readers import reader_of, splitter, suffix_of, without_query
from searchsvc.readers.pieces import Piece, Source
from searchsvc.readers.unpacking import unpacked


def split(source: Source) -> Iterator[Piece]:
    """The pieces of what was compressed; their ids are by the name of the compressed file."""
    suffix = suffix_of(source.name)
    inner = reader_of(without_query(source.name)[: -len(suffix)])
    if inner in (None, "archive", "compressed"):
        raise ReadError("is packed twice: only one file of text, HTML, SGML or JSON can be in it")
    plain = unpacked(source.stream, suffix)
    yield from splitter(inner)(Source(source.name, source.publisher, plain))
