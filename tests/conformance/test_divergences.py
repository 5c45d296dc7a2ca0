"""Where engines differ from memory: the numbers of docs/engines.md, each as described there.

A divergence that has vanished fails as stale: take it out of the docs, and its test out of here.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import stores

from searchsvc.article import Article
from searchsvc.engines.base import Engine, SearchRequest, SearchResult, Store
from searchsvc.engines.memory import MemoryStore
from searchsvc.query.tree import All, Or, Query, Stem

Opener = Callable[[Iterable[Article]], Engine]

DOCS = Path(__file__).parents[2] / "docs" / "engines.md"


def search(engine: Engine, query: Query, seconds: float | None = None) -> SearchResult:
    return engine.search(SearchRequest(query=query, seconds=seconds))


def ids(result: SearchResult) -> list[str]:
    return [hit.article.id for hit in result.hits]


def check(number: int, engine_name: str, found: object, memory: object, others: object) -> None:
    """*found* is as described: *memory* there, *others* elsewhere."""
    assert memory != others
    if engine_name == "memory":
        assert found == memory
    else:
        assert found != memory, f"divergence {number} is stale: {engine_name} is as memory is"
        assert found == others


def test_every_divergence_is_documented_and_tested() -> None:
    section = DOCS.read_text("utf-8").partition("## Divergences")[2].partition("\n## ")[0]
    documented = re.findall(r"^(\d+)\. ", section, re.MULTILINE)
    tested = [match[1] for name in globals() if (match := re.match(r"test_(\d+)_", name))]
    assert documented == tested


def test_1_relevance_is_each_engines_own(open_engine: Opener, engine_name: str) -> None:
    often = Article(id="often", body="Oil, oil, oil!", date=dt.date(1986, 1, 1))
    once = Article(id="once", body="Oil in a longer text of words.", date=dt.date(1987, 1, 1))
    found = search(open_engine([often, once]), Stem("oil", ("body",)))
    check(1, engine_name, ids(found), ["once", "often"], ["often", "once"])
    assert sorted(ids(found)) == ["often", "once"]


def test_2_memory_does_not_know_which_words_are_rare(open_engine: Opener, engine_name: str) -> None:
    rare = Article(id="rare", body="Tin", date=dt.date(1986, 1, 1))
    common = [Article(id=f"a{n}", body="Oil", date=dt.date(1987, 1, 1)) for n in range(5)]
    found = search(
        open_engine([rare, *common]), Or((Stem("oil", ("body",)), Stem("tin", ("body",))))
    )
    check(2, engine_name, ids(found)[0], "a0", "rare")


def test_3_memory_does_not_look_at_the_clock(open_engine: Opener, engine_name: str) -> None:
    engine = open_engine([Article(id="a", body="Oil")])
    found = search(engine, Stem("oil", ("body",)), seconds=-1.0)
    check(3, engine_name, (found.total, found.partial), (1, False), (0, True))


def test_4_a_memory_store_keeps_the_current_generation_only(
    new_store: Callable[[], Store],
) -> None:
    memory = MemoryStore([Article(id="old")])
    before = memory.current().name
    memory.replace([Article(id="new")])
    assert memory.generation(before) is None
    store = new_store()
    names = []
    for id in ("old", "new"):
        with store.write(fresh=True) as draft:
            draft.add(Article(id=id))
        names.append(store.current().name)
    kept = store.generation(names[0])
    assert kept, "divergence 4 is stale: stores on disk keep nothing either"
    assert kept.engine.get("old")


def test_5_words_of_deleted_articles_are_listed_a_while_longer(
    new_store: Callable[[], Store], writable_name: str
) -> None:
    memory = MemoryStore([Article(id="new", body="Gas")])
    assert list(memory.current().engine.terms("body", "")) == [("gas", 1)]
    store = new_store()
    with store.write(fresh=True) as draft:
        for number in range(50):
            draft.add(Article(id=f"old{number}", body="Gas"))
        draft.add(Article(id="new", body="Oil"))
    with store.write() as draft:  # too little is deleted for the segment to be written anew
        draft.delete("new")
    engine = store.current().engine
    assert engine.count() == 50
    listed = dict(engine.terms("body", ""))
    is_at_once = writable_name == "opensearch"  # it counts what there is when it is asked
    assert ("oil" in listed) != is_at_once, "divergence 5 is stale"
    assert search(engine, Stem("oil", ("body",))).total == 0


def test_6_some_engines_list_60_000_values_of_a_facet(
    open_engine: Opener, engine_name: str
) -> None:
    def named(part: int) -> tuple[str, ...]:
        return tuple(f"N{part:03} {number}" for number in range(500))

    articles = [Article(id=f"{n}", people=named(n), places=named(n)[:80]) for n in range(122)]
    request = SearchRequest(query=All(), limit=0, facets=("people", "places"))
    found = open_engine(articles).search(request).facets
    assert len(found["places"]) == 9760, "all of them, though there are more of both than 65,000"
    people = len(found["people"])
    if engine_name in ("tantivy", "opensearch"):
        assert people == 60_000, "divergence 6 is stale, or worse"
    else:
        assert people == 61_000


def test_7_articles_of_an_update_may_appear_a_moment_apart_in_a_cluster(
    new_store: Callable[[], Any], writable_name: str
) -> None:
    store = new_store()
    with store.write(fresh=True) as draft:
        for number in range(20):
            draft.add(Article(id=f"a{number}", title="Old"))
    before = store.current()
    seen: list[tuple[set[str], set[str]]] = []
    with store.write() as draft:
        for number in range(20):
            draft.delete(f"a{number}")
            draft.add(Article(id=f"a{number}", title="New"))
            if number == 9 and writable_name == "opensearch":
                draft.flush()  # as where a shard shows what it has before the others do
        anew = stores.again(store)
        seen.append((titles(before.engine), titles(anew.current().engine)))
        anew.close()
    apart = {"Old", "New"} if writable_name == "opensearch" else {"Old"}
    assert seen == [({"Old"}, apart)], "divergence 7 is stale, or worse"
    assert titles(store.current().engine) == {"New"}


def titles(engine: Engine) -> set[str]:
    found = engine.search(SearchRequest(query=All(), limit=100))
    assert found.total == 20
    return {hit.article.title for hit in found.hits}
