"""The JSON API: parameters, answers, problems, caching, cursors."""

import base64
import dataclasses
import datetime as dt

import pytest

from searchsvc.article import Article


def ids(answer):
    return [hit["id"] for hit in answer["hits"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["oil-1", "ship-1", "ship-2"]),
        ("q=", ["oil-1", "ship-1", "ship-2"]),
        ("q=oil", ["oil-1", "ship-2"]),
        ("q=oil&sort=newest", ["oil-1", "ship-2"]),
        ("q=oil&sort=oldest", ["oil-1", "ship-2"]),
        ("people=Ann+O%27Neill", ["oil-1"]),
        ("places=Kuwait&places=Mars", ["oil-1"]),
        ("places=Kuwait&source=Harbour+Wire", []),
        ("topics=crude", ["oil-1"]),
        ("source=Harbour+Wire", ["ship-1", "ship-2"]),
        ("year=1987", []),
        ("from=1987-01-01", []),
        ("to=1987-01-01", []),
        ("size=1", ["oil-1"]),
        ("size=1&page=3", ["ship-2"]),
        ("page=4", []),
        ("facets=none", ["oil-1", "ship-1", "ship-2"]),
    ],
)
def test_parameters(client, api, query, found):
    answer = client.get(f"/api/v1/search?{query}").json
    assert ids(answer) == found


def test_dates_are_days_and_included(store, client):
    store.replace(
        Article(id=f"d{day}", title="x", date=dt.datetime(1987, 3, day, 23, 59))
        for day in (1, 2, 3)
    )
    answer = client.get("/api/v1/search?from=1987-03-01&to=1987-03-02&sort=oldest").json
    assert ids(answer) == ["d1", "d2"]


def test_the_whole_answer(client):
    answer = client.get("/api/v1/search?q=prices&facets=places,source&size=1").json
    assert answer.pop("took_ms") > 0
    assert answer["hits"][0].pop("score") > 0
    assert answer == {
        "query": {"q": "prices", "parsed": "prices", "warnings": [], "did_you_mean": None},
        "total": 1,
        "partial": False,
        "page": 1,
        "size": 1,
        "generation": "000001",
        "hits": [
            {
                "id": "oil-1",
                "title": "Oil prices fall",
                "date": None,
                "source": "Reuters",
                "people": ["Ann O'Neill"],
                "places": ["usa", "Kuwait"],
                "topics": ["crude"],
                "url": "https://news.example/oil",
                "snippets": {
                    "title": {"text": "Oil prices fall", "highlights": [[4, 10]]},
                    "body": [
                        {
                            "text": "The price of oil fell on Monday.\n\nOPEC said nothing.",
                            "highlights": [[4, 9]],
                        }
                    ],
                },
            }
        ],
        "facets": {
            "places": [{"value": "Kuwait", "count": 1}, {"value": "usa", "count": 1}],
            "source": [{"value": "Reuters", "count": 1}],
        },
        "links": {
            "self": "/api/v1/search?q=prices&size=1&facets=places&facets=source",
            "next": None,
            "prev": None,
        },
    }


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("colour=", "colour"),
        ("from_=1987-01-01", "from_"),
        ("person=Ann", "person"),
        ("sort=best", "sort"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=two", "page"),
        ("page=99999999999", "page"),
        ("size=0", "size"),
        ("size=201", "size"),
        ("from=yesterday", "from"),
        ("from=86400", "from"),
        ("to=1987-02-30", "to"),
        ("from=1988-01-01&to=1987-01-01", "from"),
        ("facets=colour", "facets"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%ff%fe", "cursor"),
        ("&".join(f"people={n}" for n in range(101)), "people"),
    ],
)
def test_a_bad_parameter_is_named(client, query, parameter):
    answer = client.get(f"/api/v1/search?{query}")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert answer.json["type"] == "urn:searchsvc:problem:bad-parameter"
    assert [fault["parameter"] for fault in answer.json["errors"]] == [parameter]
    assert answer.json["errors"][0]["reason"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_bad_query_tells_where(client):
    answer = client.get("/api/v1/search?q=oil+titel:price")
    assert answer.status_code == 400
    problem = answer.json
    assert problem["type"] == "urn:searchsvc:problem:bad-query"
    assert problem["errors"] == [
        {"parameter": "q", "reason": "unknown field 'titel'", "position": 4}
    ]
    assert "did you mean 'title:'?" in problem["detail"]
    assert problem["instance"] == answer.headers["X-Request-Id"]


def test_article(client):
    answer = client.get("/api/v1/articles/oil-1")
    assert answer.json == {
        "id": "oil-1",
        "title": "Oil prices fall",
        "body": "The price of oil fell on Monday.\n\nOPEC said nothing.",
        "date": None,
        "source": "Reuters",
        "author": "",
        "section": "",
        "people": ["Ann O'Neill"],
        "places": ["usa", "Kuwait"],
        "topics": ["crude"],
        "url": "https://news.example/oil",
    }
    assert client.get("/api/v1/articles/oil-1?q=oil").status_code == 400


@pytest.mark.parametrize("id", ["nope", "..", "%00", "%ff", "x" * 300, "<b>"])
def test_an_unknown_article_is_a_404(client, id):
    answer = client.get(f"/api/v1/articles/{id}")
    assert answer.status_code == 404
    assert answer.json["type"] == "urn:searchsvc:problem:not-found"


def test_etag_is_the_generation_and_the_question(client, store):
    first = client.get("/api/v1/search?q=oil&places=usa")
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/api/v1/search?places=usa&q=oil&page=1", headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == etag
    other = client.get("/api/v1/search?q=oil", headers={"If-None-Match": etag})
    assert other.status_code == 200
    store.replace([])
    assert (
        client.get("/api/v1/search?q=oil&places=usa", headers={"If-None-Match": etag}).json["total"]
        == 0
    )


def test_etag_of_an_article_changes_with_the_article_only(client, store):
    etag = client.get("/api/v1/articles/ship-1").headers["ETag"]
    asked = {"headers": {"If-None-Match": etag}}
    unchanged = store.current().engine.get("ship-1")
    store.replace([unchanged])
    assert client.get("/api/v1/articles/ship-1", **asked).status_code == 304
    store.replace([Article(id="ship-1", title="Ship afloat")])
    assert client.get("/api/v1/articles/ship-1", **asked).status_code == 200


def test_links_lead_on_and_back(client):
    answer = client.get("/api/v1/search?size=1&page=2")
    links = answer.json["links"]
    assert links["prev"] == "/api/v1/search?page=1&size=1"
    assert ids(client.get(links["prev"]).json) == ["oil-1"]
    assert ids(client.get(links["next"]).json) == ["ship-2"]
    assert client.get(links["next"]).json["links"]["next"] is None
    assert f'<{links["next"]}>; rel="next"' in answer.headers["Link"]
    assert f'<{links["prev"]}>; rel="prev"' in answer.headers["Link"]


def test_a_cursor_walks_its_own_generation_or_is_gone(client, store, monkeypatch):
    beginning = client.get("/api/v1/search?size=1").json
    old = store.current()
    store.replace([Article(id="new", title="New")])
    gone = client.get(beginning["links"]["next"])
    assert gone.status_code == 410
    assert gone.json["type"] == "urn:searchsvc:problem:cursor-expired"
    monkeypatch.setattr(store, "generation", lambda name: old if name == old.name else None)
    kept = client.get(beginning["links"]["next"])
    assert ids(kept.json) == ["ship-1"]
    assert kept.json["generation"] == "000001"


@pytest.mark.parametrize("page", ["0", "-1", "9" * 5000, "1 2", "", "x"])
def test_a_forged_cursor_is_no_5xx(client, page):
    cursor = base64.urlsafe_b64encode(f"000001 {page}".encode()).decode().rstrip("=")
    assert client.get("/api/v1/search", query_string={"cursor": cursor}).status_code == 400


def test_a_partial_answer_is_not_cached(client, monkeypatch, store):
    engine = store.current().engine
    search = type(engine).search
    monkeypatch.setattr(
        type(engine),
        "search",
        lambda self, request: dataclasses.replace(search(self, request), partial=True),
    )
    answer = client.get("/api/v1/search?q=oil")
    assert answer.json["partial"] is True
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert "Time ran out" in client.get("/search?q=oil").text
