"""Suggestions: what is offered for what has been typed so far."""

import dataclasses

import pytest
from stores import filled

from searchsvc import suggesting
from searchsvc.article import Article
from searchsvc.engines.memory import MemoryStore
from searchsvc.web import create_app

STORIES = [
    Article(id="1", title="Oil prices", body="Oil again.", people=("James Jeffery", "Ann O'Neill")),
    Article(id="2", title="Price of oil", people=("James Jeffery",), places=("Geneva",)),
    Article(id="3", body="Priced ships", people=("Jeff Bridges",), places=("Genoa", "Łódź")),
    Article(
        id="4", title="The oily ship", places=("Geneva",), topics=("money-fx",), author="Zoë X"
    ),
    Article(id="5", body="the then there", people=('Jo "<b>boss</b>" Ng',), places=("New York",)),
]


@pytest.fixture
def client():
    return create_app(filled(STORIES)).test_client()


def queries(client, q, **more):
    answer = client.get("/api/v1/suggest", query_string={"q": q, **more})
    assert answer.status_code == 200, answer.text
    assert answer.json["q"] == q
    return [suggestion["query"] for suggestion in answer.json["suggestions"]]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("people:jef", ['people:"James Jeffery"', 'people:"Jeff Bridges"']),
        ("people:JÉF", ['people:"James Jeffery"', 'people:"Jeff Bridges"']),
        ("People:jam", ['people:"James Jeffery"']),
        ('people:"james je', ['people:"James Jeffery"']),
        ('people:"jeffery ja', ['people:"James Jeffery"']),
        ("people:“james je", ['people:"James Jeffery"']),
        ("people:onei", ['people:"Ann O\'Neill"']),
        ("people:o'n", ['people:"Ann O\'Neill"']),
        ("places:ge", ['places:"Geneva"', 'places:"Genoa"']),
        ("places:lod", ['places:"Łódź"']),
        ("oil -places:gen", ['oil -places:"Geneva"', 'oil -places:"Genoa"']),
        ("oil (places:geno", ['oil (places:"Genoa"']),
        ("topics:fx", ['topics:"money-fx"']),
        ("title:pri", ["title:price"]),
        ("author:z", ["author:zoe"]),
        ("people:ng", ['people:"Jo <b>boss</b> Ng"']),
        ("jam", ['people:"James Jeffery"']),
        ("oil james je", ['oil people:"James Jeffery"', 'oil james people:"Jeff Bridges"']),
        ("oil AND jam", ['oil AND people:"James Jeffery"']),
        ("geno", ['places:"Genoa"']),
        ("shi", ["ship"]),
        ("oil -shi", ["oil -ship"]),
        ("th", []),
        ("people:xyz", []),
        ("people:", []),
        ("titel:oi", []),
        ("body:a b:c", []),
        ("date:198", []),
        ("http://oi", []),
        ('"oil pri', []),
        ('oil "people:jam', []),
        ("oil ", []),
        ("pri*", []),
        ("", []),
        ("...", []),
    ],
)
def test_what_is_offered(client, typed, offered):
    assert queries(client, typed) == offered


def test_names_come_before_words_and_each_tells_how_many_articles_it_has():
    stories = [*STORIES, Article(id="6", title="Oil", people=("Oil Baron",), places=("Oilville",))]
    client = create_app(filled(stories)).test_client()
    answer = client.get("/api/v1/suggest?q=oi").json
    assert answer["suggestions"][:3] == [
        {"query": 'people:"Oil Baron"', "field": "people", "value": "Oil Baron", "count": 1},
        {"query": 'places:"Oilville"', "field": "places", "value": "Oilville", "count": 1},
        {"query": "oil", "field": None, "value": "oil", "count": 3},
    ]
    assert answer["partial"] is False


@pytest.mark.parametrize(
    "typed", ["j", "people:j", "ge", "places:g", "oil james je", "pri", "places:n"]
)
def test_every_offer_finds_as_many_as_it_says(client, typed):
    for offer in client.get("/api/v1/suggest", query_string={"q": typed}).json["suggestions"]:
        found = client.get("/api/v1/search", query_string={"q": offer["query"]}).json
        assert found["query"]["warnings"] == []
        if offer["field"] and offer["query"].startswith(offer["field"]):
            assert found["total"] == offer["count"]


def test_size_bounds_the_answer(client):
    assert len(queries(client, "people:j", size=2)) == 2
    assert len(queries(client, "p", size=1)) == 1


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("q=oil&page=2", "page"),
        ("q=oil&colour=red", "colour"),
        ("q=a&q=b", "q"),
        ("size=0", "size"),
        ("size=201", "size"),
        ("size=x", "size"),
        ("q=" + "a" * 2001, "q"),
    ],
)
def test_a_bad_parameter_is_named(client, query, parameter):
    answer = client.get(f"/api/v1/suggest?{query}")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert [fault["parameter"] for fault in answer.json["errors"]] == [parameter]


def test_when_time_runs_out_there_are_fewer(monkeypatch):
    monkeypatch.setattr(suggesting, "SUGGEST_SECONDS", 0.2)
    store = MemoryStore(STORIES)
    seconds = iter(range(1000))
    late = suggesting.suggest(store, "jam", clock=lambda: float(next(seconds)))
    assert late.partial
    assert late.suggestions == []


def test_a_partial_answer_is_not_kept(client, monkeypatch):
    engine = type(filled().current().engine)
    search = engine.search
    monkeypatch.setattr(
        engine, "search", lambda self, asked: dataclasses.replace(search(self, asked), partial=True)
    )
    answer = client.get("/api/v1/suggest?q=jam")
    assert answer.json["partial"] is True
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_is_asked_again_only_after_an_update(client):
    etag = client.get("/api/v1/suggest?q=jam").headers["ETag"]
    again = client.get("/api/v1/suggest?q=jam", headers={"If-None-Match": etag})
    assert again.status_code == 304
    other = client.get("/api/v1/suggest?q=jame", headers={"If-None-Match": etag})
    assert other.status_code == 200
