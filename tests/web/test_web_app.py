"""The application as a whole: its making, its probes, its headers, and what it says of errors."""

import pytest
from stores import filled, refill

from searchsvc.errors import (
    CursorExpired,
    IndexDamaged,
    IndexMissing,
    IndexOutdated,
)
from searchsvc.web import create_app


class Broken:
    """A store that raises."""

    def __init__(self, error):
        self.error = error

    def current(self):
        raise self.error

    def generation(self, name):
        raise self.error


def test_two_applications_search_their_own_stores(store):
    full, empty = create_app(store).test_client(), create_app(filled()).test_client()
    assert full.get("/readyz").json["articles"] == 3
    assert empty.get("/readyz").json["articles"] == 0


def test_probes(client, store):
    assert client.get("/healthz").json == {"status": "alive"}
    generation = store.current().name
    ready = {"status": "ready", "generation": generation, "articles": 3, "fallback": None}
    ready["notice"] = None
    assert client.get("/readyz").json == ready
    refill(store, [])
    assert client.get("/readyz").json["generation"] not in (generation, None)


@pytest.mark.parametrize(
    "url",
    ["/", "/search?q=oil", "/places/usa", "/nowhere", "/api/v1/search", "/api/v1/places/usa",
     "/healthz"],
)  # fmt: skip
def test_every_answer_has_the_security_headers(client, url):
    headers = client.get(url).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_have_no_inline_style_and_no_inline_script(client):
    for url in ("/", "/search?q=oil&places=usa", "/article/oil-1?q=oil", "/places/usa", "/nowhere"):
        text = client.get(url).text
        assert "style=" not in text
        assert "<style" not in text
        assert text.count("<script") == 2
        assert '<script src="/static/keys.js" defer></script>' in text
        assert '<script src="/static/suggest.js" type="module"></script>' in text


def test_request_id_is_new_each_time_or_the_proxys(client):
    first, second = (client.get("/").headers["X-Request-Id"] for _ in range(2))
    assert first != second
    given = client.get("/", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"]
    assert given == "abc-1"
    for bad in ("a b", "<x>", "x" * 65):
        answer = client.get("/", headers={"X-Request-Id": bad})
        assert answer.headers["X-Request-Id"] != bad


def test_only_trusted_hosts_are_served(store):
    client = create_app(store, trusted_hosts=["news.example"]).test_client()
    assert client.get("/", base_url="http://news.example").status_code == 200
    assert client.get("/", base_url="http://news.example:8000").status_code == 200
    refused = client.get("/", base_url="http://evil.example")
    assert refused.status_code == 400
    assert "evil.example" in refused.text
    refused = client.get("/api/v1/search", base_url="http://evil.example")
    assert refused.status_code == 400
    assert refused.json["type"] == "about:blank"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (IndexMissing("there is none; run: searchsvc index"), 503, "index-missing"),
        (IndexOutdated("made by version 1; run: searchsvc reindex"), 503, "index-outdated"),
        (IndexDamaged("a file is gone; run: searchsvc verify"), 503, "index-damaged"),
        (CursorExpired("begin anew"), 410, "cursor-expired"),
    ],
)
def test_problems_of_the_index(error, status, kind):
    client = create_app(Broken(error)).test_client()
    for url in ("/api/v1/search", "/api/v1/articles/x", "/api/v1/people/x", "/api/v1/suggest",
                "/readyz"):  # fmt: skip
        answer = client.get(url)
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
        assert answer.json["type"] == f"urn:searchsvc:problem:{kind}"
        assert answer.json["status"] == status
        assert answer.json["detail"] == str(error)
        assert answer.json["instance"] == answer.headers["X-Request-Id"]
        assert ("Retry-After" in answer.headers) == (status == 503)
    for url in ("/", "/search?q=oil", "/article/x", "/people/x"):
        answer = client.get(url)
        assert answer.status_code == status
        assert answer.mimetype == "text/html"
        assert str(error)[1:] in answer.text  # its first letter is a capital there
    assert client.get("/healthz").status_code == 200


def test_a_bug_is_a_500_that_tells_nothing_of_it(caplog):
    client = create_app(Broken(RuntimeError("secret /etc/path"))).test_client()
    for url in ("/api/v1/search", "/readyz", "/", "/article/x"):
        answer = client.get(url)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text
        assert "Content-Security-Policy" in answer.headers
    assert "secret /etc/path" in caplog.text


def test_errors_of_routing_are_problems_for_programs_and_pages_for_people(client):
    for url in ("/api/v1/nowhere", "/api/v2/search", "/api/", "/api/v1/articles/"):
        answer = client.get(url)
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
        assert answer.json["type"] == "urn:searchsvc:problem:not-found"
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


@pytest.mark.parametrize("url", ["/api/v1/search", "/api/v1/articles/oil-1", "/openapi.json"])
def test_only_reading_is_allowed(client, url):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = client.open(url, method=method)
        assert answer.status_code == 405
        assert answer.json["type"] == "urn:searchsvc:problem:method-not-allowed"
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert client.post("/search").status_code == 405


@pytest.mark.parametrize("url", ["/", "/api/v1/search?q=oil", "/api/v1/articles/oil-1", "/healthz"])
def test_head_is_get_without_the_body(client, url):
    head = client.head(url)
    assert head.status_code == 200
    assert head.data == b""
    # The length may differ in the digits of the time taken.
    assert abs(int(head.headers["Content-Length"]) - len(client.get(url).data)) < 5
