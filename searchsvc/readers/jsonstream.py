"""A file of JSON, of any size, taken apart into values of one article each; nothing is parsed.

>>> import io
>>> [chunk.data for chunk in chunks(io.BytesIO(b'[{"a": "}"},\\n {"a": [2]}]'), "a.json")]
[b'{"a": "}"}', b'{"a": [2]}']

Mostly a line is a value. Otherwise, in an array or where objects are spread over lines, an object
ends where its braces are balanced. A chunk with a fault is none, and says why.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import BinaryIO

from searchsvc.errors import ReadError
from searchsvc.readers.pieces import MAX_BYTES

_BLOCK = 1 << 20  # bytes read at a time
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{}]', re.DOTALL)
_BLANK = b" \t\r\n\x00\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"{\x00", b"[\x00", b"\x00")
_STEPS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1, b"": 0}  # b"" is the end of the file
_TOO_LARGE = f"is larger than {MAX_BYTES // 1_000_000} MB"


@dataclass(frozen=True, slots=True)
class Chunk:
    """The bytes of one value, or why they are none; `place` is where it stands in the file."""

    place: str
    number: int
    data: bytes = b""
    fault: str = ""


def chunks(stream: BinaryIO, name: str) -> Iterator[Chunk | None]:
    """The values in *stream*, a file called *name*; None now and then while bytes are dropped."""
    number, first = 1, stream.readline(MAX_BYTES + 1)
    while first.isspace():
        number, first = number + 1, stream.readline(MAX_BYTES + 1)
    if first.startswith(_WIDE):
        raise ReadError("is UTF-16 or UTF-32, or no text; JSON is UTF-8")
    if _is_document(first.strip(_BLANK), name):
        return _objects(stream, first)
    return _lines(stream, first, number)


def _is_document(line: bytes, name: str) -> bool:
    """Whether the file is more than a value a line, judged by its first line."""
    if ".jsonl" in name.lower() or ".ndjson" in name.lower():
        return line == b"["  # an array all the same
    tokens = [token for token in _TOKEN.findall(line) if len(token) == 1]
    opened = sum(token in b"[{" for token in tokens)
    return line.startswith(b"[") or (line.startswith(b"{") and opened * 2 != len(tokens))


def _lines(stream: BinaryIO, first: bytes, start: int) -> Iterator[Chunk | None]:
    read = partial(stream.readline, MAX_BYTES + 1)
    for number, line in enumerate(chain([first], iter(read, b"")), start):
        place = f"line {number}"
        if len(line) > MAX_BYTES:
            yield Chunk(place, number, fault=_TOO_LARGE)
            while (more := stream.readline(_BLOCK)) and not more.endswith(b"\n"):
                yield None
        elif line.strip(_BLANK) and (line.endswith(b"\n") or not stream.read(1)):
            yield Chunk(place, number, line)


def _objects(stream: BinaryIO, first: bytes) -> Iterator[Chunk | None]:
    """Each object; brackets and commas outside of objects only part them."""
    number = arrays = 0
    spans = _spans(stream, first)
    for token, text in spans:
        if stray := text.removesuffix(token).strip(_BLANK + b","):
            yield Chunk(f"after element {number}", number, fault=f"{_shown(stray)} is no object")
        if token == b"{":
            number += 1
            yield from _object(f"element {number}", number, spans)
        else:
            arrays += _STEPS[token]
    if arrays > 0:
        yield Chunk("", number, fault="the array is not closed: the file may be cut short")


def _object(
    place: str, number: int, spans: Iterator[tuple[bytes, bytes]]
) -> Iterator[Chunk | None]:
    """The rest of the object of which the opening brace has been taken."""
    parts, size, depth = [b"{"], 1, 1
    for token, text in spans:
        depth += _STEPS[token]
        size += len(text)
        if size <= MAX_BYTES:
            parts.append(text)
        elif depth:
            yield None
        if not token:
            yield Chunk(place, number, fault="the file ends inside it")
        if not depth:
            fault = "" if size <= MAX_BYTES else _TOO_LARGE
            yield Chunk(place, number, b"".join(parts), fault)
            return


def _shown(data: bytes) -> str:
    return repr(data[:40].decode("utf-8", "replace"))


def _spans(stream: BinaryIO, begun: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The brackets and braces outside of strings, each with all bytes since the one before."""
    while True:
        end = 0
        for token in _TOKEN.finditer(begun):
            if token.end() - token.start() == 1 and token.group() != b'"':
                yield token.group(), begun[end : token.end()]
                end = token.end()
        more = stream.read(_BLOCK)
        if not more:
            yield b"", begun[end:]
            return
        begun = begun[end:] + more
