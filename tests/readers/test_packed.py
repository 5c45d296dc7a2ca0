"""Archives and compressed files: every format in every wrapping, with its ids and places."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from searchsvc.article import Article, path_id
from searchsvc.corpus import CorpusFile
from searchsvc.readers import (
    READERS,
    Format,
    Item,
    Note,
    Problem,
    read,
    reader_of,
    reader_version,
)

PROSE = "The council voted on Tuesday to build the eastern quay, after a debate of five hours."
MEMBERS = {
    "./docs/a.txt": f"A\n\n{PROSE}\n",
    "b.html": f"<title>B</title><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p>",
    "c.sgm": f'<REUTERS NEWID="7"><TEXT><TITLE>C</TITLE><BODY>{PROSE}</BODY></TEXT></REUTERS>',
    "d.jsonl": '{"title": "D", "body": "d"}\n{"title": 7}\n',
    "photo.jpg": "\x00",
    ".hidden.txt": "H",
    "__MACOSX/e.txt": "M",
    "program": "\x7fELF",
}


def tar(mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in MEMBERS.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
        folder = tarfile.TarInfo("folder.txt")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(name.removeprefix("./"), content)
        archive.writestr("folder.txt/", "")
    return buffer.getvalue()


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "x.tar": lambda: tar("w"),
    "x.tar.gz": lambda: tar("w:gz"),
    "x.tgz": lambda: tar("w:gz"),
    "x.tar.bz2": lambda: tar("w:bz2"),
    "x.tbz2": lambda: tar("w:bz2"),
    "x.tar.xz": lambda: tar("w:xz"),
    "x.TXZ": lambda: tar("w:xz"),
    "x.zip": zipped,
}


def items_of(path: Path, content: bytes) -> list[Item]:
    path.write_bytes(content)
    reader = reader_of(path.name)
    assert reader
    return list(read(CorpusFile(path, f"wire/{path.name}", len(content), 0, reader, "wire")))


@pytest.mark.parametrize("name", ARCHIVES)
def test_members_are_read_in_order_each_by_its_reader(name: str, tmp_path: Path) -> None:
    items = items_of(tmp_path / name, ARCHIVES[name]())
    articles = [item for item in items if isinstance(item, Article)]
    assert [(article.title, article.source) for article in articles] == [
        *(("A", "wire"), ("B", "wire"), ("C", "Reuters"), ("D", "wire"))
    ]
    assert [article.id for article in articles] == [
        path_id(f"wire/{name}/docs/a.txt"),
        path_id(f"wire/{name}/b.html"),
        "reuters-7",
        path_id(f"wire/{name}/d.jsonl", 1),
    ]
    assert [item for item in items if not isinstance(item, Article)] == [
        Note("c.sgm: NEWID 7", "date not understood: ''"),
        Problem("d.jsonl: line 2", "'title' is 7, not text"),
    ]


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
@pytest.mark.parametrize("name", ["a.txt", "b.html", "c.sgm", "d.jsonl", "notes", "b.html?id=1.5"])
def test_a_file_compressed_by_itself_is_read_as_what_it_is(
    name: str, suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    plain = MEMBERS.get(name.partition("?")[0], MEMBERS["./docs/a.txt"]).encode()
    packed, *_ = items_of(tmp_path / f"{name}{suffix}", compress(plain))
    bare, *_ = items_of(tmp_path / name, plain)
    assert isinstance(packed, Article)
    assert isinstance(bare, Article)
    assert (packed.title, packed.body) == (bare.title, bare.body)


def test_what_comes_before_the_damage_is_read(tmp_path: Path) -> None:
    lines = "".join(f'{{"title": "T{number}", "body": "{PROSE}"}}\n' for number in range(500))
    packed = gzip.compress(lines.encode(), 1)
    *articles, problem = items_of(tmp_path / "d.jsonl.gz", packed[: len(packed) // 2])
    assert len(articles) > 200
    assert [a.title for a in articles if isinstance(a, Article)] == [
        f"T{number}" for number in range(len(articles))
    ]
    assert isinstance(problem, Problem)
    assert problem.place == ""
    assert problem.reason.startswith("is damaged: ")


def test_damage_within_a_member_is_told_once_and_at_its_place(tmp_path: Path) -> None:
    data = tar("w")
    items = items_of(tmp_path / "x.tar", data[: data.index(b"<REUTERS") + 40])
    assert [item for item in items if isinstance(item, Problem)] == [
        Problem("c.sgm", "is damaged: unexpected end of data")
    ]


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1  # the flag in the central directory
    items = items_of(tmp_path / "x.zip", bytes(data))
    assert items[0] == Problem("docs/a.txt", "is encrypted")
    assert len([item for item in items if isinstance(item, Article)]) == 3


def test_a_link_in_a_zip_is_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("a.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert items_of(tmp_path / "x.zip", buffer.getvalue()) == [
        Problem("a.txt", "is a link, not a file")
    ]


def test_what_hands_files_over_is_read_anew_when_their_reader_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def versions() -> list[int]:
        return [reader_version(name) for name in ("archive", "compressed", "text", "jsonl")]

    before = versions()
    monkeypatch.setitem(READERS, "html", Format((".html",), "html", READERS["html"].version + 1))
    assert versions() == [*(version + 1 for version in before[:3]), before[3]]
