"""Answers that are kept: the same as new ones, for as long as they are right."""

from dataclasses import replace

import pytest

from searchsvc.article import Article
from searchsvc.engines.memory import MemoryEngine, MemoryStore
from searchsvc.web import create_app
from searchsvc.web.kept import KeptAnswers

OIL = Article(id="1", title="Oil", body="Oil fell.")


@pytest.fixture
def searched(monkeypatch):
    """The requests that came to the engine."""
    requests = []
    search = MemoryEngine.search

    def counted(self, request):
        requests.append(request)
        return search(self, request)

    monkeypatch.setattr(MemoryEngine, "search", counted)
    return requests


def asked(client, url="/api/v1/search?q=oil"):
    answer = client.get(url).json
    assert answer.pop("took_ms") >= 0
    return answer


def test_what_was_asked_is_not_searched_again(searched):
    client = create_app(MemoryStore([OIL])).test_client()
    first = asked(client)
    assert asked(client) == first
    assert client.get("/search?q=oil").status_code == 200
    assert len(searched) == 1
    assert asked(client, "/api/v1/search?q=oil&size=5")["size"] == 5
    assert len(searched) == 2


def test_a_new_generation_is_searched(searched):
    store = MemoryStore([OIL])
    client = create_app(store).test_client()
    assert asked(client)["total"] == 1
    store.replace([OIL, Article(id="2", title="Oil again")])
    assert asked(client)["total"] == 2
    assert len(searched) == 2


def test_another_index_of_the_same_name_is_searched(searched):
    store = MemoryStore([OIL])
    client = create_app(store).test_client()
    assert asked(client)["total"] == 1
    store._current = MemoryStore([OIL, Article(id="2", title="Oil again")]).current()  # restored
    assert asked(client)["total"] == 2


@pytest.mark.parametrize("parts", [0, 1])
def test_answers_that_are_too_large_are_not_kept(searched, parts):
    client = create_app(MemoryStore([OIL]), answers=KeptAnswers(parts)).test_client()
    assert asked(client) == asked(client)
    assert len(searched) == 2


def test_the_oldest_answers_go(searched):
    client = create_app(MemoryStore([OIL]), answers=KeptAnswers(50)).test_client()
    for number in range(100):
        asked(client, f"/api/v1/search?q=oil+{number}")
    asked(client, "/api/v1/search?q=oil+99")
    count = len(searched)
    asked(client, "/api/v1/search?q=oil+0")
    assert len(searched) > count


def test_a_partial_answer_is_not_kept(searched, monkeypatch):
    search = MemoryEngine.search
    client = create_app(MemoryStore([OIL])).test_client()
    with monkeypatch.context() as patch:
        patch.setattr(MemoryEngine, "search", lambda *given: replace(search(*given), partial=True))
        assert asked(client)["partial"]
    assert not asked(client)["partial"]
