"""Reuters-21578 on a cluster: whether the answers are those of a scan, and what it costs.

    python bench/cluster.py --nodes 3 --shards 1 3
    python bench/cluster.py --url http://127.0.0.1:9200

For each number of shards: articles a second beside a raw bulk of ready documents into a like
index, bytes on the disks; 300 queries as reporters type them, of which totals, facets and the first
2,000 articles by date must be those of the memory engine; how many of the ten most relevant are
those of Whoosh; milliseconds of a page; and a rebuild while two threads search. In the end the
whole way from files to what is searched, by one process and by several that share the files. The
nodes share this machine with all of it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from uuid import uuid4

from engines import DATA, percentile, reuters

from searchsvc.article import Article
from searchsvc.cluster.store import ClusterStore
from searchsvc.engines.base import Engine, SearchRequest, SearchResult, Sort
from searchsvc.engines.memory import MemoryEngine
from searchsvc.engines.opensearch_client import Access, Client
from searchsvc.engines.opensearch_writer import document, mapping
from searchsvc.extract import extract
from searchsvc.parameters import SearchParameters
from searchsvc.query.tree import All
from searchsvc.schema import FACET_FIELDS
from searchsvc.searching import search, understand
from searchsvc.store import DirectoryStore

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "reuters")]  # before the name of this file

from cluster.nodes import running  # noqa: E402
from queries import realistic  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", help="of a cluster that runs; else one is started")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--shards", type=int, nargs="*", default=[1, 3])
    given = parser.parse_args()
    articles = [extract(article) for article in reuters()]
    texts = list(islice(realistic(articles, seed=300), 300))
    memory = MemoryEngine(articles)
    expected = [scanned(memory, text) for text in texts]
    with tempfile.TemporaryDirectory() as name, at(given.url, given.nodes) as urls:
        whoosh = DirectoryStore(Path(name) / "whoosh")
        fill(whoosh, articles)
        for shards in given.shards:
            one = f"bench-{uuid4().hex[:8]}"
            client = Client(Access(urls=tuple(urls)))
            store = ClusterStore(Path(name) / one, client, one, shards)
            print(f"{len(articles):,} articles, {shards} shards, {', '.join(urls)}")
            try:
                build(store, client, articles, shards)
                compare(store.current().engine, whoosh.current().engine, texts, expected)
                ask(store, texts)
                rebuild(store, articles)
            finally:
                client.ask("DELETE", f"/{one}-*", or_none=(404,))
                store.close()
        shares(urls, Path(name))


@contextmanager
def at(url: str | None, nodes: int) -> Iterator[list[str]]:
    if url:
        yield url.split(",")
    else:
        with running(nodes) as cluster:
            yield cluster.urls


def fill(store: DirectoryStore | ClusterStore, articles: list[Article]) -> None:
    with store.write(fresh=True) as draft:
        for article in articles:
            draft.add(article)


def build(store: ClusterStore, client: Client, articles: list[Article], shards: int) -> None:
    """Articles a second by us, and by a raw bulk of documents that are ready."""
    lines = [
        f'{{"index":{{"_id":"{article.id}"}}}}\n{json.dumps(document(article, 1))}\n'.encode()
        for article in articles
    ]
    name = f"{store._name}-raw"
    settings = {"number_of_shards": shards, "auto_expand_replicas": "0-1", "refresh_interval": "-1"}
    client.ask("PUT", f"/{name}", {"settings": settings, "mappings": mapping({})})
    raw: list[float] = []
    ours: list[float] = []
    blocks = [b"".join(lines[first : first + 1000]) for first in range(0, len(lines), 1000)]
    for _ in range(2):  # the nodes have to get warm
        started = time.perf_counter()
        with ThreadPoolExecutor(2) as senders:  # as many as ours
            for answer in senders.map(lambda b: client.ask("POST", f"/{name}/_bulk", b), blocks):
                assert not answer["errors"]
        client.ask("POST", f"/{name}/_refresh")
        raw.append(time.perf_counter() - started)
        started = time.perf_counter()
        fill(store, articles)
        ours.append(time.perf_counter() - started)
    client.ask("DELETE", f"/{name}")
    count = len(articles)
    size = store.status()["bytes"]
    print(
        f"  build: {count / min(ours):,.0f} articles/s, raw bulk {count / min(raw):,.0f},"
        f" {min(raw) / min(ours):.2f} of it; {size / count:,.0f} bytes an article"
    )


def shares(urls: list[str], folder: Path) -> None:
    """The whole way from files to what is searched: by one process, and by two and four shares."""
    corpus = folder / "corpus"
    with tarfile.open(DATA / "reuters21578.tar.gz") as archive:
        files = [member for member in archive if member.name.endswith(".sgm")]
        archive.extractall(corpus, files, filter="data")
    rates: dict[int, float] = {}
    ends: dict[int, dict[str, bytes]] = {}
    for count in (1, 2, 4):
        name = f"bench-{uuid4().hex[:8]}"
        settings = {
            "SEARCHSVC_ENGINE": "opensearch",
            "SEARCHSVC_OPENSEARCH_URL": ",".join(urls),
            "SEARCHSVC_OPENSEARCH_INDEX": name,
            "SEARCHSVC_CORPUS": str(corpus),
        }
        command = [sys.executable, "-m", "searchsvc", "reindex", "--into", "bench"]
        started = time.perf_counter()
        processes = []
        for number in range(1, count + 1):
            home = folder / f"{count}-{number}"
            home.mkdir()
            share = ["--partition", f"{number}/{count}"] if count > 1 else []
            environment = {**os.environ, **settings}
            processes.append(
                subprocess.Popen([*command, *share], cwd=home, env=environment, stdout=sys.stderr)
            )
        for process in processes:
            assert process.wait() in (0, 3)
        client = Client(Access(urls=tuple(urls)))
        store = ClusterStore(folder / f"read-{count}", client, name)
        store.publish("bench")
        took = time.perf_counter() - started
        engine = store.current().engine
        rates[count] = engine.count() / took
        ends[count] = {
            hit.article.id: hit.article.digest()
            for offset in range(0, engine.count(), 5000)
            for hit in engine.search(
                SearchRequest(query=All(), sort=Sort.OLDEST, offset=offset, limit=5000)
            ).hits
        }
        client.ask("DELETE", f"/{name}-*", or_none=(404,))
        store.close()
    equal = all(end == ends[1] for end in ends.values())
    told = ", ".join(f"{rate:,.0f} by {count}" for count, rate in rates.items())
    print(f"  files to searchable, articles/s: {told}; {len(ends[1]):,} articles, equal: {equal}")


def scanned(memory: MemoryEngine, text: str) -> tuple[SearchRequest, SearchResult]:
    """What is asked by *text*, by date, and what a scan answers."""
    query = understand(text, memory.terms).resolved
    asked = SearchRequest(query=query, sort=Sort.OLDEST, limit=2_000, facets=FACET_FIELDS)
    return asked, memory.search(asked)


def compare(
    engine: Engine,
    whoosh: Engine,
    texts: list[str],
    expected: list[tuple[SearchRequest, SearchResult]],
) -> None:
    """Whether answers are equal, and how alike the order by relevance is."""
    unequal = 0
    overlap: list[float] = []
    for text, (asked, theirs) in zip(texts, expected, strict=True):
        query = asked.query
        ours = engine.search(asked)
        is_equal = (
            understand(text, engine.terms).resolved == query
            and [hit.article for hit in ours.hits] == [hit.article for hit in theirs.hits]
            and (ours.total, ours.facets) == (theirs.total, theirs.facets)
        )
        if not is_equal:
            unequal += 1
            print(f"  UNEQUAL: {text}")
        best = SearchRequest(query=query, limit=10)
        tops = [{hit.article.id for hit in one.search(best).hits} for one in (engine, whoosh)]
        if tops[1]:
            overlap.append(len(tops[0] & tops[1]) / len(tops[1]))
    print(
        f"  {len(texts)} queries: {unequal} unequal to a scan;"
        f" of the ten most relevant {statistics.mean(overlap):.3f} are those of Whoosh"
    )


def ask(store: ClusterStore, texts: list[str]) -> None:
    """Milliseconds of a page, with passages and facets."""
    spent = []
    for _ in range(2):
        spent.clear()
        for text in texts:
            started = time.perf_counter()
            search(store, SearchParameters(q=text))
            spent.append((time.perf_counter() - started) * 1000)
    print(f"  a page: p50 {percentile(spent, 0.5):.1f} ms, p95 {percentile(spent, 0.95):.1f} ms")


def rebuild(store: ClusterStore, articles: list[Article]) -> None:
    """Searches while the index is built anew: none fails, none is partial."""
    failed: list[str] = []
    totals: set[int] = set()
    asked = 0
    stop = threading.Event()

    def read() -> None:
        nonlocal asked
        while not stop.is_set():
            try:
                answer = search(store, SearchParameters(q=""))
                totals.add(-1 if answer.partial else answer.total)
            except Exception as error:
                failed.append(repr(error))
            asked += 1

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    fill(store, articles)
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    print(f"  rebuilt under {asked:,} searches: {len(failed)} failed, totals {sorted(totals)}")


if __name__ == "__main__":
    os.environ.setdefault("OPENSEARCH_VERSION", "2.19.3")
    main()
