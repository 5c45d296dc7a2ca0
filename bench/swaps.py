"""Searches while the index is replaced again and again: none fails, none mixes two generations.

    python bench/swaps.py --searches 200000 --swaps 300

Four processes search 2,000 articles, once in peace and once while a fifth publishes. In every
generation the same twenty articles bear its mark, so an answer that mixes two shows two marks.
Prints what failed or mixed, and the p95 of both runs.
"""

import argparse
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from searchsvc.article import Article
from searchsvc.parameters import SearchParameters
from searchsvc.searching import search
from searchsvc.store import DirectoryStore

ARTICLES = 2000
MARKED = 20
PROCESSES = 4
WORDS = [f"{a}{b}{c}{d}" for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrt" for d in "aeiou"]


def article(number: int, mark: int) -> Article:
    chance = random.Random(number)
    body = " ".join(chance.choices(WORDS, k=60))
    if number < MARKED:
        body = f"marked mark{mark} {body}"
    return Article(
        id=f"a{number}", title=f"Article {number}", body=body, topics=(WORDS[number % 9],)
    )


def reader(root: Path, seed: int, count: int, results: "multiprocessing.Queue[object]") -> None:
    store, chance = DirectoryStore(root), random.Random(seed)
    times, wrong, generations = [], [], set()
    for _ in range(count):
        is_marked = chance.random() < 0.3
        text = "marked" if is_marked else " ".join(chance.choices(WORDS, k=2))
        started = time.perf_counter()
        try:
            answer = search(store, SearchParameters(q=text, size=MARKED if is_marked else 10))
        except Exception as error:
            wrong.append(repr(error))
            continue
        times.append(time.perf_counter() - started)
        generations.add(answer.generation)
        if is_marked:
            found = [store.generation(answer.generation).engine.get(h.id).body for h in answer.hits]  # type: ignore[union-attr]
            marks = {body.split()[1] for body in found}
            if len(marks) != 1 or answer.total != MARKED:
                wrong.append(f"{answer.generation}: {answer.total} {marks}")
    results.put((times, wrong, len(generations)))


def writer(root: Path, first: int, swaps: int, seconds: float, stop: Event) -> None:
    """Publishes so many generations, evenly over the time that the readers are likely to take."""
    store = DirectoryStore(root)
    for swap in range(swaps):
        started = time.perf_counter()
        with store.write() as draft:
            for number in range(MARKED):
                draft.delete(f"a{number}")
                draft.add(article(number, first + swap))
        if stop.wait(max(0.0, seconds / swaps - (time.perf_counter() - started))):
            print(f"the readers were faster: {swap + 1} swaps only")
            return


def run(
    root: Path, searches: int, swaps: int, seconds: float, seed: int
) -> tuple[list[float], list[str], float]:
    results: multiprocessing.Queue[object] = multiprocessing.Queue()
    readers = [
        multiprocessing.Process(
            target=reader, args=(root, seed + n, searches // PROCESSES, results)
        )
        for n in range(PROCESSES)
    ]
    stop = multiprocessing.Event()
    publisher = multiprocessing.Process(target=writer, args=(root, 1, swaps, seconds, stop))
    started = time.perf_counter()
    for process in readers:
        process.start()
    if swaps:
        publisher.start()
    times: list[float] = []
    wrong: list[str] = []
    for _ in readers:
        some, bad, generations = results.get()  # type: ignore[misc]
        times += some
        wrong += bad
        print(f"  a reader saw {generations} generations", flush=True)
    for process in readers:
        process.join()
    took = time.perf_counter() - started
    if swaps:
        publisher.join()
    return times, wrong, took


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[18]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--searches", type=int, default=200_000)
    parser.add_argument("--swaps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "index"
        with DirectoryStore(root).write() as draft:
            for number in range(ARTICLES):
                draft.add(article(number, 0))
        run(root, given.searches // 20, 0, 0, given.seed)  # warms the disk
        quiet, wrong, seconds = run(root, given.searches, 0, 0, given.seed)
        print(
            f"in peace: {len(quiet):,} searches, {len(wrong)} wrong, p95 {p95(quiet) * 1000:.1f} ms"
        )
        busy, wrong, took = run(root, given.searches, given.swaps, seconds * 0.9, given.seed)
        newest = DirectoryStore(root).current().name
        ratio = p95(busy) / p95(quiet)
        print(
            f"while {int(newest) - 1} generations were published: {len(busy):,} searches in"
            f" {took:.0f} s, {len(wrong)} failed or mixed, p95 {p95(busy) * 1000:.1f} ms,"
            f" {ratio:.2f} times as long"
        )
        for said in wrong[:10]:
            print(f"  {said}")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
