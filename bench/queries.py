"""How long realistic queries take on Reuters-21578, by kind; page of ten with snippets and facets.

    python bench/queries.py --count 300 --seed 300

Every query is asked twice: cold is the first answer of a process, warm the second. Figures are CPU
milliseconds of one thread, so a busy machine changes them little.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from itertools import islice
from pathlib import Path
from statistics import median

from searchsvc.engines.base import SearchRequest
from searchsvc.errors import QueryError
from searchsvc.indexing import update
from searchsvc.parameters import SearchParameters
from searchsvc.query.tree import All
from searchsvc.searching import search
from searchsvc.store import DirectoryStore

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SEARCHSVC_DATA", ROOT.parent / "shared" / "data"))

sys.path.insert(0, str(ROOT / "tests" / "reuters"))
from queries import realistic  # noqa: E402  (the tests ask the same)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = DirectoryStore(Path(folder) / "index")
        started, cpu = time.perf_counter(), time.process_time()
        report = update(store, DATA / "reuters21578.tar.gz")
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        size = store.status()["bytes"] / 1e6
        print(f"index: {report.total} articles in {seconds:.0f} s ({cpu:.0f} s CPU), {size:.0f} MB")
        ask(store, given.count, given.seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process that indexed and searched: {peak:.0f} MB")


def ask(store: DirectoryStore, count: int, seed: int) -> None:
    articles = store.current().engine.search(SearchRequest(query=All(), limit=3000)).hits
    queries = list(islice(realistic([hit.article for hit in articles], seed), count))
    times: dict[str, list[float]] = defaultdict(list)
    for run in ("cold", "warm"):
        for text in queries:
            started = time.thread_time()
            try:
                search(store, SearchParameters(q=text))
            except QueryError:
                continue
            spent = (time.thread_time() - started) * 1000
            times[run].append(spent)
            if run == "warm":
                times[kind(text)].append(spent)
    print(f"{'':<10}{'queries':>8}{'p50':>8}{'p95':>8}{'slowest':>9}   CPU ms")
    for name, spent in times.items():
        p95 = sorted(spent)[int(len(spent) * 0.95)]
        print(f"{name:<10}{len(spent):>8}{median(spent):>8.1f}{p95:>8.1f}{max(spent):>9.1f}")


def kind(text: str) -> str:
    signs = {'"~': "near", '"': "phrase", "*": "pattern", "~": "fuzzy", " OR ": "boolean"}
    signs |= {" -": "boolean", ":": "field"}
    return next((name for sign, name in signs.items() if sign in text), "words")


if __name__ == "__main__":
    main()
