"""A corpus that several processes bring in, each its share."""

import random
import threading
from pathlib import Path

import pytest
from test_indexing import World

from searchsvc.readers.sandbox import Workers
from searchsvc.report import IndexReport
from searchsvc.sharing import Share


def shares(count: int) -> list[Share]:
    return [Share(number, count) for number in range(1, count + 1)]


def bring_in(world: World, count: int, chance: random.Random) -> list[IndexReport]:
    """All shares, in any order."""
    order = shares(count)
    chance.shuffle(order)
    return [world.update(share=share) for share in order]


def test_every_file_is_of_one_share() -> None:
    names = [f"{number}/a.txt" for number in range(500)] + ["\udcff", "é"]
    for count in (1, 2, 3, 16):
        parted = [[share.has(name) for share in shares(count)] for name in names]
        assert all(sum(one) == 1 for one in parted)
    sizes = [sum(share.has(name) for name in names) for share in shares(4)]
    assert min(sizes) > 90


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/2", "1/2/3", "", "01/2"])
def test_what_is_no_share_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no share, such as 3/16"):
        Share.of(text)


@pytest.mark.parametrize("seed", range(3))
def test_shares_end_as_one_update_does(tmp_path: Path, seed: int, readers: Workers) -> None:
    chance = random.Random(seed)
    parted = World(tmp_path / "parted", tmp_path / "corpus", readers)
    for round in range(4):
        for _ in range(8):
            name = f"{chance.randrange(12)}.jsonl"
            ids = chance.sample(range(15), 2)  # files claim the same ids
            articles = [{"id": f"a{id}", "title": f"{name} {round}", "body": "."} for id in ids]
            parted.jsonl(name, *articles)
        for _ in range(2):
            (parted.corpus / f"{chance.randrange(12)}.jsonl").unlink(missing_ok=True)
        bring_in(parted, 3, chance)
        # Who lost an id to a share that came later, and got it back, reads it again.
        again = bring_in(parted, 3, chance)
        assert sum(report.added + report.changed + report.removed for report in again) == 0
        whole = World(tmp_path / f"whole-{round}", parted.corpus, readers)
        whole.update()
        assert parted.articles() == whole.articles()


def test_a_share_removes_only_what_it_lost_itself(tmp_path: Path, readers: Workers) -> None:
    world = World(tmp_path, readers=readers)
    for number in range(20):
        world.text(f"{number}.txt", f"Title {number}")
    world.update()
    mine = Share(1, 2)
    gone = list(world.corpus.iterdir())
    for path in gone:
        path.unlink()
    report = world.update(share=mine)
    assert report.removed == sum(mine.has(path.name) for path in gone)
    assert len(world.articles()) == 20 - report.removed
    world.update(share=Share(2, 2))
    assert world.articles() == []


def test_shares_may_come_at_the_same_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(60):
        world.text(f"{number}.txt", f"Title {number}")
    world.update(paths=[world.corpus / "1.txt"])
    failed: list[Exception] = []

    def run(share: Share) -> None:
        try:
            one = World(tmp_path, world.corpus)
            one.update(share=share)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=[share]) for share in shares(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(world.articles()) == 60
    assert world.update().generation is None
