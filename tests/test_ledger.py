"""The ledger in two files tells what one in a single file would, whatever happened to it."""

import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchsvc import ledger_tables
from searchsvc.corpus import CorpusFile
from searchsvc.ledger import Claim, Ledger, Naming
from searchsvc.readers import Note, Problem

NAMES = [f"{letter}.txt" for letter in "abcdef"]
VERBS = ("hide", "add")
TIMES = 3  # that a file may bear
IDS = [f"id{number}" for number in range(8)]


class Generations:
    """Ledgers of generations that follow each other as in a store: the base is a hard link."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        with closing(Ledger(str(self.path("ledger")))):
            pass
        self.ledger = Ledger(str(self.path("ledger")))

    def path(self, name: str, number: int | None = None) -> Path:
        return self.folder / f"{self.number if number is None else number}-{name}"

    def next(self) -> None:
        self.ledger.finish()
        before, self.number = self.number, self.number + 1
        self.path("ledger").hardlink_to(self.path("ledger", before))
        if self.path("changes", before).exists():
            shutil.copy(self.path("changes", before), self.path("changes"))
        self.ledger = Ledger(str(self.path("changes")), str(self.path("ledger")))


def everything(one: Ledger) -> dict[str, object]:
    """All that a ledger tells."""
    return {
        "roots": one.roots(),
        "names": [(r, sorted(one.names(r, b))) for r, _ in one.roots() for b in ("", "d", "a.txt")],
        "remarks": [list(one.remarks(root)) for root, _ in one.roots()],
        "some remarks": [list(one.remarks(root, NAMES[:3])) for root, _ in one.roots()],
        "owners": [one.owner(id) for id in IDS],
        "live": [one.live(id) for id in IDS],
        "live ids": [one.live_ids(root) for root, _ in one.roots()],
        "naming": [one.naming(root) for root, _ in one.roots()],
        "unsettled": one.unsettled(),
        "duplicates": [one.duplicates(root) for root, _ in one.roots()],
        "some duplicates": [one.duplicates(root, IDS[:3]) for root, _ in one.roots()],
        "used": [one.is_used(r, f"{v} {id}") for r, _ in one.roots() for v in VERBS for id in IDS],
        "unchanged": [
            one.is_unchanged(root, file(name, mtime))
            for root, _ in one.roots()
            for name in NAMES
            for mtime in range(TIMES)
        ],
    }


def file(name: str, mtime: int) -> CorpusFile:
    return CorpusFile(Path("/c") / name, name, 10, mtime, "text", "c")


def change(one: Ledger, seed: int) -> None:
    """One of the things that an update does, the same for every ledger with this seed."""
    chance = random.Random(seed)
    root, _ = one.root_for(Path("/c"))
    name = chance.choice([*NAMES, "d/g.txt"])
    match chance.randrange(6):
        case 0 | 1:
            one.forget(root, name)
            one.begin_file(root, file(name, seed % TIMES))
            for place in range(chance.randrange(3)):
                claim = Claim(chance.choice(IDS), root, name.encode(), place, bytes([seed % 3]))
                if one.claim(claim):
                    one.make_live(claim)
            one.put_remark(root, name, Problem("line 1", "is bad"))
            one.put_remark(root, name, Note("line 2", "is odd"))
            if chance.random() < 0.8:
                one.end_file(root, file(name, seed % TIMES), b"hash")
        case 2:
            one.forget(root, name)
        case 3:
            one.has_hash(root, file(name, seed % TIMES), b"hash")
        case 4:
            one.put_naming(root, Naming("rule:1", str(seed)))
            id = chance.choice(IDS)
            one.put_corrected(id, [f"{verb} {id}" for verb in VERBS if chance.random() < 0.5])
        case 5:
            for id in one.unsettled():
                if owner := one.owner(id):
                    one.make_live(owner)
                else:
                    one.drop_live(id)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), most=st.sampled_from([0, 6, 1000]))
def test_generations_of_ledgers_tell_what_one_ledger_tells(
    tmp_path_factory: pytest.TempPathFactory, seed: int, most: int
) -> None:
    chance = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch, closing(Ledger(":memory:")) as whole:
        patch.setattr(ledger_tables, "_MOST_PAGES", most)  # with 0 every generation has a new base
        generations = Generations(tmp_path_factory.mktemp("ledger"))
        for _ in range(chance.randrange(100)):  # long enough for rows of a base to change
            if chance.random() < 0.15:
                generations.next()
            else:
                step = chance.randrange(10_000)
                change(generations.ledger, step)
                change(whole, step)
        assert everything(generations.ledger) == everything(whole)
        generations.next()
        assert everything(generations.ledger) == everything(whole)
        generations.ledger.close()


def with_files(folder: Path, count: int) -> Generations:
    """Generations of which the first has so many files, an article in each."""
    folder.mkdir(exist_ok=True)
    made = Generations(folder)
    root, _ = made.ledger.root_for(Path("/"))
    for number in range(count):
        bring_in(made.ledger, root, number, 1)
    made.next()
    return made


def bring_in(one: Ledger, root: int, number: int, time: int) -> None:
    name = f"{number}.txt"
    one.begin_file(root, file(name, time))
    claim = Claim(f"id{number}", root, name.encode(), 0, b"d" * 32)
    if one.claim(claim):
        one.make_live(claim)
    one.end_file(root, file(name, time), b"h" * 32)


@pytest.fixture
def generations(tmp_path: Path) -> Iterator[Generations]:
    made = with_files(tmp_path, 3000)
    yield made
    made.ledger.close()


def steps_of_an_update(one: Ledger) -> int:
    """How many hundred steps of its machine SQLite takes for what an update of one file asks."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    one._db.set_progress_handler(count, 100)
    one.look_for_roots()
    one.yield_ids()
    assert list(one.names(1, "7.txt")) == ["7.txt"]
    assert not one.is_unchanged(1, file("7.txt", 2))
    assert not one.has_hash(1, file("7.txt", 2), b"other")
    one.forget(1, "7.txt")
    bring_in(one, 1, 7, 2)
    assert one.unsettled() == []
    assert one.duplicates(1, ["id7"]) == []
    assert list(one.remarks(1, ["7.txt"])) == []
    one._db.set_progress_handler(None, 0)
    return steps


def test_an_update_costs_as_much_in_a_large_ledger_as_in_a_small_one(
    generations: Generations, tmp_path: Path
) -> None:
    small = with_files(tmp_path / "small", 100)
    few = steps_of_an_update(small.ledger)
    small.ledger.close()
    assert 0 < steps_of_an_update(generations.ledger) < 2 * few


def test_an_update_writes_what_it_changes(generations: Generations) -> None:
    base = generations.path("ledger").read_bytes()
    generations.ledger.forget(1, "7.txt")
    generations.next()
    assert generations.path("ledger").read_bytes() == base
    assert generations.path("ledger").samefile(generations.path("ledger", 0))
    assert generations.path("changes").stat().st_size < len(base) / 2
    assert "7.txt" not in set(generations.ledger.names(1, ""))


def test_changes_that_have_grown_become_part_of_the_base(
    generations: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_tables, "_MOST_PAGES", 10)
    for number in range(3000):
        generations.ledger.forget(1, f"{number}.txt")
        if number % 2:
            bring_in(generations.ledger, 1, number, 2)
    generations.next()
    assert not generations.path("changes", generations.number - 1).exists()
    assert not generations.path("ledger").samefile(generations.path("ledger", 0))
    assert len(list(generations.ledger.names(1, ""))) == 1500
    with closing(Ledger(":memory:", str(generations.path("ledger", 0)))) as before:
        assert len(list(before.names(1, ""))) == 3000


def test_a_look_up_reads_no_whole_table(generations: Generations) -> None:
    for query in (
        "select size from all_files where root = 1 and name = x'61'",
        "select name from all_files where root = 1 and name > x'61' and name < x'62'",
        "select id from all_claims where root = 1 and name = x'61'",
        "select id from all_claims where id = 'a'",
        "select id from all_live where id = 'a'",
    ):
        plan = generations.ledger._db.execute(f"explain query plan {query}").fetchall()
        steps = [step for *_, step in plan]
        assert not [step for step in steps if step.startswith("SCAN")], steps
        assert not [step for step in steps if step.endswith("(root=?)")], steps
