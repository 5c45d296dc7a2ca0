"""What a scan finds below a folder, in which order, under which names."""

import os
from pathlib import Path

import pytest

from searchsvc.corpus import CorpusFile, Skipped, scan
from searchsvc.errors import CorpusError, ReadError


def make(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Ferry runs aground\n\nNobody was hurt.\n")
    return root


def names(root: Path, below: Path | None = None) -> list[str]:
    return [entry.name for entry in scan(root, below)]


def test_names_are_posix_paths_below_the_root_in_code_point_order(tmp_path: Path) -> None:
    make(tmp_path, "b.txt", "a/z.txt", "a-b.txt", "a.txt", "B.txt", "a/A.txt", "ä.txt", "c/d/e.txt")
    found = names(tmp_path)
    assert found == sorted(found)
    assert found == [
        *("B.txt", "a-b.txt", "a.txt", "a/A.txt", "a/z.txt", "b.txt", "c/d/e.txt", "ä.txt")
    ]


def test_a_file_is_described(tmp_path: Path) -> None:
    make(tmp_path, "Harbour Wire/port/ferry.html")
    path = tmp_path / "Harbour Wire/port/ferry.html"
    os.utime(path, ns=(0, 1_536_930_000_000_000_001))
    assert list(scan(tmp_path)) == [
        CorpusFile(
            path=path,
            name="Harbour Wire/port/ferry.html",
            size=37,
            mtime_ns=1_536_930_000_000_000_001,
            reader="html",
            source="Harbour Wire",
        )
    ]


def test_the_source_of_a_file_in_the_root_is_the_root(tmp_path: Path) -> None:
    root = make(tmp_path / "archive", "a.txt", "Courier/b.txt")
    assert [f.source for f in scan(root) if isinstance(f, CorpusFile)] == ["Courier", "archive"]


def test_one_file_can_be_the_corpus(tmp_path: Path) -> None:
    root = make(tmp_path / "archive", "a.txt", "b.txt")
    (found,) = scan(root / "a.txt")
    assert isinstance(found, CorpusFile)
    assert (found.name, found.source) == ("a.txt", "archive")


def test_a_part_of_the_corpus_keeps_its_names(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "b/c.txt", "b/d.txt", "e.txt")
    assert names(tmp_path, tmp_path / "b") == ["b/c.txt", "b/d.txt"]
    assert names(tmp_path, tmp_path / "b" / "d.txt") == ["b/d.txt"]
    assert names(tmp_path, tmp_path) == ["a.txt", "b/c.txt", "b/d.txt", "e.txt"]
    assert names(tmp_path, tmp_path / "gone") == []


def test_a_part_outside_of_the_corpus_is_an_error(tmp_path: Path) -> None:
    root = make(tmp_path / "archive", "a.txt")
    with pytest.raises(CorpusError, match="is not inside the corpus"):
        scan(root, tmp_path)


def test_a_missing_root_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be opened: No such file or directory"):
        scan(tmp_path / "gone")


def test_a_root_that_is_a_link_is_followed(tmp_path: Path) -> None:
    make(tmp_path / "real", "a.txt")
    (tmp_path / "corpus").symlink_to("real")
    assert names(tmp_path / "corpus") == ["a.txt"]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, ".git/config.txt", ".a.txt", "b/.c/d.txt", "e.txt")
    assert names(tmp_path) == ["e.txt"]


def test_a_hidden_part_is_passed_over_too(tmp_path: Path) -> None:
    make(tmp_path, "a/.b.txt", ".c/d.txt")
    assert names(tmp_path, tmp_path / "a" / ".b.txt") == []
    assert names(tmp_path, tmp_path / ".c") == []


def test_folders_without_end_are_left_at_some_depth(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(400):
        folder = folder / "a"
        folder.mkdir()
    make(tmp_path, "b.txt")
    deep, found = scan(tmp_path)
    assert isinstance(deep, Skipped)
    assert deep.reason == "is more than 100 folders deep"
    assert found.name == "b.txt"


def test_what_no_reader_knows_is_ignored(tmp_path: Path) -> None:
    make(
        tmp_path,
        "photo.JPG",
        "README.md",
        "notes.docx",
        "quay.md",
        "Talks with the U.S. fail",
        "2018.09.14",
        "a.TXT",
        "story.html?id=1.jpg",
        "news.php?id=1",
        "photo.jpg?w=300.5",
        "feed.jsonl.gz?page=2",
        "Is it a README.md?",
    )
    found = {e.name: e.reader if isinstance(e, CorpusFile) else e.reason for e in scan(tmp_path)}
    assert found == {
        "2018.09.14": "text",
        "README.md": "tells about the folder, by its name",
        "Talks with the U.S. fail": "text",
        "Is it a README.md?": "markdown",
        "a.TXT": "text",
        "feed.jsonl.gz?page=2": "compressed",
        "news.php?id=1": "text",
        "notes.docx": "no reader for .docx files",
        "photo.JPG": "no reader for .jpg files",
        "photo.jpg?w=300.5": "text",
        "quay.md": "markdown",
        "story.html?id=1.jpg": "html",
    }


def test_a_link_to_what_is_hidden_is_followed_once(tmp_path: Path) -> None:
    make(tmp_path, ".store/v2/a.txt")
    (tmp_path / "current").symlink_to(".store/v2")
    (tmp_path / "newest").symlink_to(".store/v2")
    (tmp_path / ".store/v2/up").symlink_to(tmp_path / ".store")
    found = [entry.name for entry in scan(tmp_path) if isinstance(entry, CorpusFile)]
    assert found == ["current/a.txt"]


def test_hard_links_are_files_of_their_own(tmp_path: Path) -> None:
    make(tmp_path, "a.txt")
    (tmp_path / "b.txt").hardlink_to(tmp_path / "a.txt")
    assert names(tmp_path) == ["a.txt", "b.txt"]


def test_a_file_swapped_for_a_link_after_the_scan_is_not_opened(tmp_path: Path) -> None:
    make(tmp_path, "corpus/a.txt", "secret.txt")
    (found,) = scan(tmp_path / "corpus")
    assert isinstance(found, CorpusFile)
    found.path.unlink()
    found.path.symlink_to(tmp_path / "secret.txt")
    with pytest.raises(ReadError, match="cannot be read just now"):
        found.open()


def test_a_folder_swapped_for_a_link_after_the_scan_is_not_passed(tmp_path: Path) -> None:
    make(tmp_path, "corpus/b/a.txt", "secret/a.txt")
    (found,) = scan(tmp_path / "corpus")
    assert isinstance(found, CorpusFile)
    (tmp_path / "corpus/b").rename(tmp_path / "b")
    (tmp_path / "corpus/b").symlink_to(tmp_path / "secret")
    with pytest.raises(ReadError, match="cannot be read just now"):
        found.open()


def test_a_file_swapped_for_a_fifo_after_the_scan_does_not_hang(tmp_path: Path) -> None:
    make(tmp_path, "corpus/a.txt")
    (found,) = scan(tmp_path / "corpus")
    assert isinstance(found, CorpusFile)
    found.path.unlink()
    os.mkfifo(found.path)
    with pytest.raises(ReadError, match="is a FIFO, not a regular file"):
        found.open()


def test_opening_leaves_no_file_open(tmp_path: Path) -> None:
    make(tmp_path, "a/b/c/d.txt")
    (found,) = scan(tmp_path)
    assert isinstance(found, CorpusFile)
    before = len(os.listdir("/proc/self/fd"))
    found.open().close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_one_entry_that_fails_does_not_cost_its_folder(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "c.txt")
    (tmp_path / "b.txt").symlink_to("b.txt")
    assert list(scan(tmp_path))[1] == Skipped("b.txt", "is a link that leads back to itself")
    assert names(tmp_path) == ["a.txt", "b.txt", "c.txt"]
