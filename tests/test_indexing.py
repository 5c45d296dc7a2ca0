"""A corpus that changes, and the index that follows it."""

import json
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from searchsvc.article import Article, Entity
from searchsvc.corpus import CorpusFile
from searchsvc.engines.base import SearchRequest
from searchsvc.errors import CorpusError, CorrectionsError
from searchsvc.extract import rules
from searchsvc.extract.cache import NamesCache
from searchsvc.indexing import forget, update
from searchsvc.naming import NameSource
from searchsvc.query.tree import All
from searchsvc.readers import READERS, Problem
from searchsvc.readers.pieces import NOT_NOW, PARSER_DIED
from searchsvc.readers.sandbox import NameSearch, Workers
from searchsvc.report import IndexReport, Progress
from searchsvc.store import DirectoryDraft, DirectoryStore


class World:
    """A corpus in a folder, and its index; what reads it is started for each update, or kept."""

    def __init__(
        self, folder: Path, corpus: Path | None = None, readers: Workers | None = None
    ) -> None:
        self.readers = readers
        self.corpus = corpus or folder / "corpus"
        self.corpus.mkdir(exist_ok=True)
        self.store = DirectoryStore(folder / "index")
        self._mtime = 1_700_000_000

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self._mtime += 1  # no two writes within one tick of a coarse clock
        os.utime(path, (self._mtime, self._mtime))
        return path

    def text(self, name: str, headline: str, body: str = "Something happened today.") -> Path:
        return self.write(name, f"{headline}\n\n{body}\n")

    def jsonl(self, name: str, *articles: dict[str, str]) -> Path:
        return self.write(name, "".join(json.dumps(one) + "\n" for one in articles))

    def correct(self, *lines: str) -> None:
        content = "".join(line.replace(" | ", "\t") + "\n" for line in lines)
        (self.corpus / "corrections.tsv").write_text(content)

    def people(self) -> dict[str, tuple[str, ...]]:
        return {article.title: article.people for article in self.articles()}

    def update(self, corpus: Path | None = None, **options: object) -> IndexReport:
        options = {"may_shrink": True, "readers": self.readers, **options}
        return update(self.store, corpus or self.corpus, **options)  # type: ignore[arg-type]

    def titles(self) -> set[str]:
        return {article.title for article in self.articles()}

    def articles(self) -> list[Article]:
        result = self.store.current().engine.search(SearchRequest(query=All(), limit=100_000))
        return [hit.article for hit in result.hits]

    def ids(self) -> list[str]:
        return sorted(article.id for article in self.articles())


@pytest.fixture
def world(tmp_path: Path, readers: Workers) -> World:
    return World(tmp_path, readers=readers)


def counts(report: IndexReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.removed, report.total


def test_new_changed_and_vanished_files(world: World) -> None:
    world.text("a.txt", "Alpha")
    gone = world.text("b.txt", "Beta")
    world.text("c.txt", "Gamma")
    assert counts(world.update()) == (3, 0, 0, 3)
    world.text("c.txt", "Gamma rays")
    world.text("d.txt", "Delta")
    gone.unlink()
    report = world.update()
    assert counts(report) == (1, 1, 1, 3)
    assert (report.files_read, report.files_unchanged, report.files_vanished) == (2, 1, 1)
    assert world.titles() == {"Alpha", "Gamma rays", "Delta"}


def test_nothing_new_makes_no_generation(world: World) -> None:
    world.text("a.txt", "Alpha")
    assert world.update().generation == "000001"
    report = world.update()
    assert report.generation is None
    assert (report.files_read, report.files_unchanged, report.total) == (0, 1, 1)
    assert world.store.current().name == "000001"


def test_a_file_of_another_time_with_the_same_content_is_not_read_again(world: World) -> None:
    path = world.text("a.txt", "Alpha")
    world.update()
    os.utime(path, (1, 1))
    report = world.update()
    assert (report.files_read, report.files_unchanged) == (0, 1)


@pytest.mark.parametrize("fresh", [False, True])
def test_an_edit_that_keeps_size_and_time_waits_for_a_touch_or_a_rebuild(
    world: World, fresh: bool
) -> None:
    path = world.text("a.txt", "Alpha")
    world.update()
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text(path.read_text().replace("Alpha", "Omega"))
    os.utime(path, ns=times)
    assert world.update().files_unchanged == 1
    assert world.titles() == {"Alpha"}
    if not fresh:
        path.touch()
    world.update(fresh=fresh)
    assert world.titles() == {"Omega"}


def test_a_changed_article_keeps_its_id(world: World) -> None:
    world.text("desk/a.txt", "Alpha")
    world.update()
    before = world.ids()
    world.text("desk/a.txt", "Alpha, corrected")
    world.update()
    assert world.ids() == before
    world.update(fresh=True)
    assert world.ids() == before


def test_only_the_changed_articles_of_a_file_are_written(world: World) -> None:
    many = [{"id": f"n{n}", "title": f"Story {n}", "body": "Text."} for n in range(50)]
    world.jsonl("all.jsonl", *many)
    world.update()
    many[7]["title"] = "Another story"
    world.jsonl("all.jsonl", *many[:40], {"id": "new", "title": "New", "body": "Text."})
    assert counts(world.update()) == (1, 1, 10, 41)


def test_only_what_is_below_the_scanned_folder_can_vanish(world: World) -> None:
    world.text("north/a.txt", "Alpha")
    south = world.text("south/b.txt", "Beta")
    world.update()
    ids = world.ids()
    south.unlink()
    world.text("north/a.txt", "Alpha again")
    assert counts(world.update(world.corpus / "north")) == (0, 1, 0, 2)
    assert world.ids() == ids, "a part of the corpus is known by the same names"
    assert counts(world.update()) == (0, 0, 1, 1)


def test_another_corpus_is_added_to_the_first(world: World, tmp_path: Path) -> None:
    world.text("a.txt", "Alpha")
    world.update()
    other = tmp_path / "other"
    other.mkdir()
    (other / "z.txt").write_text("Omega\n\nFar away.\n")
    assert counts(world.update(other)) == (1, 0, 0, 2)
    assert counts(world.update()) == (0, 0, 0, 2)


def test_a_corpus_that_moved_does_not_hide_what_changes_in_it(world: World, tmp_path: Path) -> None:
    world.text("a.txt", "Alpha")
    world.text("b.txt", "Beta")
    world.update()
    world.corpus = world.corpus.rename(tmp_path / "moved")
    world.text("a.txt", "Alpha from the new place")
    world.update()
    assert world.titles() == {"Alpha from the new place", "Beta"}
    assert len(world.ids()) == 2


@pytest.mark.parametrize("order", [("a.jsonl", "b.jsonl"), ("b.jsonl", "a.jsonl")])
def test_of_two_articles_with_one_id_the_first_path_wins(
    world: World, order: tuple[str, str]
) -> None:
    for name in order:
        world.jsonl(name, {"id": "same", "title": f"From {name}", "body": "Text."})
        report = world.update()
    assert world.titles() == {"From a.jsonl"}
    (duplicate,) = [remark for remark in report.remarks if remark.fault]
    assert duplicate.name == "b.jsonl"
    assert "'same'" in duplicate.reason
    assert "'a.jsonl'" in duplicate.reason
    (world.corpus / "a.jsonl").unlink()
    report = world.update()
    assert world.titles() == {"From b.jsonl"}, "the other steps in"
    assert report.faults == 0


def test_of_two_articles_with_one_id_in_one_file_the_first_wins(world: World) -> None:
    same = [{"id": "same", "title": title, "body": "Text."} for title in ("First", "Second")]
    world.jsonl("a.jsonl", *same)
    report = world.update()
    assert world.titles() == {"First"}
    assert report.faults == 1
    world.jsonl("a.jsonl", same[1])
    world.update()
    assert world.titles() == {"Second"}


def test_an_id_falls_to_a_file_that_can_be_read_only_later(world: World) -> None:
    world.jsonl("a.jsonl", {"id": "same", "title": "From a", "body": "Text."})
    second = world.jsonl("b.jsonl", {"id": "same", "title": "From b", "body": "Text."})
    content = second.read_bytes()
    world.update()
    (world.corpus / "a.jsonl").unlink()
    second.unlink()
    os.mkfifo(second)
    report = world.update()
    assert world.titles() == set()
    assert report.faults == 2
    second.unlink()
    world.write("b.jsonl", content)
    assert world.update().faults == 0
    assert world.titles() == {"From b"}


def test_a_folder_around_an_indexed_one_takes_it_in(world: World) -> None:
    world.text("north/a.txt", "Alpha")
    world.jsonl("north/b.jsonl", {"id": "b", "title": "Beta", "body": "Text."})
    world.update(world.corpus / "north")
    report = world.update()
    assert report.faults == 0
    assert sorted(article.title for article in world.articles()) == ["Alpha", "Beta"]
    once = world.ids()
    assert world.update().generation is None
    world.update(fresh=True)
    assert world.ids() == once


def test_a_rebuild_names_what_it_leaves_out(world: World, tmp_path: Path) -> None:
    world.text("a.txt", "Alpha")
    world.update()
    other = tmp_path / "other"
    other.mkdir()
    (other / "z.txt").write_text("Omega\n\nFar away.\n")
    world.update(other)
    report = world.update(fresh=True)
    (left_out,) = [remark for remark in report.remarks if remark.fault]
    assert left_out.name == str(other)
    assert world.titles() == {"Alpha"}


@pytest.mark.parametrize("reason", [f"{PARSER_DIED} (signal 9)", f"{NOT_NOW}: Input/output error"])
def test_what_could_not_be_read_just_now_is_read_on_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    world.text("a.txt", "Alpha")
    real = Workers.read

    def killed(
        self: Workers, files: list[CorpusFile], names: NameSearch
    ) -> Iterator[tuple[CorpusFile, object]]:
        for file, items in real(self, files, names):
            list(items)
            yield file, _Died(items)

    class _Died(list[Problem]):
        def __init__(self, items: object) -> None:
            super().__init__([Problem("", reason)])
            self.place = 0

    monkeypatch.setattr(Workers, "read", killed)
    assert world.update().faults == 1
    monkeypatch.undo()
    assert world.update().faults == 0
    assert world.titles() == {"Alpha"}


def test_a_name_that_is_no_text_is_reported_and_searched(world: World) -> None:
    folder = os.fsdecode(b"d\xe9sk")
    world.text(f"{folder}/a.txt", "Alpha")
    world.write(f"{folder}/b.jsonl", '{"title": "Beta", "date": "\\ud800", "body": "b"}\n')
    report = world.update()
    assert report.added == 2
    assert all(remark.reason.isprintable() for remark in report.remarks)
    (source,) = {article.source for article in world.articles()}
    assert source == "d\ufffdsk"


def test_a_corpus_that_cannot_be_listed_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.text("a.txt", "Alpha")
    world.update()

    def broken(path: Path) -> object:
        if path == world.corpus:
            raise OSError(5, "Input/output error")
        return scandir(path)

    scandir = os.scandir
    monkeypatch.setattr("searchsvc.corpus.os.scandir", broken)
    report = world.update()
    monkeypatch.undo()
    assert (report.removed, report.total, report.faults) == (0, 1, 1)


def test_what_is_broken_is_named_on_every_run_until_it_is_mended(world: World) -> None:
    world.text("good.txt", "Good")
    world.write("bad.jsonl", '{"id": "ok", "title": "Fine", "body": "b"}\n{"title": \n')
    for _ in range(2):
        report = world.update()
        (fault,) = [remark for remark in report.remarks if remark.fault]
        assert (fault.name, fault.place) == ("bad.jsonl", "line 2")
        assert world.titles() == {"Good", "Fine"}
    world.jsonl("bad.jsonl", {"id": "ok", "title": "Fine", "body": "b"})
    assert world.update().faults == 0


def test_a_file_that_cannot_be_opened_keeps_its_articles(world: World) -> None:
    path = world.text("a.txt", "Alpha")
    world.text("b.txt", "Beta")
    world.update()
    path.unlink()
    os.mkfifo(path)
    report = world.update()
    assert report.files_failed == 1
    assert report.faults == 1
    assert world.titles() == {"Alpha", "Beta"}
    path.unlink()
    world.update()
    assert world.titles() == {"Beta"}


def test_a_dry_run_counts_the_same_and_writes_nothing(world: World) -> None:
    def tree() -> dict[str, float]:
        return {str(path): path.stat().st_mtime_ns for path in world.store.root.rglob("*")}

    world.text("a.txt", "Alpha")
    world.text("b.txt", "Beta")
    dry = world.update(dry_run=True)
    assert not world.store.root.exists()
    assert counts(dry) == counts(world.update())
    world.text("a.txt", "Alpha changed")
    (world.corpus / "b.txt").unlink()
    world.text("c.txt", "Gamma")
    before = tree()
    for fresh in (False, True):
        dry = world.update(dry_run=True, fresh=fresh)
        assert tree() == before
    assert world.store.current().name == "000001"
    dry = world.update(dry_run=True)
    wet = world.update()
    assert counts(dry) == counts(wet) == (1, 1, 1, 2)
    assert (dry.files_found, dry.files_read) == (wet.files_found, wet.files_read)


def test_a_new_version_of_a_reader_reads_its_files_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.text("a.txt", "Alpha")
    world.jsonl("b.jsonl", {"id": "b", "title": "Beta", "body": "Text."})
    world.update()
    newer = READERS["text"].__class__(
        READERS["text"].suffixes, READERS["text"].module, READERS["text"].version + 1
    )
    monkeypatch.setitem(READERS, "text", newer)
    report = world.update()
    assert (report.files_read, report.files_unchanged) == (1, 1)
    assert counts(report) == (0, 0, 0, 2)


def test_a_missing_corpus_is_an_error_and_touches_nothing(world: World) -> None:
    world.text("a.txt", "Alpha")
    world.update()
    with pytest.raises(CorpusError, match="nowhere"):
        world.update(world.corpus / "nowhere")
    assert world.store.current().name == "000001"


def test_an_empty_corpus_makes_an_empty_index(world: World) -> None:
    report = world.update()
    assert (report.total, report.generation) == (0, "000001")
    assert world.store.current().engine.count() == 0


def test_found_is_read_and_skipped(world: World) -> None:
    world.text("a.txt", "Alpha")
    world.write("b.jsonl", '{"title": "Beta", "body": "b"}\nno json\n{"title": "Gamma"}\n')
    world.write("picture.png", b"\x89PNG")
    report = world.update()
    assert report.articles_read + report.articles_skipped == 4
    assert [skipped.name for skipped in report.ignored] == ["picture.png"]
    assert report.faults == 1


def test_progress_reaches_the_end(world: World) -> None:
    told: list[Progress] = []
    for number in range(5):
        world.text(f"{number}.txt", f"Story {number}")
    world.update(progress=told.append)
    assert told[-1].bytes_done == told[-1].bytes_total > 0
    assert told[-1].articles == 5
    assert [now.bytes_done for now in told] == sorted(now.bytes_done for now in told)


def test_progress_is_told_within_a_file(world: World) -> None:
    told: list[Progress] = []
    many = ({"id": f"n{n}", "title": f"Story {n}", "body": "Text. " * 200} for n in range(300))
    world.jsonl("all.jsonl", *many)
    world.update(progress=told.append)
    share = [now.bytes_done / now.bytes_total for now in told]
    assert any(0.2 < part < 0.8 for part in share)


# -- names -----------------------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of articles as they are put into an index."""
    ids: list[str] = []
    add = DirectoryDraft.add

    def recording(draft: DirectoryDraft, article: Article) -> None:
        ids.append(article.id)
        add(draft, article)

    monkeypatch.setattr(DirectoryDraft, "add", recording)
    return ids


def haldane(world: World) -> None:
    """Three articles: two spell one man in two ways, one is about somebody else."""
    for id, body in (
        ("a", "Geoffrey Haldane spoke to the court in Lisbon."),
        ("b", "The court heard Geoffery Haldane, who lives in Leeds."),
        ("c", "Robert Jones won the cup in Hamburg."),
    ):
        world.jsonl(f"{id}.jsonl", {"id": id, "title": id, "body": body})


def test_corrections_rewrite_the_articles_that_they_change_and_no_other(
    world: World, written: list[str]
) -> None:
    haldane(world)
    world.update()
    before = world.people()
    world.correct("merge | people | Geoffery Haldane | Geoffrey Haldane")
    written.clear()
    dry = world.update(dry_run=True)
    report = world.update()
    assert counts(dry) == counts(report) == (0, 1, 0, 3)
    assert (report.files_read, written) == (0, ["b"])
    assert world.people() == before | {"b": ("Geoffrey Haldane",)}
    assert world.update().generation is None
    world.correct("# nothing any more")
    assert counts(world.update()) == (0, 1, 0, 3)
    assert world.people() == before
    assert written == ["b", "b"]


def test_corrections_are_made_with_other_changes_in_one_generation(world: World) -> None:
    haldane(world)
    world.update()
    world.correct("merge | people | Geoffery Haldane | Geoffrey Haldane")
    world.jsonl("d.jsonl", {"id": "d", "title": "d", "body": "Geoffery Haldane left."})
    (world.corpus / "c.jsonl").unlink()
    report = world.update()
    assert (counts(report), report.generation) == ((1, 1, 1, 3), "000002")
    assert set(world.people().values()) == {("Geoffrey Haldane",)}
    assert "corrections.tsv" not in {skipped.name for skipped in report.ignored}


def test_what_is_said_about_corrections_does_not_touch_the_index(world: World) -> None:
    haldane(world)
    world.correct("hide | people | Robert Jones")
    world.update()
    world.correct("# a firm", "hide | people | Robert Jones | # yes", "differ | people | A B | A C")
    assert world.update().generation is None


def test_corrections_that_cannot_be_followed_leave_the_index_as_it_is(world: World) -> None:
    haldane(world)
    world.update()
    world.correct("hide | people | Robert Jones", "hide | peopel | Geoffrey Haldane")
    world.text("new.txt", "New")
    for options in ({}, {"fresh": True}, {"dry_run": True}):
        with pytest.raises(CorrectionsError, match="line 2: 'peopel'"):
            world.update(**options)
    assert world.store.current().name == "000001"


def test_a_correction_that_matches_nothing_is_noted_on_every_run(world: World) -> None:
    haldane(world)
    world.correct("hide | people | Robert Jones", "hide | people | Nobody", "add | places | x | Y")
    for _ in range(2):
        report = world.update()
        said = {remark.place: remark.reason for remark in report.remarks}
        assert said == {
            "line 2": "no article names 'Nobody' in people",
            "line 3": "adds to the article 'x', which is not in the index",
        }
        assert report.faults == 0
    (world.corpus / "c.jsonl").unlink()
    assert "line 1" in {remark.place for remark in world.update().remarks}


def test_corrections_stay_with_an_article_that_falls_to_another_file(world: World) -> None:
    same = {"id": "same", "title": "same", "body": "Geoffery Haldane spoke."}
    world.jsonl("a.jsonl", same)
    world.jsonl("b.jsonl", same)
    world.jsonl("c.jsonl", same | {"body": "Geoffery Haldane spoke in Leeds."})
    world.update()
    world.correct("merge | people | Geoffery Haldane | Geoffrey Haldane")
    assert counts(world.update()) == (0, 1, 0, 1)
    for name, changed in (("a.jsonl", 0), ("b.jsonl", 1)):
        (world.corpus / name).unlink()
        report = world.update()
        assert counts(report) == (0, changed, 0, 1)
        assert world.people() == {"same": ("Geoffrey Haldane",)}
    assert report.faults == 0


def test_an_article_that_falls_to_another_corpus_is_named_as_there(
    world: World, tmp_path: Path
) -> None:
    world.jsonl("a.jsonl", {"id": "same", "title": "same", "body": "Geoffery Haldane spoke."})
    world.correct("merge | people | Geoffery Haldane | Here")
    world.update()
    other = tmp_path / "other" / "corpus"
    other.mkdir(parents=True)
    (other / "b.jsonl").write_bytes((world.corpus / "a.jsonl").read_bytes())
    (other / "corrections.tsv").write_text("merge\tpeople\tGeoffery Haldane\tThere\n")
    world.update(other)
    assert world.people() == {"same": ("Here",)}
    (world.corpus / "a.jsonl").unlink()
    assert counts(world.update()) == (0, 1, 0, 1)
    assert world.people() == {"same": ("There",)}


def test_an_article_of_a_corpus_that_is_forgotten_is_named_as_where_it_falls_to(
    world: World, tmp_path: Path
) -> None:
    world.jsonl("a.jsonl", {"id": "same", "title": "same", "body": "Geoffery Haldane spoke."})
    world.correct("merge | people | Geoffery Haldane | Here")
    world.update()
    other = tmp_path / "other" / "corpus"
    other.mkdir(parents=True)
    (other / "b.jsonl").write_bytes((world.corpus / "a.jsonl").read_bytes())
    (other / "corrections.tsv").write_text("merge\tpeople\tGeoffery Haldane\tThere\n")
    world.update(other)
    assert world.people() == {"same": ("Here",)}
    assert counts(forget(world.store, world.corpus)) == (0, 1, 0, 1)
    assert world.people() == {"same": ("There",)}


def test_a_corpus_that_moved_takes_its_corrections_along(world: World, tmp_path: Path) -> None:
    haldane(world)
    world.correct("hide | people | Robert Jones")
    world.update()
    before = world.people()
    world.corpus = world.corpus.rename(tmp_path / "moved")
    world.update()
    assert world.people() == before
    world.correct()
    assert counts(world.update()) == (0, 1, 0, 3)
    assert world.people() == before | {"c": ("Robert Jones",)}


def test_new_rules_name_articles_again_without_reading_files(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    haldane(world)
    world.update()
    monkeypatch.setattr(rules, "ORIGIN", "rule:next")
    report = world.update()
    assert (report.files_read, counts(report)) == (0, (0, 3, 0, 3))
    assert {e.origin for a in world.articles() for e in a.entities} == {"rule:next"}
    assert world.update().generation is None


@pytest.mark.parametrize("spoil", ["delete", "overwrite", "cut", "lock", "folder"])
def test_the_cache_of_names_may_be_lost_broken_or_taken(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    monkeypatch.setattr("searchsvc.extract.cache._PATIENCE", 0.1)
    cache = tmp_path / "names.sqlite"
    haldane(world)
    world.update(names=NameSource(cache=cache))
    assert cache.stat().st_size > 0
    assert cache.stat().st_mode & 0o077 == 0, "what articles say is for their owner alone"
    before = world.articles()
    holder = None
    match spoil:
        case "delete":
            cache.unlink()
        case "overwrite":
            cache.write_bytes(b"no database at all" * 1000)
        case "cut":
            cache.write_bytes(cache.read_bytes()[:5000])
        case "lock":
            holder = sqlite3.connect(cache, isolation_level=None)
            holder.execute("begin exclusive")
        case "folder":
            cache.unlink()
            cache.mkdir()
    for _ in range(2):
        report = world.update(fresh=True, names=NameSource(cache=cache))
        assert counts(report) == (0, 0, 0, 3)
        assert world.articles() == before
    if holder:
        holder.close()
    world.update(fresh=True, names=NameSource(cache=cache))
    if spoil != "folder":
        with closing(NamesCache(cache, read_only=True)) as kept:
            assert all(kept.get(article, rules.ORIGIN) is not None for article in before)


def plant_names(cache: Path, articles: list[Article]) -> None:
    """Puts into the cache what no rule would find in the texts of *articles*."""
    planted = Entity(field="people", name="Planted Name", key="planted name", origin=rules.ORIGIN)
    with closing(NamesCache(cache)) as kept:
        for article in articles:
            kept.put(article, rules.ORIGIN, (planted,))


def test_the_cache_is_used_and_a_rebuild_keeps_what_is_in_the_corpus(
    world: World, tmp_path: Path
) -> None:
    source = NameSource(cache=tmp_path / "names.sqlite")
    haldane(world)
    world.update(names=source)
    before = world.articles()
    plant_names(tmp_path / "names.sqlite", before)
    world.update(fresh=True, names=source)
    assert set(world.people().values()) == {("Planted Name",)}
    (world.corpus / "c.jsonl").unlink()
    world.update(fresh=True, names=source)
    with closing(NamesCache(tmp_path / "names.sqlite")) as cache:
        known = {a.id for a in before if cache.get(a, rules.ORIGIN) is not None}
    assert known == {"a", "b"}


def test_a_dry_run_makes_no_cache(world: World, tmp_path: Path) -> None:
    haldane(world)
    world.update(dry_run=True, names=NameSource(cache=tmp_path / "names.sqlite"))
    assert not (tmp_path / "names.sqlite").exists()


def test_what_a_model_found_counts_where_it_looked(world: World, tmp_path: Path) -> None:
    path = tmp_path / "names.sqlite"
    haldane(world)
    world.update(names=NameSource(cache=path))
    (jones,) = [article for article in world.articles() if article.id == "c"]
    with closing(NamesCache(path)) as cache:
        (found,) = [e for e in jones.entities if e.field == "people"]
        found = replace(found, name="R. Jones", key="r. jones", origin="model:tiny")
        cache.put(jones, "model:tiny", (found,))
    report = world.update(names=NameSource(cache=path, model="tiny"))
    assert (counts(report), report.files_read) == ((0, 1, 0, 3), 0)
    assert world.people()["c"] == ("R. Jones",)
    assert counts(world.update(names=NameSource(cache=path))) == (0, 1, 0, 3)
    assert world.people()["c"] == ("Robert Jones",)


LINES = (
    "merge | people | Anna Reed | Anne Reed",
    "merge | people | Anne Reed | Ann Reed",
    "rename | people | Paul Volcker | P. Volcker",
    "hide | people | Ann Reed",
    "hide | people | James Baker | id1",
    "split | people | Paul Volcker | id2 | Paul Volcker (judge)",
    "add | people | id3 | Anna Reed",
    "add | places | id4 | Atlantis",
    "hide | places | PT",
    "merge | places | Leeds | Atlantis",
)


@pytest.mark.parametrize("seed", range(2))
def test_histories_with_corrections_end_like_one_rebuild(
    world: World, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    source = NameSource(cache=tmp_path / "names.sqlite")
    names = ("Anna Reed", "Anne Reed", "Paul Volcker", "James Baker")
    places = ("Leeds", "Lisbon", "Portugal")
    for _ in range(15):
        path = world.corpus / f"{chance.randrange(4)}.jsonl"
        match chance.choice(["write", "write", "delete", "correct", "correct", "lose cache"]):
            case "write":
                ids = [f"id{chance.randrange(6)}" for _ in range(chance.randrange(1, 4))]
                bodies = [f"{chance.choice(names)} is in {chance.choice(places)}." for _ in ids]
                pairs = zip(ids, bodies, strict=True)
                world.jsonl(path.name, *({"id": i, "title": i, "body": b} for i, b in pairs))
            case "delete" if path.exists():
                path.unlink()
            case "correct":
                world.correct(*chance.sample(LINES, chance.randrange(len(LINES))))
            case "lose cache" if source.cache and source.cache.exists():
                source.cache.unlink()
        world.update(names=source)
        assert world.update(names=source).generation is None
    followed = {article.id: article for article in world.articles()}
    world.update(fresh=True)
    assert followed == {article.id: article for article in world.articles()}
