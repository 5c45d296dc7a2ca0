"""The members of a tar or zip archive, each by the reader for its name.

Members are read one after the other and never written to disk. What an archive may hold beside
files, links, devices, names that lead out of it, other archives, is a problem each; what no reader
knows is passed over, as it is in a folder.
"""

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BufferedReader, BytesIO
from typing import Self

from searchsvc.errors import ReadError
from searchsvc.readers import WRAPPERS, reader_of, splitter, suffix_of
from searchsvc.readers.encoding import binary_kind
from searchsvc.readers.pieces import Item, Note, Piece, Problem, Source, failed, no_items
from searchsvc.readers.unpacking import Damaged, Meter, checked, damage_named, unpacked

_SHORT = {".tgz": ".gz", ".tbz2": ".bz2", ".txz": ".xz"}
_SNIFFED = 8192  # bytes that tell whether a member without a suffix is text
_STEP = 1 << 20  # bytes passed over at a time
_ENCRYPTED = 1  # in the flags of a zip member


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    fault: str  # why it is not read, if it is not
    stream: BufferedReader


def split(source: Source) -> Iterator[Piece]:
    """The pieces of every member, in the order of the archive."""
    is_zip = suffix_of(source.name) == ".zip"
    members = _zip_members(source) if is_zip else _tar_members(source)
    damaged = False
    while member := _next(members, damaged):
        for read in (_pieces,) if is_zip else (_pieces, _rest):
            try:
                yield from read(source, member)
                damaged = False
            except ReadError as error:
                yield failed(member.name, str(error))
                damaged = isinstance(error, Damaged)
            if damaged:
                break


def _next(members: Iterator[_Member], damaged: bool) -> _Member | None:
    try:
        return next(members, None)
    except Damaged:
        if damaged:
            return None  # it has been reported already, at the member in which it begins
        raise


def _pieces(source: Source, member: _Member) -> Iterator[Piece]:
    reader = reader_of(member.name)
    if member.fault:
        yield failed(member.name, member.fault)
    elif reader in WRAPPERS:
        yield failed(member.name, "is an archive in an archive")
    elif reader and not _is_passed_over(member):
        inner = Source(f"{source.name}/{member.name}", source.publisher, member.stream)
        for piece in splitter(reader)(inner):
            yield _within(member.name, piece)


def _rest(_: Source, member: _Member) -> Iterator[Piece]:
    # What is passed over may be gigabytes: the pieces say that it goes on.
    while member.stream.read(_STEP):
        yield Piece("", no_items)


def _is_passed_over(member: _Member) -> bool:
    if any(part.startswith(".") or part == "__MACOSX" for part in member.name.split("/")):
        return True
    return not suffix_of(member.name) and bool(binary_kind(member.stream.peek(_SNIFFED)))


def _within(member: str, piece: Piece) -> Piece:
    """*piece* with its place in the archive."""
    place = f"{member}: {piece.place}" if piece.place else member
    return Piece(place, lambda: map(partial(_moved, member), piece.items()))


def _moved(member: str, item: Item) -> Item:
    match item:
        case Problem() | Note():
            return replace(item, place=f"{member}: {item.place}" if item.place else member)
        case _:
            return item


def _fault(name: str) -> str:
    outside = name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/")
    return "has a name that leads out of the archive" if outside else ""


def _tar_members(source: Source) -> Iterator[_Member]:
    suffix = suffix_of(source.name)
    packing = _SHORT.get(suffix, suffix.removeprefix(".tar"))
    plain = unpacked(source.stream, packing)
    with damage_named(), tarfile.open(fileobj=plain, mode="r|", tarinfo=_StrictInfo) as tar:
        while info := tar.next():
            tar.members.clear()  # type: ignore[attr-defined]  # else they are all kept
            if info.isdir():
                continue
            name = info.name.removeprefix("./")
            fault = _fault(name) or ("" if info.isreg() else "is a link or a device, not a file")
            stream = None if fault else tar.extractfile(info)
            yield _Member(name, fault, checked(stream or BytesIO(), Meter(plain.tell)))


class _StrictInfo(tarfile.TarInfo):
    """A tar header; a broken one is damage, where tarfile takes it for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if not buf.strip(b"\0"):
                raise  # what does mark the end
            raise Damaged(f"is damaged: no tar header where one must be ({error})") from None


def _zip_members(source: Source) -> Iterator[_Member]:
    with damage_named():
        size = source.stream.seek(0, 2)
        archive = zipfile.ZipFile(source.stream)
    meter = Meter(lambda: size)
    for info in archive.infolist():
        if not info.is_dir():
            yield _zip_member(archive, info, meter)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> _Member:
    name = info.filename
    if fault := _fault(name) or _zip_fault(info):
        return _Member(name, fault, _nothing())
    try:
        with damage_named():
            return _Member(name, "", checked(archive.open(info), meter))
    except Damaged as error:
        return _Member(name, str(error), _nothing())


def _nothing() -> BufferedReader:
    return BufferedReader(BytesIO())


def _zip_fault(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return "is a link, not a file" if stat.S_ISLNK(info.external_attr >> 16) else ""
