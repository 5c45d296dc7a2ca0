"""Updates that are large or small, refused, interrupted and gone on with."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from test_indexing import World, plant_names

from searchsvc import updating
from searchsvc.errors import (
    ConfigError,
    CorpusError,
    CorpusShrunk,
    GateClosed,
    IndexDamaged,
    IndexMissing,
)
from searchsvc.gate import SavedQuery, read_gate
from searchsvc.indexing import corpora, forget, update
from searchsvc.ledger import LEDGER
from searchsvc.naming import NameSource
from searchsvc.readers.sandbox import Workers
from searchsvc.report import CommandLine, CorpusCount
from searchsvc.store import DirectoryStore


@pytest.fixture
def world(tmp_path: Path, readers: Workers) -> World:
    return World(tmp_path, readers=readers)


# -- paths that are known to have changed --------------------------------------------------------


def test_only_the_paths_given_are_looked_at(world: World) -> None:
    for name in ("a.txt", "b.txt", "d/c.txt", "d/e.txt"):
        world.text(name, f"Old {name}")
    world.update()
    world.text("a.txt", "New a")
    world.text("b.txt", "New b")
    (world.corpus / "d" / "c.txt").unlink()
    world.text("d/f.txt", "New f")
    report = world.update(paths=[world.corpus / "a.txt", world.corpus / "d"])
    assert (report.added, report.changed, report.removed, report.total) == (1, 1, 1, 4)
    assert (report.files_found, report.files_unchanged, report.files_vanished) == (3, 1, 1)
    assert world.titles() == {"New a", "Old b.txt", "Old d/e.txt", "New f"}
    assert world.update().changed == 1, "b.txt, which nobody had named"


def test_a_path_that_was_never_there_changes_nothing(world: World) -> None:
    world.text("a.txt", "Alpha")
    world.update()
    report = world.update(paths=[world.corpus / "x.txt", world.corpus / ".hidden", world.corpus])
    assert (report.generation, report.added, report.removed) == (None, 0, 0)


def test_a_path_outside_the_corpus_is_refused(world: World) -> None:
    with pytest.raises(CorpusError, match="not inside the corpus"):
        world.update(paths=[world.corpus.parent / "other.txt"])


def test_a_path_inside_another_is_looked_at_once(world: World) -> None:
    for name in ("d/1.txt", "d/2.txt"):
        world.text(name, name)
    world.update()
    d = world.corpus / "d"
    for paths in ([d, d / "1.txt"], [d / "1.txt", d], [d, d]):
        report = world.update(paths=paths)
        assert (report.files_found, report.files_vanished, report.generation) == (2, 0, None)


def test_an_index_inside_the_corpus_is_no_part_of_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store = DirectoryStore(world.corpus / "index")
    world.text("a.txt", "Alpha")
    world.update()
    again = world.update()
    assert again.generation is None
    assert [one.reason for one in again.ignored] == ["is an index of searchsvc"]
    inside = next((world.corpus / "index" / "gen-000001").glob("*.json"))
    assert world.update(paths=[inside]).generation is None


def test_a_folder_that_only_sounds_like_an_index_is_read(world: World) -> None:
    world.write("desk/LOCK", "")
    world.text("desk/draft/a.txt", "Alpha")
    world.update()
    assert world.titles() == {"Alpha"}


def test_paths_are_reported_on_and_nothing_else(world: World) -> None:
    world.write("bad.jsonl", "{\n")
    world.write("worse.jsonl", "{{\n")
    world.jsonl("a.jsonl", {"id": "1", "title": "A", "body": "b"})
    world.jsonl("b.jsonl", {"id": "1", "title": "B", "body": "b"})
    assert world.update().faults == 3
    world.write("bad.jsonl", "[\n")
    report = world.update(paths=[world.corpus / "bad.jsonl"])
    assert [remark.name for remark in report.remarks] == ["bad.jsonl"]
    world.jsonl("b.jsonl", {"id": "1", "title": "B", "body": "c"})
    report = world.update(paths=[world.corpus / "b.jsonl"])
    assert ["has the id '1'" in remark.reason for remark in report.remarks] == [True]


def test_workers_that_are_kept_read_for_every_update(world: World) -> None:
    with closing(Workers(1)) as kept:
        world.text("a.txt", "Alpha")
        world.update(readers=kept)
        (first,) = kept._idle
        world.text("b.txt", "Beta")
        world.update(readers=kept)
        assert kept._idle == [first]
        assert first.served == 2
        first._process.kill()
        first._process.wait()
        world.text("c.txt", "Gamma")
        world.update(readers=kept)
    assert world.titles() == {"Alpha", "Beta", "Gamma"}


# -- files that move -----------------------------------------------------------------------------


def test_a_file_that_is_renamed_moves_and_names_are_not_found_again(
    world: World, tmp_path: Path
) -> None:
    source = NameSource(cache=tmp_path / "names.sqlite")
    world.text("a.txt", "Alpha", "Treasury Secretary James Baker spoke.")
    world.jsonl("b.jsonl", {"id": "1", "title": "Beta", "body": "President Reagan spoke."})
    world.update(names=source)
    before = {article.title: article.people for article in world.articles()}
    plant_names(tmp_path / "names.sqlite", world.articles())
    for name in ("a.txt", "b.jsonl"):
        (world.corpus / name).rename(world.corpus / f"moved-{name}")
    report = world.update(names=source)
    assert (report.added, report.removed, report.changed) == (1, 1, 0), "an id of its own stays"
    after = {article.title: article.people for article in world.articles()}
    assert after == {"Alpha": ("Planted Name",), "Beta": before["Beta"]}, "what was known counts"


# -- a corpus that shrinks -----------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [False, True])
def test_losing_more_than_half_has_to_be_meant(world: World, fresh: bool) -> None:
    for number in range(9):
        world.text(f"{number}.txt", f"Article {number}")
    world.update()
    for number in range(5):
        (world.corpus / f"{number}.txt").unlink()
    with pytest.raises(CorpusShrunk, match=r"5 of 9 articles .* --yes"):
        world.update(fresh=fresh, may_shrink=False)
    assert len(world.titles()) == 9
    dry = world.update(fresh=fresh, may_shrink=False, dry_run=True)
    assert "5 of 9" in dry.remarks[-1].reason
    assert world.update(fresh=fresh, may_shrink=True).total == 4


def test_losing_half_or_renaming_everything_needs_no_leave(world: World) -> None:
    for number in range(8):
        world.text(f"{number}.txt", f"Article {number}")
    world.update()
    for number in range(4):
        (world.corpus / f"{number}.txt").unlink()
    assert world.update(may_shrink=False).total == 4
    world.corpus.joinpath("folder").mkdir()
    for number in range(4, 8):
        (world.corpus / f"{number}.txt").rename(world.corpus / "folder" / f"{number}.txt")
    report = world.update(may_shrink=False)
    assert (report.added, report.removed) == (4, 4)


# -- the diff ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dry_run", [True, False])
def test_every_change_is_listed(world: World, dry_run: bool) -> None:
    world.jsonl("a.jsonl", *({"id": str(n), "title": f"T{n}", "body": "b"} for n in range(5)))
    world.update()
    world.jsonl(
        "a.jsonl",
        *({"id": str(n), "title": f"T{n}" + "!" * (n == 2), "body": "b"} for n in range(2, 7)),
    )
    report = world.update(dry_run=dry_run, list_changes=True)
    listed = {(c.what, c.id) for c in report.changes}
    assert listed == {
        ("changed", "2"), ("added", "5"), ("added", "6"), ("removed", "0"), ("removed", "1"),
    }  # fmt: skip
    assert {c.file for c in report.changes} == {"a.jsonl"}


# -- the gate ------------------------------------------------------------------------------------


def test_a_rebuild_that_loses_hits_is_not_published(world: World) -> None:
    for number in range(10):
        world.text(f"{number}.txt", f"Article {number}", f"The price of oil fell, part {number}.")
    world.update()
    (world.corpus / "3.txt").unlink()
    with pytest.raises(GateClosed, match=r"oil: 1 of 10 hits \(10%\)") as closed:
        world.update(fresh=True, gate=[SavedQuery("oil", 0.05), SavedQuery("article", 0.1)])
    assert len(closed.value.losses) == 1
    assert world.store.current().name == "000001"
    report = world.update(fresh=True, gate=[SavedQuery("oil", 0.1), SavedQuery("gold", 0)])
    assert report.generation == "000002"
    told = [remark.reason for remark in report.remarks if remark.name == "--gate"]
    assert "gold found nothing before" in told[0]
    assert told[1:] == ["1 query has the hits of before, or as many as they need"]


def test_the_file_of_a_gate(tmp_path: Path) -> None:
    path = tmp_path / "gate.txt"
    path.write_text('# each morning\n\noil -opec\n 5% "interest rate"\n2.5% gold\n100 %\n')
    assert read_gate(path, 0.01) == [
        SavedQuery("oil -opec", 0.01),
        SavedQuery('"interest rate"', 0.05),
        SavedQuery("gold", 0.025),
        SavedQuery("100 %", 0.01),
    ]
    path.write_text("# nothing\n")
    with pytest.raises(ConfigError, match="has no query"):
        read_gate(path, 0)
    with pytest.raises(ConfigError, match=r"none cannot be read: No such file or directory$"):
        read_gate(tmp_path / "none", 0)
    path.write_text("oil\ntitel:oil\n\n5% date:[1987\n")
    with pytest.raises(ConfigError) as wrong:
        read_gate(path, 0)
    assert "gate.txt: line 2: unknown field 'titel'" in str(wrong.value)
    assert "gate.txt: line 4: " in str(wrong.value)


def test_a_query_of_a_gate_that_cannot_be_read_is_an_error(world: World) -> None:
    world.text("a.txt", "Alpha")
    world.update()
    with pytest.raises(ConfigError, match="titel"):
        world.update(fresh=True, gate=[SavedQuery("titel:oil", 0)])


# -- interrupted, and gone on with ---------------------------------------------------------------


class Interrupted(BaseException):
    """Ends a build as a signal would."""


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("many_files", [False, True])
def test_an_interrupted_build_goes_on_and_ends_as_an_uninterrupted_one(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: bool, many_files: bool
) -> None:
    if fresh:
        world.text("old.txt", "Old")
        world.update()
        (world.corpus / "old.txt").unlink()
    rows = [{"id": f"{n}", "title": f"T{n}", "body": "By President Reagan."} for n in range(60)]
    if many_files:
        for row in rows:
            world.jsonl(f"{row['id']}.jsonl", row)
    else:
        world.jsonl("all.jsonl", *rows)
    monkeypatch.setattr(updating, "SAVE_SECONDS", 0)
    added = []
    real = updating.Update._put

    def put(self: updating.Update, *given: object) -> None:
        if len(added) == 40:
            raise Interrupted
        added.append(given)
        real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(updating.Update, "_put", put)
    with suppress(Interrupted):
        world.update(fresh=fresh)
    monkeypatch.undo()
    assert list(world.store.root.glob("checkpoint-*"))
    # What changes in between is seen as well.
    changed = rows[1] | {"title": "T1 anew"}
    if many_files:
        world.jsonl("1.jsonl", changed)
    else:
        world.jsonl("all.jsonl", rows[0], changed, *rows[2:])
    report = world.update(fresh=fresh)
    assert report.resumed == 40
    # Built anew, it is compared with what is live: nothing so far.
    expected = (60, 0, 60) if fresh else (20, 1, 60)
    assert (report.added, report.changed, report.total) == expected
    assert not list(world.store.root.glob("checkpoint-*"))
    assert world.store.verify() == []
    other = World(tmp_path / "other", world.corpus, world.readers)
    other.update()
    assert world.articles() == other.articles()
    assert world.update().generation is None


def test_a_look_at_some_paths_is_not_what_an_interrupted_look_at_all_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        world.text(f"{number}.txt", f"T{number}")
    world.update()
    for number in range(5):
        world.text(f"{number}.txt", f"T{number} anew")
    monkeypatch.setattr(updating, "SAVE_SECONDS", 0)
    with monkeypatch.context() as patch, suppress(Interrupted):
        real, put = updating.Update._put, []

        def stop(self: updating.Update, *given: object) -> None:
            put.append(given)
            if len(put) == 3:
                raise Interrupted
            real(self, *given)  # type: ignore[arg-type]

        patch.setattr(updating.Update, "_put", stop)
        world.update()
    world.text("8.txt", "T8 anew")
    assert world.update(paths=[world.corpus / "8.txt"]).total == 9
    assert world.update().total == 9
    assert sorted(title for title in world.titles() if "anew" in title)[-1] == "T8 anew"
    assert len([title for title in world.titles() if "anew" in title]) == 6


def test_an_article_leaves_a_corpus_that_was_moved(world: World) -> None:
    for number in range(6):
        world.text(f"{number}.txt", f"T{number}")
    world.jsonl("wire.jsonl", *({"id": f"w{n}", "title": f"W{n}", "body": "x"} for n in range(4)))
    world.update()
    new = world.corpus.rename(world.corpus.with_name("moved"))
    report = update(world.store, new)
    assert (report.added, report.removed, report.total, report.faults) == (0, 0, 10, 0)
    (remark,) = report.remarks
    assert (remark.name, remark.fault) == (str(world.corpus), False)
    assert "it is forgotten" in remark.reason
    assert corpora(world.store) == [CorpusCount(new, 10, False)]
    assert update(world.store, new).generation is None
    (new / "1.txt").unlink()
    (new / "wire.jsonl").write_text('{"id": "w0", "title": "W0", "body": "x"}\n')
    report = update(world.store, new)
    assert (report.removed, report.total, report.faults) == (4, 6, 0)
    assert "T1" not in world.titles()


def test_articles_of_a_corpus_that_is_gone_stay_and_come_back(world: World) -> None:
    for number in range(3):
        world.text(f"{number}.txt", f"T{number}")
    other = world.corpus.with_name("other")
    other.mkdir()
    (other / "one.jsonl").write_text(
        '{"id": "a", "title": "A", "body": "x"}\n{"id": "b", "title": "B", "body": "x"}\n'
    )
    update(world.store, other)
    world.update()
    away = other.rename(other.with_name("away"))
    report = world.update()
    (remark,) = [remark for remark in report.remarks if "is gone" in remark.reason]
    assert (remark.name, remark.fault, report.total) == (str(other), False, 5)
    assert "its 2 articles stay" in remark.reason
    assert f"searchsvc forget {other}" in remark.reason
    assert CorpusCount(other, 2, True) in corpora(world.store)
    # One id is taken over, and given up again; then the corpus comes back as it was.
    world.jsonl("a.jsonl", {"id": "a", "title": "A of ours", "body": "x"})
    assert world.update().total == 5
    (world.corpus / "a.jsonl").unlink()
    assert world.update().total == 4
    away.rename(other)
    assert update(world.store, other).total == 5
    assert {"A", "B"} <= set(world.titles())


def test_a_corpus_that_is_emptied_is_asked_about_beside_a_large_one(world: World) -> None:
    for number in range(20):
        world.text(f"{number}.txt", f"T{number}")
    world.update()
    other = world.corpus.with_name("other")
    other.mkdir()
    for number in range(4):
        (other / f"other-{number}.txt").write_text(f"Other {number}\n\nText.\n")
    update(world.store, other)
    for path in other.iterdir():
        path.unlink()
    with pytest.raises(CorpusShrunk, match=r"4 of the 4 articles of this corpus would"):
        update(world.store, other)
    report = update(world.store, other, may_shrink=True)
    assert (report.removed, report.total) == (4, 20)
    assert any("no article was found" in remark.reason for remark in report.remarks)


def test_a_corpus_whose_articles_went_to_another_is_not_asked_about(world: World) -> None:
    for number in range(4):
        world.jsonl(f"{number}.jsonl", {"id": f"{number}", "title": f"T{number}", "body": "x"})
    world.update()
    other = world.corpus.with_name("other")
    other.mkdir()
    for path in world.corpus.iterdir():
        path.rename(other / path.name)
    update(world.store, other)
    report = world.update(may_shrink=False)
    assert (report.removed, report.total) == (0, 4)


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_corpus_is_forgotten_and_what_it_shared_falls_to_the_others(
    world: World, is_gone: bool
) -> None:
    world.jsonl("a.jsonl", *({"id": i, "title": f"Ours {i}", "body": "x"} for i in "abc"))
    world.update()
    other = world.corpus.with_name("other")
    other.mkdir()
    (other / "b.jsonl").write_text(
        '{"id": "c", "title": "Theirs c", "body": "x"}\n{"id": "d", "title": "d", "body": "x"}\n'
    )
    report = update(world.store, other)
    assert f"{other}: is new in this index; the 3 articles of other corpora stay" in {
        f"{remark.name}: {remark.reason}" for remark in report.remarks
    }
    if is_gone:
        shutil.rmtree(world.corpus)
    with pytest.raises(CorpusError, match=f"its corpora are: {world.corpus}, {other}"):
        forget(world.store, world.corpus.parent)
    before = world.store.current().name
    trial = forget(world.store, world.corpus, dry_run=True, list_changes=True)
    assert [(c.what, c.id) for c in trial.changes if c.what == "removed"] == [
        ("removed", "a"),
        ("removed", "b"),
    ]
    assert world.store.current().name == before
    report = forget(world.store, world.corpus)
    assert (report.removed, report.changed, report.total) == (2, 1, 2)
    assert world.titles() == {"Theirs c", "d"}
    assert corpora(world.store) == [CorpusCount(other, 2, False)]
    with pytest.raises(CorpusShrunk, match="2 of 2 articles would leave the index"):
        forget(world.store, other)
    assert forget(world.store, other, may_shrink=True).total == 0
    assert corpora(world.store) == []


def test_nothing_can_be_forgotten_where_there_is_no_index(world: World) -> None:
    with pytest.raises(IndexMissing):
        forget(world.store, world.corpus)
    assert not world.store.root.exists()


def test_only_the_corpus_at_hand_is_reported_on(world: World) -> None:
    world.write("bad.jsonl", "{\n")
    world.jsonl("a.jsonl", {"id": "a", "title": "A", "body": "x"})
    assert world.update().faults == 1
    other = world.corpus.with_name("other")
    other.mkdir()
    (other / "b.jsonl").write_text('{"id": "a", "title": "B", "body": "x"}\n')
    report = update(world.store, other)
    assert [remark.name for remark in report.remarks if remark.fault] == ["b.jsonl"]
    assert [remark.name for remark in world.update().remarks] == ["bad.jsonl"]


def test_a_rebuild_tells_which_corpora_are_left_out(world: World) -> None:
    world.text("a.txt", "Ours")
    world.update()
    for name in ("there", "gone"):
        other = world.corpus.with_name(name)
        other.mkdir()
        (other / f"{name}.txt").write_text(f"{name}\n\nText.\n")
        update(world.store, other)
    shutil.rmtree(other)
    typed = CommandLine(flags=("--index", "my ix"))
    for trial in (True, False):
        report = world.update(fresh=True, dry_run=trial, typed=typed, list_changes=True)
        gone, there = sorted(report.remarks, key=lambda remark: remark.name)
        assert (gone.name, gone.fault) == (str(other), False)
        assert "its 1 articles are not in the new index" in gone.reason
        again = f"searchsvc --index 'my ix' index --corpus {there.name} brings it back"
        assert (there.fault, again in there.reason) == (True, True)
        assert (report.added, report.removed) == (0, 2)


def test_a_dry_run_says_that_it_asks_no_gate(world: World) -> None:
    world.text("a.txt", "Alpha")
    world.update()
    report = world.update(fresh=True, dry_run=True, gate=[SavedQuery("alpha", 0)])
    assert [remark.name for remark in report.remarks] == ["--gate"]


def test_a_rebuild_tells_what_is_other_than_before(world: World) -> None:
    for number in range(9):
        world.text(f"{number}.txt", f"T{number}")
    world.update()
    (world.corpus / "1.txt").unlink()
    world.text("2.txt", "T2 anew")
    world.text("9.txt", "T9")
    for trial in (True, False):
        report = world.update(fresh=True, dry_run=trial, list_changes=True)
        assert (report.added, report.changed, report.removed, report.total) == (1, 1, 1, 9)
        told = [(change.what, change.file) for change in report.changes]
        assert sorted(told) == [("added", "9.txt"), ("changed", "2.txt"), ("removed", "1.txt")]


def test_corrections_of_today_hold_for_what_was_put_in_before_an_interruption(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.jsonl(
        "all.jsonl",
        *({"id": f"{n}", "title": f"T{n}", "body": "President Reagan spoke."} for n in range(9)),
    )
    monkeypatch.setattr(updating, "SAVE_SECONDS", 0)

    def stop(self: object, *given: object) -> None:
        raise Interrupted

    monkeypatch.setattr(updating.Update, "_settle", stop)
    with suppress(Interrupted):
        world.update()
    monkeypatch.undo()
    world.correct("rename | people | Reagan | Ronald Reagan")
    assert world.update().resumed == 9
    assert set(world.people().values()) == {("Ronald Reagan",)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_leave_the_live_index_untouched(world: World, number: int) -> None:
    world.text("a.txt", "Alpha")
    world.update()
    before = {path.name for path in world.store.root.iterdir()}
    rows = ({"id": f"{n}", "title": f"T{n}", "body": "x " * 500} for n in range(3000))
    world.jsonl("b.jsonl", *rows)
    command = [sys.executable, "-m", "searchsvc", "--index", str(world.store.root)]
    with subprocess.Popen(
        [*command, "--corpus", str(world.corpus), "index"], stderr=subprocess.PIPE, text=True
    ) as process:
        draft = world.store.root / "draft"
        while not draft.exists():
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(number)
        _, stderr = process.communicate()
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert "Traceback" not in stderr
    if number != signal.SIGKILL:
        said = "searchsvc: interrupted; what is live is whole, and the same command begins anew"
        assert said in stderr.splitlines()
        assert {path.name for path in world.store.root.iterdir()} - {"names.sqlite"} == before
    assert world.titles() == {"Alpha"}
    assert world.update().added == 3000


def test_corrections_that_were_taken_back_meanwhile_do_not_hold(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.jsonl("a.jsonl", {"id": "0", "title": "T", "body": "President Reagan spoke."})
    world.update()
    rows = ({"id": f"{n}", "title": "T", "body": "President Reagan spoke."} for n in range(9))
    world.jsonl("a.jsonl", *rows)
    world.correct("rename | people | Reagan | Ronald Reagan")
    monkeypatch.setattr(updating, "SAVE_SECONDS", 0)
    with monkeypatch.context() as patch, suppress(Interrupted):

        def stop(self: object, *given: object) -> None:
            raise Interrupted

        patch.setattr(updating.Update, "_settle", stop)
        world.update()
    world.correct()
    assert world.update().resumed == 8
    assert set(world.people().values()) == {("Reagan",)}


# -- damage met while updating -------------------------------------------------------------------


def test_damage_that_an_update_meets_is_named_and_the_next_run_goes_on(world: World) -> None:
    world.jsonl("a.jsonl", *({"id": f"{n}", "title": f"T{n}", "body": "b"} for n in range(50)))
    world.update()
    path = world.store.current().folder / LEDGER
    content = bytearray(path.read_bytes())
    content[4096:8192] = os.urandom(4096)
    path.write_bytes(content)
    world.text("b.txt", "Beta")
    with pytest.raises(IndexDamaged, match=r"ledger\.sqlite.*run this again"):
        world.update()
    report = world.update()
    assert report.total == 51
    assert world.store.verify() == []


def test_a_report_as_json_has_what_changed(world: World) -> None:
    world.text("a.txt", "Alpha")
    command = [sys.executable, "-m", "searchsvc", "--index", str(world.store.root)]
    done = subprocess.run(
        [*command, "--corpus", str(world.corpus), "index", "--dry-run", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (added,) = json.loads(done.stdout)["changes"]["added"]
    assert added["file"] == "a.txt"
    assert not world.store.root.exists()
