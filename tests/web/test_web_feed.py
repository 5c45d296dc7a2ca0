"""What programs of readers ask for: a search as a feed, and how to ask."""

import random
import re
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from stores import filled, refill

from searchsvc.article import Article
from searchsvc.web import create_app

from .test_web_ugly import ugly
from .worlds import question

ATOM = "{http://www.w3.org/2005/Atom}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


def get(client, url, **asked):
    answer = client.get(url, **asked)
    assert answer.status_code == 200, answer.text
    return ElementTree.fromstring(answer.data)


def links(element):
    return {link.get("rel"): link.get("href") for link in element.findall(f"{ATOM}link")}


def ids(root):
    return [
        entry.findtext(f"{ATOM}id").removeprefix("urn:searchsvc:article:")
        for entry in root.findall(f"{ATOM}entry")
    ]


def path(url):
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("http", "localhost")
    return f"{parts.path}?{parts.query}"


def test_a_feed_has_the_hits_of_the_search_the_newest_first(world, api):
    chance = random.Random(5)
    for _ in range(40):
        asked = [
            (name, value)
            for name, value in question(chance, filters=1)
            if name not in ("sort", "page", "size", "facets")
        ]
        root = get(world, "/search.atom", query_string=[*asked, ("size", 20)])
        hits = api(world, [*asked, ("sort", "newest"), ("size", 20)])["hits"]
        assert ids(root) == [hit["id"] for hit in hits]


def test_a_feed_has_what_rfc_4287_wants(client, store):
    refill(
        store,
        [
            Article(
                id="a-1",
                title="Oil & <b>gas</b>",
                body="The price of <i>oil</i> fell.",
                source="Wire",
                topics=("crude",),
                url="https://wire.example/?a=1&b=2",
            )
        ],
    )
    root = get(client, "/search.atom?q=oil")
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}id") == "urn:searchsvc:search:q=oil"
    assert root.findtext(f"{ATOM}title") == "oil – News archive"
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    (entry,) = root.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Oil & <b>gas</b>"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Wire"
    assert entry.find(f"{ATOM}category").get("term") == "crude"
    assert links(entry)["via"] == "https://wire.example/?a=1&b=2"
    summary = entry.find(f"{ATOM}summary")
    assert summary.get("type") == "html"
    assert summary.text == "The price of &lt;i&gt;<mark>oil</mark>&lt;/i&gt; fell."
    for element in (root, entry):
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
            element.findtext(f"{ATOM}updated"),
        )


def test_links_of_a_feed_lead_to_it_its_page_its_articles_and_all_the_rest(world, page):
    root = get(world, "/search.atom?q=oil&size=3")
    assert ids(get(world, path(links(root)["self"]))) == ids(root)
    found = page(world, path(links(root)["alternate"]))
    assert found.select_one("#q")["value"] == "oil"
    for entry in root.findall(f"{ATOM}entry"):
        article = page(world, path(links(entry)["alternate"]))
        assert article.select("mark")
    everything = []
    while True:
        everything += ids(root)
        if "next" not in links(root):
            break
        root = get(world, path(links(root)["next"]))
    every = [
        hit["id"] for hit in world.get("/api/v1/search?q=oil&sort=newest&size=200").json["hits"]
    ]
    assert everything == every


def test_a_reader_that_comes_again_is_told_that_nothing_is_new(client, store):
    first = client.get("/search.atom?q=oil")
    again = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/search.atom?q=oil", headers=again).status_code == 304
    refill(store, [Article(id="new", title="oil")])
    assert ids(get(client, "/search.atom?q=oil", headers=again)) == ["new"]


def test_whatever_is_asked_the_answer_is_xml_or_a_problem(world):
    chance = random.Random(6)
    for _ in range(300):
        answer = world.get("/search.atom", query_string={"q": ugly(chance)})
        if answer.status_code == 400:
            assert answer.mimetype == "application/problem+json"
        else:
            ElementTree.fromstring(answer.data)


@pytest.mark.parametrize("query", ["sort=oldest", "facets=none", "q=titel:x", "size=0", "cursor=x"])
def test_what_cannot_be_asked_is_a_problem(client, query):
    answer = client.get(f"/search.atom?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_a_feed_says_what_it_is_of_and_what_a_search_would_warn_of(client):
    root = get(client, "/search.atom?q=the+oil&source=Harbour+Wire&people=nobody&year=1987")
    title = "the oil – People: nobody – Source: Harbour Wire – Year: 1987 – News archive"
    assert root.findtext(f"{ATOM}title") == title
    said = root.findtext(f"{ATOM}subtitle")
    assert "the" in said
    assert "No article has people 'nobody'." in said


def test_a_feed_has_no_addresses_of_no_host(client):
    for host in ('a"b<c>&d', "x y", ""):
        answer = client.get("/search.atom?q=oil", headers={"Host": host})
        assert answer.status_code == 400, answer.text


def test_characters_that_xml_cannot_hold_are_left_out():
    client = create_app(filled([Article(id="a", title="oil \x0c\x01 and\ufffe gas")])).test_client()
    root = get(client, "/search.atom?q=oil%01%0c")
    assert root.findtext(f"{ATOM}entry/{ATOM}title").split() == ["oil", "and", "gas"]


def test_a_browser_finds_the_feed_and_the_search(client, page):
    found = page(client, "/search?q=oil&size=1")
    (shown,) = found.select('link[type="application/atom+xml"]')
    assert ids(get(client, shown["href"])) == ["oil-1", "ship-2"]
    (offered,) = found.select('link[rel="search"]')
    root = get(client, offered["href"])
    assert root.findtext(f"{OPENSEARCH}ShortName") == "News archive"
    urls = {url.get("type"): url.get("template") for url in root.findall(f"{OPENSEARCH}Url")}
    typed = path(urls["text/html"].replace("{searchTerms}", "oil%20prices"))
    soup = BeautifulSoup(client.get(typed).text, "html.parser")
    assert soup.select_one("#q")["value"] == "oil prices"
    assert ids(get(client, path(urls["application/atom+xml"].replace("{searchTerms}", "oil"))))
    with client.get(path(root.findtext(f"{OPENSEARCH}Image"))) as image:
        assert image.mimetype == "image/svg+xml"
