"""Pages of people and places: what they tell, page and API alike, whatever the name looks like."""

import datetime as dt
from urllib.parse import quote

import pytest
from stores import filled, refill

from searchsvc import profiles
from searchsvc.article import Article, Entity, Mention
from searchsvc.engines.memory import MemoryStore
from searchsvc.web import create_app

from .worlds import articles


def person(name, *aliases, **values):
    return Entity(
        **{"field": "people", "name": name, "key": name.lower(), "origin": "rule:1"} | values,
        aliases=aliases,
    )


OSLO = Entity(
    field="places", name="Oslo", key="NO.1", origin="tag", aliases=("oslo-city",), country="NO",
    kind="capital", latitude=59.91, longitude=10.75,
)  # fmt: skip


def story(number, *entities, **values):
    names = {
        field: tuple(e.name for e in entities if e.field == field) for field in ("people", "places")
    }
    day = dt.date(1980 + number, 3, 1)
    return Article(**{"id": f"s{number}", "date": day, "entities": entities} | names | values)


STORIES = [
    story(
        1,
        person("Paul Volcker", "Volcker", mentions=(Mention("body", 0, 12),)),
        person("James Baker"),
        OSLO,
        title="In Oslo",
        body="Paul Volcker met James Baker. Volcker left.",
    ),
    story(2, person("Paul Volcker", "Volcker, Paul", "Volcker"), person("Alan Greenspan")),
    story(3, person("Karen Volcker", "Volcker", ambiguous=True), person("Ann Ford"), OSLO),
    story(4, person("Ann Ford"), date=None),
]


@pytest.fixture
def client():
    return create_app(filled(STORIES)).test_client()


def api_url(field, name):
    return f"/api/v1/{field}/{quote(name, safe='')}"


def page_url(field, name):
    return f"/{field}/{quote(name, safe='')}"


def text(soup, selector):
    return " ".join(soup.select_one(selector).get_text().split())


def counted(values):
    return {value["value"]: value["count"] for value in values}


def test_what_the_archive_knows_of_a_person(client):
    known = client.get(api_url("people", "Paul Volcker")).json
    assert (known["total"], known["read"], known["partial"]) == (2, 2, False)
    assert counted(known["spellings"]) == {"Volcker": 2, "Paul Volcker": 1, "Volcker, Paul": 1}
    assert known["years"] == [{"value": "1981", "count": 1}, {"value": "1982", "count": 1}]
    assert counted(known["company"]["people"]) == {"Alan Greenspan": 1, "James Baker": 1}
    assert counted(known["company"]["places"]) == {"Oslo": 1}
    assert [hit["id"] for hit in known["newest"]] == ["s2", "s1"]
    assert client.get(known["links"]["self"]).json["name"] == "Paul Volcker"
    assert client.get(known["links"]["search"]).json["total"] == 2


def test_a_place_tells_where_it_is(client, page):
    (meaning,) = client.get(api_url("places", "Oslo")).json["meanings"]
    assert meaning == {
        "key": "NO.1", "count": 2, "country": "NO", "kind": "capital", "latitude": 59.91,
        "longitude": 10.75,
    }  # fmt: skip
    assert "Capital · NO · 59.91° N, 10.75° E" in text(
        page(client, "/places/Oslo"), "header + main"
    )


def test_a_name_of_several_places_tells_them_apart(page):
    towns = [
        Entity(field="places", name="Newport", key=key, origin="rule:1", country=key, kind="city")
        for key in ("GB", "US", "US")
    ]
    client = create_app(filled(story(n, town) for n, town in enumerate(towns))).test_client()
    lines = [p.get_text() for p in page(client, "/places/Newport").select("main .by")[:2]]
    assert lines == ["City · US: 2 articles", "City · GB: 1 article"]


def test_a_doubtful_name_says_so(client, page):
    assert client.get(api_url("people", "Karen Volcker")).json["ambiguous"] == 1
    assert "may mean somebody else" in text(page(client, "/people/Karen%20Volcker"), ".notice")
    assert page(client, "/people/Paul%20Volcker").select(".notice") == []


@pytest.mark.parametrize(
    ("field", "spelling", "name"),
    [
        ("people", "Volcker, Paul", "Paul Volcker"),
        ("people", "VOLCKER PAUL", "Paul Volcker"),
        ("people", "paul volcker", "Paul Volcker"),
        ("people", "Pául-Volcker", "Paul Volcker"),
        ("people", "Greenspan, Alan", "Alan Greenspan"),
        ("places", "oslo-city", "Oslo"),
    ],
)
def test_another_spelling_leads_to_the_name(client, field, spelling, name):
    for url_of in (page_url, api_url):
        answer = client.get(url_of(field, spelling))
        assert answer.status_code == 302
        assert answer.headers["Location"] == url_of(field, name)


def test_a_spelling_of_several_names_lists_them(client, page):
    answer = client.get("/api/v1/people/volcker")
    assert answer.status_code == 300
    assert answer.json == {
        "field": "people",
        "spelling": "volcker",
        "candidates": [
            {"value": "Paul Volcker", "count": 2},
            {"value": "Karen Volcker", "count": 1},
        ],
    }
    soup = page(client, "/people/volcker", status=300)
    links = [a["href"] for a in soup.select(".counted a")]
    assert links == ["/people/Paul%20Volcker", "/people/Karen%20Volcker"]


def test_a_name_that_others_are_called_too_leads_to_them(page):
    stories = [*STORIES, story(5, person("Volcker"))]
    client = create_app(filled(stories)).test_client()
    others = {"Paul Volcker", "Karen Volcker"}
    assert set(client.get("/api/v1/people/Volcker").json["see_also"]) == others
    assert {a.get_text() for a in page(client, "/people/Volcker").select(".also a")} == others


@pytest.mark.parametrize(
    ("name", "near"), [("Ford", "Ann Ford"), ("Nobody", ""), ("...", ""), ("x" * 3000, "")]
)
def test_an_unknown_name_is_a_404_with_help(client, page, name, near):
    answer = client.get(api_url("people", name))
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert near in answer.json["detail"]
    soup = page(client, page_url("people", name), status=404)
    assert [a.get_text() for a in soup.select(".counted a")] == [near] * bool(near)
    assert "Search all articles for these words" in text(soup, "main")


def test_a_parameter_is_refused(client):
    answer = client.get("/api/v1/people/Paul%20Volcker?size=3")
    assert answer.status_code == 400
    assert answer.json["errors"][0]["parameter"] == "size"


def test_it_is_asked_again_only_after_an_update():
    store = filled(STORIES)
    client = create_app(store).test_client()
    etag = client.get("/api/v1/places/Oslo").headers["ETag"]
    asked = {"headers": {"If-None-Match": etag}}
    assert client.get("/api/v1/places/Oslo", **asked).status_code == 304
    refill(store, STORIES[1:])
    assert client.get("/api/v1/places/Oslo", **asked).json["total"] == 1


ODD = [
    "a/b", "/", "//x", "x/", "a//b", "%2F", "100% Land", "a?b#c", "a+b=c&d", "..x", "\\", "'\"`",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "石油", "Łódź", "😀",
    "e\u0301", "עברית", "a;b", "~", "-", "x\u202ey",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_any_name_has_a_page_that_shows_it(page, name):
    article = Article(id="1", title="x", people=(name,), places=("Oslo", name))
    client = create_app(filled([article])).test_client()
    assert client.get(api_url("people", name)).json["name"] == name
    for url in ("/search", "/article/1", "/places/Oslo"):
        links = {a["href"] for a in page(client, url).select("a")}
        assert page_url("people", name) in links or url.startswith("/places")
        assert page_url("places", name) in links
    for field in ("people", "places"):
        soup = page(client, page_url(field, name))
        assert soup.h1.get_text() == name
        assert soup.select("main script, main img") == []
        assert len(soup.select("script")) == 2
        assert page(client, soup.select_one("main .lead a")["href"]).select(".hit")


@pytest.mark.parametrize("seed", range(8))
def test_page_and_json_tell_the_same(page, seed):
    client = create_app(filled(articles(seed, count=40))).test_client()
    for field in ("people", "places"):
        for value in client.get("/api/v1/search").json["facets"][field]:
            known = client.get(api_url(field, value["value"])).json
            assert known["total"] == value["count"]
            soup = page(client, page_url(field, value["value"]))
            years = {li.a.get_text(): _count(li) for li in soup.select(".years li")}
            assert years == counted(known["years"])
            shown = [
                {li.bdi.get_text(): _count(li) for li in section.select(".counted li")}
                for section in soup.select(".columns section")
            ]
            company = [counted(known["company"][f]) for f in ("people", "places")]
            assert shown == [*filter(None, company), counted(known["spellings"])]
            ids = [hit["id"] for hit in known["newest"]]
            hits = [a["href"].removeprefix("/article/") for a in soup.select(".hit h2 a")]
            assert hits == ids


def _count(li):
    return int(li.select_one(".count").contents[0])


@pytest.mark.parametrize("seed", range(4))
def test_company_is_what_stands_in_the_same_articles(seed):
    stories = articles(seed, count=40)
    client = create_app(filled(stories)).test_client()
    for name in {name for story in stories for name in story.people}:
        known = client.get(api_url("people", name)).json
        together = [story for story in stories if name in story.people]
        for field in ("people", "places"):
            for other, count in counted(known["company"][field]).items():
                assert other != name
                assert count == sum(other in getattr(story, field) for story in together)


def test_no_more_articles_are_read_than_allowed_and_the_answer_says_so(page, monkeypatch):
    monkeypatch.setattr(profiles, "MAX_READ", 20)
    monkeypatch.setattr(profiles, "_AT_ONCE", 15)
    many = [story(n, OSLO) for n in range(50)]
    client = create_app(filled(many)).test_client()
    known = client.get("/api/v1/places/Oslo").json
    assert (known["total"], known["read"], known["partial"]) == (50, 20, False)
    assert "in the newest 20 articles" in text(page(client, "/places/Oslo"), "main")


def test_when_time_runs_out_it_says_so(monkeypatch):
    monkeypatch.setattr(profiles, "_AT_ONCE", 10)
    monkeypatch.setattr(profiles, "SEARCH_SECONDS", 0.8)
    seconds = iter(range(1000))
    store = MemoryStore(story(n, OSLO) for n in range(50))
    known = profiles.profile(store, "places", "Oslo", clock=lambda: next(seconds) * 0.3)
    assert known.partial
    assert known.total == 50
    assert known.read < 50


def place(name, *mentions, origin="rule:1"):
    return Entity(field="places", name=name, key=name, origin=origin, mentions=mentions)


def test_an_article_links_what_it_names(page):
    article = story(
        1,
        person("Ann <Ford>", mentions=(Mention("title", 0, 8), Mention("body", 4, 8))),
        person("York", mentions=(Mention("body", 18, 22),), ambiguous=True),
        place("New York", Mention("body", 14, 22)),
        place("Oslo", origin="tag"),
        place("Bonn", Mention("dateline", 0, 4), origin="user"),
        title="Ann Ford leaves",
        body="Mrs Ford left New York.\n\nNobody came.",
        dateline="BONN, Monday",
    )
    client = create_app(filled([article])).test_client()
    soup = page(client, '/article/s1?q="ford+left"')
    assert [(a.get_text(), a["href"]) for a in soup.select("h1 a")] == [
        ("Ann Ford", "/people/Ann%20%3CFord%3E")
    ]
    assert [a["href"] for a in soup.select(".text a")] == [
        "/people/Ann%20%3CFord%3E",
        "/places/New%20York",
    ]
    assert soup.select_one(".text a")["title"] == "Ann <Ford>: found in the text"
    assert [mark.get_text() for mark in soup.select(".text mark")] == ["Ford", " left"]
    assert soup.select_one(".dateline a")["href"] == "/places/Bonn"


def test_of_two_names_that_overlap_the_longer_is_the_link(page):
    article = story(
        1,
        person("York", mentions=(Mention("body", 7, 11),), ambiguous=True),
        place("New York", Mention("body", 3, 11), origin="tag"),
        body="In New York.",
    )
    client = create_app(filled([article])).test_client()
    soup = page(client, "/article/s1")
    assert [a.get_text() for a in soup.select(".text a")] == ["New York"]
    said = {li.bdi.get_text(): li for li in soup.select(".facts li")}
    assert said["New York"].a["title"] == "Tagged by the source."
    assert said["York"].a["title"] == "Found in the text."
    assert "somebody else may be meant" in said["York"].select_one(".doubt").get_text()
    assert said["New York"].select(".doubt") == []


def test_names_below_a_hit_lead_to_their_pages_and_facets_stay_filters(client, page):
    soup = page(client, "/search?q=met")
    assert [a["href"] for a in soup.select(".hit .names a")] == [
        "/people/Paul%20Volcker",
        "/people/James%20Baker",
        "/places/Oslo",
    ]
    assert soup.select_one(".filters a")["href"] == "/search?q=met&people=James+Baker"
