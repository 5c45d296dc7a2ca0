"""What monitoring is told."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from stores import filled, refill

from searchsvc.article import Article
from searchsvc.engines.memory import MemoryStore
from searchsvc.errors import IndexMissing
from searchsvc.web import create_app
from searchsvc.web.admission import Admission


def told(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_every_count_is_documented(client):
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    for family in text_string_to_metric_families(client.get("/metrics").text):
        if family.name.startswith("searchsvc_"):
            total = "_total" if family.type == "counter" else ""
            assert f"`{family.name}{total}`" in text, family.name


def test_requests_are_counted_by_view_and_status(client):
    for url in ("/search?q=oil", "/search?q=titel:x", "/api/v1/search?q=oil", "/nowhere", "/nope"):
        client.get(url)
    counts = told(client)
    for view, status, count in (
        ("pages.search", "200", 1),
        ("pages.search", "400", 1),
        ("api.search", "200", 1),
        ("none", "404", 2),
    ):
        assert counts["searchsvc_requests_total", view, status] == count
    assert counts["searchsvc_request_seconds_count", "pages.search"] == 2
    assert 0 < counts["searchsvc_request_seconds_sum", "pages.search"] < 60
    assert counts["process_resident_memory_bytes",] > 1e6


def test_the_index_is_told_as_it_is(client, store):
    before = told(client)
    assert before["searchsvc_ready",] == 1
    assert before["searchsvc_articles",] == 3
    assert before["searchsvc_damaged",] == before["searchsvc_fallback",] == 0
    refill(store, [Article(id="new", title="oil")])
    after = told(client)
    assert after["searchsvc_articles",] == 1
    assert after["searchsvc_index_info", store.current().name] == 1


def test_an_index_that_is_missing_is_told_not_an_error():
    class Empty(MemoryStore):
        def current(self):
            raise IndexMissing("there is no index in 'index'; make one: searchsvc index")

    counts = told(create_app(Empty()).test_client())
    assert counts["searchsvc_ready",] == 0
    assert ("searchsvc_articles",) not in counts


def test_whoever_is_turned_away_is_counted_and_monitoring_never_is():
    admission = Admission(running=1, waiting=0)
    client = create_app(filled(), admission=admission).test_client()
    admission.enter()
    assert client.get("/api/v1/search").status_code == 503
    assert client.get("/search").status_code == 503
    counts = told(client)
    assert counts["searchsvc_turned_away_total",] == 1
    assert counts["searchsvc_requests_total", "pages.search", "503"] == 1


def test_answers_that_time_ran_out_for_are_counted(client, monkeypatch):
    monkeypatch.setattr("searchsvc.searching.SNIPPET_SECONDS", 0)
    assert client.get("/api/v1/search?q=oil").json["partial"]
    assert told(client)["searchsvc_partial_searches_total",] == 1
