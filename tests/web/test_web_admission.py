"""A crowd: some are let in and answered as ever, the rest are told at once to come again."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from searchsvc.engines.memory import MemoryStore
from searchsvc.web import create_app
from searchsvc.web.admission import Admission


@pytest.fixture
def slow(store, monkeypatch):
    """Searches do not end before they are released; `begun` counts them."""
    release, begun = threading.Event(), threading.Semaphore(0)
    engine = type(store.current().engine)
    search = engine.search

    def slowly(self, request):
        begun.release()
        assert release.wait(30)
        return search(self, request)

    monkeypatch.setattr(engine, "search", slowly)
    return release, begun


def test_a_crowd_is_told_to_come_again_and_the_admitted_are_answered(store, slow):
    release, begun = slow
    app = create_app(store, admission=Admission(running=2, waiting=3))

    def ask(number):
        return app.test_client().get(f"/api/v1/search?q=oil{number}")

    with ThreadPoolExecutor(20) as crowd:
        admitted = [crowd.submit(ask, number) for number in range(5)]
        for _ in range(2):
            assert begun.acquire(timeout=30)
        while app.extensions["searchsvc.admission"].inside < 5:
            time.sleep(0.001)
        turned_away = [crowd.submit(ask, number).result() for number in range(5, 20)]
        assert app.test_client().get("/healthz").status_code == 200
        assert app.test_client().get("/readyz").status_code == 200
        page = app.test_client().get("/search?q=oil")
        release.set()
        answers = [one.result() for one in admitted]
    assert Counter(answer.status_code for answer in answers) == {200: 5}
    assert Counter(answer.status_code for answer in turned_away) == {503: 15}
    for answer in turned_away:
        assert set(answer.headers.keys()) == set(page.headers.keys())
        assert answer.headers["X-Request-Id"] == answer.json["instance"]
        assert answer.headers["Retry-After"] == "1"
        assert answer.json["type"] == "urn:searchsvc:problem:too-busy"
    assert page.status_code == 503
    assert "oo many others are searching" in page.text
    assert ask("again").status_code == 200, "all places are free again"
    assert app.extensions["searchsvc.admission"].inside == 0


def test_whoever_waits_too_long_is_told(store, slow):
    release, begun = slow
    app = create_app(store, admission=Admission(running=1, waiting=1, seconds=0.05))
    with ThreadPoolExecutor(1) as crowd:
        first = crowd.submit(app.test_client().get, "/api/v1/search?q=oil")
        assert begun.acquire(timeout=30)
        late = app.test_client().get("/api/v1/search?q=gas")
        release.set()
        assert first.result().status_code == 200
    assert late.status_code == 503
    assert "take long" in late.json["detail"]
    assert app.test_client().get("/api/v1/search?q=gas").status_code == 200


@pytest.mark.parametrize(
    "url", ["/api/v1/search?q=date:%5B1987", "/nothing", "/search?page=x", "/article/x"]
)
def test_a_place_is_given_back_whatever_comes_of_a_request(url):
    client = create_app(MemoryStore(), admission=Admission(running=1, waiting=0)).test_client()
    for _ in range(3):
        assert client.get(url).status_code in (400, 404)
        assert client.application.extensions["searchsvc.admission"].inside == 0


def test_who_waits_longest_is_next():
    admission = Admission(running=1, waiting=5)
    order = []

    def come(name):
        admission.enter()
        order.append(name)
        admission.leave()

    admission.enter()
    waiting = [threading.Thread(target=come, args=(name,)) for name in "abc"]
    for number, thread in enumerate(waiting, 2):
        thread.start()
        while admission.inside < number:
            time.sleep(0.001)
    admission.leave()
    come("who comes just then")
    for thread in waiting:
        thread.join()
    assert order == ["a", "b", "c", "who comes just then"]
    assert admission.inside == 0


def test_a_bug_gives_its_place_back(store, monkeypatch):
    def fail(self, request):
        raise ZeroDivisionError

    app = create_app(store, admission=Admission(running=1, waiting=0))
    monkeypatch.setattr(type(store.current().engine), "search", fail)
    for _ in range(3):
        assert app.test_client().get("/api/v1/search?q=oil").status_code == 500
    assert app.extensions["searchsvc.admission"].inside == 0
