"""A corpus that is watched: by notices of a real file system, one after another and in bursts."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_indexing import World

from searchsvc import watching
from searchsvc.errors import CorpusError
from searchsvc.report import IndexReport
from searchsvc.store import DirectoryStore
from searchsvc.watching import watch_corpus


class Watched(World):
    """A corpus with somebody who watches it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reports: list[IndexReport] = []
        self.complaints: list[str] = []
        self.stop = threading.Event()

    def start(self, corpus: Path | None = None) -> None:
        self.thread = threading.Thread(target=self._run, args=(corpus or self.corpus,))
        self.thread.start()
        self.wait_for(lambda: bool(self.reports))

    def _run(self, corpus: Path) -> None:
        watch_corpus(
            self.store, corpus, self.stop, tell=self.reports.append, complain=self.complaints.append
        )

    def wait_for(self, holds: Callable[[], bool], seconds: float = 30) -> None:
        """Returns when it holds; fails if it never does."""
        end = time.monotonic() + seconds
        while not holds():
            assert self.thread.is_alive()
            assert time.monotonic() < end, (self.titles(), self.reports, self.complaints)
            time.sleep(0.02)

    def wait_for_titles(self, *titles: str) -> None:
        self.wait_for(lambda: self.titles() == set(titles))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.2)
    world = Watched(tmp_path)
    yield world
    world.stop.set()
    world.thread.join()


def test_what_changes_is_indexed(world: Watched) -> None:
    world.text("a.txt", "Alpha")
    world.text("keep.txt", "Kept")
    world.start()
    world.wait_for_titles("Alpha", "Kept")
    world.text("new/folder/b.txt", "Beta")
    world.wait_for_titles("Alpha", "Kept", "Beta")
    world.text("a.txt", "Alpha anew")
    world.wait_for_titles("Alpha anew", "Kept", "Beta")
    (world.corpus / "a.txt").unlink()
    world.wait_for_titles("Kept", "Beta")
    before = world.ids()
    (world.corpus / "new").rename(world.corpus / "old")
    world.wait_for(lambda: world.ids() != before and len(world.ids()) == 2)
    world.wait_for_titles("Kept", "Beta")
    shutil.rmtree(world.corpus / "old")
    world.wait_for_titles("Kept")
    world.wait_for(lambda: world.reports[-1].total == 1)
    assert world.complaints == []


def test_a_small_change_reads_one_file(world: Watched) -> None:
    for number in range(50):
        world.text(f"{number}.txt", f"T{number}")
    world.start()
    world.text("7.txt", "Seven")
    world.wait_for(lambda: len(world.reports) > 1)
    assert (world.reports[1].files_found, world.reports[1].changed) == (1, 1)
    assert world.reports[1].total == 50


def test_a_burst_and_a_file_written_bit_by_bit_end_right(world: Watched) -> None:
    world.text("a.txt", "Alpha")
    world.start()
    with (world.corpus / "slow.jsonl").open("w") as slow:
        for number in range(200):
            world.text(f"burst/{number}.txt", f"T{number}")
            line = f'{{"id": "{number}", "title": "S{number}", "body": "b"}}\n'
            slow.write(line[:20])
            slow.flush()
            if number % 50 == 0:
                time.sleep(0.4)
            slow.write(line[20:])
            slow.flush()
    wanted = {"Alpha", *(f"T{n}" for n in range(200)), *(f"S{n}" for n in range(200))}
    world.wait_for(lambda: world.titles() == wanted)
    assert world.update(may_shrink=False).generation is None, "nothing was missed"


def test_a_file_that_is_replaced_as_editors_do_is_seen(world: Watched) -> None:
    path = world.text("a.txt", "Alpha")
    world.start()
    for number in range(3):
        new = path.with_suffix(".txt~")
        new.write_text(f"Alpha {number}\n\nText.\n")
        os.replace(new, path)
        world.wait_for_titles(f"Alpha {number}")


def test_corrections_are_followed_when_they_change(world: Watched) -> None:
    world.text("a.txt", "Alpha", "President Reagan spoke.")
    world.start()
    (world.corpus.parent / "corrections.tsv").write_text("rename\tpeople\tReagan\tRonald Reagan\n")
    world.wait_for(lambda: world.people() == {"Alpha": ("Ronald Reagan",)})
    (world.corpus.parent / "corrections.tsv").write_text("rename\tpeople\n")
    world.wait_for(lambda: "line 1" in "".join(world.complaints))
    (world.corpus.parent / "corrections.tsv").unlink()
    world.wait_for(lambda: world.people() == {"Alpha": ("Reagan",)})


def test_an_unmounted_corpus_is_told_and_taken_up_again(world: Watched) -> None:
    for number in range(4):
        world.text(f"{number}.txt", f"T{number}")
    world.start()
    away = world.corpus.with_name("away")
    world.corpus.rename(away)
    world.wait_for(lambda: bool(world.complaints))
    world.corpus.mkdir()
    world.wait_for(lambda: "4 of 4 articles" in world.complaints[-1])
    assert len(world.titles()) == 4
    world.corpus.rmdir()
    away.rename(world.corpus)
    world.text("4.txt", "T4")
    world.wait_for_titles("T0", "T1", "T2", "T3", "T4")
    world.text("5.txt", "T5")
    world.wait_for_titles("T0", "T1", "T2", "T3", "T4", "T5")


def test_it_waits_while_somebody_else_writes(world: Watched) -> None:
    world.text("a.txt", "Alpha")
    world.start()
    with world.store.write():
        world.text("b.txt", "Beta")
        time.sleep(0.5)
        assert world.titles() == {"Alpha"}
    world.wait_for_titles("Alpha", "Beta")
    assert world.complaints == []


def test_one_file_may_be_watched(world: Watched) -> None:
    path = world.jsonl("all.jsonl", {"id": "1", "title": "One", "body": "b"})
    world.text("other.txt", "Other")
    world.start(path)
    world.wait_for_titles("One")
    world.jsonl("all.jsonl", *({"id": n, "title": n, "body": "b"} for n in ("1", "2")))
    world.text("other2.txt", "Other")
    world.wait_for_titles("1", "2")


def test_a_link_out_of_the_corpus_and_an_index_inside_are_in_nobodys_way(
    world: Watched, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (world.corpus / "link").symlink_to(outside)
    world.store = DirectoryStore(world.corpus / "index")
    world.text("a.txt", "Alpha")
    world.start()
    (outside / "x.txt").write_text("X\n\nText.\n")
    world.text("b.txt", "Beta")
    world.wait_for_titles("Alpha", "Beta")
    count = len(world.reports)
    time.sleep(1.5)
    assert len(world.reports) <= count + 1, "what we write ourselves is nothing to do"


def test_no_corpus_is_an_error(world: Watched, tmp_path: Path) -> None:
    world.thread = threading.Thread()
    world.thread.start()
    with pytest.raises(CorpusError, match="cannot be opened"):
        watch_corpus(world.store, tmp_path / "nowhere", world.stop)
