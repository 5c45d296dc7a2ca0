"""Packed bytes as a plain stream, whatever may be wrong with them.

>>> import gzip, io
>>> plain = unpacked(io.BytesIO(gzip.compress(b"Prices rose.")), ".gz")
>>> plain.read()
b'Prices rose.'

Half a dozen libraries report damage in as many ways; here all of it is a ReadError. So is a bomb:
some kilobytes that unpack to gigabytes.
"""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from searchsvc.errors import ReadError

# Text packs to a fifth or a tenth; a hundredth is for machines, and harmless while it is small.
_RATIO = 100
_ALLOWED = 1_000_000_000  # bytes

_OPENERS: dict[str, Callable[[BinaryIO], object]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
_DAMAGE = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile),
    *(NotImplementedError, RuntimeError),  # zipfile: an unknown method, a password
    *(ValueError, struct.error),  # offsets and sizes that cannot be
)


class Damaged(ReadError):
    """Packed bytes that cannot be unpacked, here and probably from here on."""


class Meter:
    """Weighs what has come out of an archive against what has gone in."""

    def __init__(self, packed: Callable[[], int]) -> None:
        self._packed = packed
        self._out = 0

    def add(self, size: int) -> None:
        """Counts *size* bytes; Damaged when they are too many to be honest."""
        self._out += size
        if self._out > _ALLOWED and self._out > _RATIO * self._packed():
            raise Damaged(f"unpacks to more than {_RATIO} times its size, as bombs do")


def unpacked(packed: BinaryIO, suffix: str) -> io.BufferedReader:
    """The plain bytes of *packed*, which is compressed as its *suffix* says, if at all."""
    opener = _OPENERS.get(suffix)
    return checked(opener(packed) if opener else packed, Meter(packed.tell))


def checked(stream: object, meter: Meter) -> io.BufferedReader:
    """*stream* up to where it is damaged; who reads on from there meets Damaged."""
    return _Buffered(_Checked(cast(io.BufferedIOBase, stream), meter), 1 << 16)


class _Checked(io.RawIOBase):
    """Ends at the damage: an exception would cost what is in the buffer above."""

    def __init__(self, stream: io.BufferedIOBase, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter
        self.damage: Damaged | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed: Buffer
        if self.damage:
            return 0
        try:
            with damage_named():
                data = self._stream.read1(len(buffer))
            self._meter.add(len(data))
        except Damaged as damage:
            self.damage = damage
            return 0
        buffer[: len(data)] = data
        return len(data)


class _Buffered(io.BufferedReader):
    """A buffer that tells of the damage when all before it has been read."""

    raw: _Checked

    def read(self, size: int | None = -1, /) -> bytes:
        return self._or_damage(super().read(size))

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._or_damage(super().readline(size))

    def _or_damage(self, data: bytes) -> bytes:
        if not data and self.raw.damage:
            raise self.raw.damage
        return data


@contextmanager
def damage_named() -> Iterator[None]:
    """Turns what the libraries raise over damage into Damaged."""
    try:
        yield
    except _DAMAGE as error:
        message = " ".join(str(error).split()) or "it ends too early"
        raise Damaged(f"is damaged: {message}") from None
