"""The whole newswire through the engines: the same answers as a scan of every article."""

import random
import sys
import threading
from collections.abc import Iterator
from itertools import islice

import pytest
from queries import realistic

from searchsvc import analysis
from searchsvc.analysis import STOP_WORDS
from searchsvc.article import Article
from searchsvc.engines import whoosh
from searchsvc.engines.base import Engine, SearchRequest, Sort
from searchsvc.engines.memory import MemoryEngine
from searchsvc.engines.whoosh import WhooshEngine
from searchsvc.parameters import SearchParameters
from searchsvc.report import IndexReport
from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS
from searchsvc.searching import search, understand
from searchsvc.store import DirectoryStore

pytestmark = [pytest.mark.reuters, pytest.mark.timeout(900)]


def test_every_article_is_indexed_and_nothing_is_dropped_in_silence(
    indexed: tuple[DirectoryStore, IndexReport],
) -> None:
    store, report = indexed
    assert (report.articles_found, report.articles_read, report.articles_skipped) == (
        21578,
        21578,
        0,
    )
    assert report.total == store.current().engine.count() == 21578
    assert report.faults == 0
    (empty,) = [remark for remark in report.remarks if "12793" in remark.place]
    assert "no text" in empty.reason


def test_300_realistic_queries_find_what_a_scan_finds(
    engine: WhooshEngine, fast: Engine, memory: MemoryEngine, articles: list[Article]
) -> None:
    found = 0
    engines: list[Engine] = [engine, fast]
    for text in islice(realistic(articles, seed=300), 300):
        query = understand(text, memory.terms).resolved
        asked = SearchRequest(query=query, sort=Sort.OLDEST, limit=30_000, facets=FACET_FIELDS)
        theirs = memory.search(asked)
        ids = [hit.article.id for hit in theirs.hits]
        for one in engines:
            assert understand(text, one.terms).resolved == query, text
            ours = one.search(asked)
            assert [hit.article.id for hit in ours.hits] == ids, text
            assert ours.facets == theirs.facets, text
        found += bool(ids)
    assert found > 250


def test_every_word_of_the_newswire_is_one_term(engine: WhooshEngine, fast: Engine) -> None:
    for field in TEXT_FIELDS:
        assert list(fast.terms(field, "")) == list(engine.terms(field, ""))


def _outcome(engine: Engine, request: SearchRequest) -> tuple[object, ...]:
    result = engine.search(request)
    return result.total, [(hit.article.id, hit.score) for hit in result.hits], result.facets


def _is_quick(text: str) -> bool:
    """Phrases with stop words are searched elsewhere; here many answers matter."""
    return '"' not in text or STOP_WORDS.isdisjoint(w.written for w in analysis.words(text))


@pytest.mark.parametrize(
    ("cache", "answers"),
    [(whoosh.CACHE_BYTES, 50_000), (1, 5_000)],
    ids=["as-served", "every-posting-read-anew"],
)
def test_threads_on_one_engine_answer_as_one_does(
    store: DirectoryStore,
    articles: list[Article],
    cache: int,
    answers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whoosh, "CACHE_BYTES", cache)
    folder = store.current().folder / "engine"
    _answers_alike(whoosh.open_engine(folder), whoosh.open_engine(folder), articles, answers)


def test_threads_on_tantivy_answer_as_one_does(fast: Engine, articles: list[Article]) -> None:
    _answers_alike(fast, fast, articles, 20_000)


def _answers_alike(engine: Engine, together: Engine, articles: list[Article], answers: int) -> None:
    """*together* gives 8 threads, switched every 10 microseconds, what *engine* gives one."""
    quick = filter(_is_quick, realistic(articles, seed=8))
    asked = [
        SearchRequest(query=understand(text, engine.terms).resolved, limit=3, facets=("topics",))
        for text in islice(quick, 250)
    ]
    alone = [_outcome(engine, request) for request in asked]
    wrong: list[int] = []
    given: list[int] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(answers // 8):
            number = chance.randrange(len(asked))
            if _outcome(together, asked[number]) != alone[number]:
                wrong.append(number)
            given.append(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(given) == answers
    assert wrong == []


@pytest.fixture(scope="module")
def sample(articles: list[Article]) -> list[Article]:
    long = [article for article in articles if len(article.body.split()) >= 60]
    return random.Random(500).sample(long, 500)


def _written(text: str) -> str:
    return " ".join(word.written for word in analysis.words(text))


def _passages(sample: list[Article]) -> Iterator[tuple[Article, str]]:
    chance = random.Random(60)
    for article in sample:
        words = article.body.split()
        start = chance.randrange(len(words) - 59)
        yield article, " ".join(words[start : start + 60])


def test_sixty_words_of_an_article_find_it_first(
    store: DirectoryStore, sample: list[Article]
) -> None:
    for article, passage in _passages(sample):
        first = search(store, SearchParameters(q=passage, size=1, facets=[])).hits
        assert first, passage
        if first[0].id != article.id:  # then it must be one with the same words in a row
            other = store.current().engine.get(first[0].id)
            assert other is not None
            assert _written(passage) in _written(other.body), passage


def test_a_headline_finds_its_article_among_the_first_three(
    store: DirectoryStore, sample: list[Article]
) -> None:
    titled = [article for article in sample if article.title]
    found = 0
    for article in titled:
        hits = search(store, SearchParameters(q=article.title, size=3, facets=[])).hits
        found += article.id in [hit.id for hit in hits]
    print(f"\nheadlines: {found} of {len(titled)} among the first three")
    assert found / len(titled) >= 0.95


def test_the_last_page_is_reached_and_no_hit_comes_twice(store: DirectoryStore) -> None:
    seen: list[str] = []
    page = 1
    while True:
        answer = search(store, SearchParameters(q="oil", size=200, page=page, facets=[]))
        seen += [hit.id for hit in answer.hits]
        if answer.links.next is None:
            break
        page += 1
    assert len(seen) == len(set(seen)) == answer.total
