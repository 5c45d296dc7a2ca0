"""The pages, state by state, as somebody without JavaScript sees them."""

import datetime as dt
import itertools
from urllib.parse import quote, urlencode

import pytest
import stores
from stores import filled

from searchsvc.article import Article
from searchsvc.engines.memory import MemoryEngine
from searchsvc.schema import FACET_FIELDS
from searchsvc.web import create_app
from searchsvc.web.samples import samples

from .worlds import articles


def text(soup, selector):
    return " ".join(soup.select_one(selector).get_text().split())


def hrefs(soup, selector):
    return [a["href"] for a in soup.select(selector)]


def test_home_shows_newest_articles_and_samples_that_find_something(page):
    client = create_app(filled(articles(seed=1, count=40))).test_client()
    home = page(client, "/")
    assert text(home, "h1") == "Search 40 articles"
    dates = [time["datetime"] for time in home.select(".hits time")]
    assert dates == sorted(dates, reverse=True)
    links = hrefs(home, ".samples a")
    assert len(links) == 5
    for link in links:
        assert "No article" not in text(page(client, link), "[role=status]")


@pytest.mark.parametrize("seed", range(20))
def test_samples_find_something_in_any_index(seed):
    engine = MemoryEngine(articles(seed, count=seed % 5))
    found = samples(engine)
    assert bool(found) == (engine.count() > 0)
    client = create_app(filled(articles(seed, count=seed % 5))).test_client()
    for sample in found:
        answer = client.get("/api/v1/search", query_string={"q": sample.query})
        assert answer.json["total"] > 0, sample


def story(number: int, **values) -> Article:
    return Article(**{"id": f"s{number}", "date": dt.date(1987, 3, number), **values})


REPORTED = [
    story(9, title="Cabinet warns of a tariff", body="A tariff costs all, Paul Volcker said."),
    story(8, title="Grain", body="The grain", topics=("grain",), places=("Norway",)),
    story(7, title="Tariff", body="The warning.", people=("Rex", "Volcker, Paul"), topics=("pay",)),
    story(6, title="The", body="Of", people=("VOLCKER, PAUL",), places=("usa",), topics=("pay",)),
    story(5, title="Warns again", people=("Volcker, Paul",), places=("usa",), topics=("trade",)),
]


def test_samples_are_what_a_reporter_would_type():
    assert [sample.query for sample in samples(MemoryEngine(REPORTED))] == [
        "Cabinet tariff",  # rare words of the newest headline
        '"Paul Volcker"',  # the most frequent name, as it is spoken
        "places:usa topics:trade",  # a topic that the place has, no code if there is another
        "grain date:1987",
        "Volckar~",
    ]


def test_samples_take_no_longer_than_a_search():
    class Endless(MemoryEngine):
        def terms(self, field, prefix):
            return itertools.repeat((prefix, 1))

    seconds = itertools.count()
    assert samples(Endless(REPORTED), clock=lambda: next(seconds) / 100) is not None


def test_names_that_look_like_operators_make_no_sample_that_fails(page):
    odd = [Article(id="1", title="OR NOT AND", places=("OR", "NOT"), topics=("AND", "a~", "("))]
    client = create_app(filled(odd)).test_client()
    assert page(client, "/").select(".samples a")


def test_a_search_shows_hits_with_marks(client, page):
    soup = page(client, "/search?q=oil")
    assert text(soup, "h1") == "Results for oil"
    assert text(soup, "[role=status]").startswith("2 articles in")
    marks = [mark.get_text() for mark in soup.select(".hit h2 mark")]
    assert sorted(marks) == ["Oil", "oil"]
    if stores.chosen == "memory":  # relevance is each engine's own
        assert marks == ["Oil", "oil"]
        assert text(soup, ".hit .by") == "Undated · Reuters"
    assert text(soup, ".hit .names") == "People Ann O'Neill"
    assert text(soup, ".reading") == "Read as oil"
    assert soup.select_one("input[name=q]")["value"] == "oil"
    assert soup.select_one("link[type='application/json']")["href"] == "/api/v1/search?q=oil"


def test_hits_count_on_across_pages(client, page):
    assert page(client, "/search?size=2&page=2").select_one("ol.hits")["start"] == "3"


def test_what_is_chosen_stays_through_a_new_query(client, page):
    soup = page(client, "/search?q=oil&places=usa&places=Kuwait&sort=oldest&size=5&page=1")
    hidden = [(i["name"], i["value"]) for i in soup.select("form input[type=hidden]")]
    assert hidden == [
        ("places", "usa"),
        ("places", "Kuwait"),
        ("sort", "oldest"),
        ("size", "5"),
    ]


def test_fields_left_empty_are_dropped_from_the_address(client):
    answer = client.get("/search?q=oil&from=&to=&people=")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/search?q=oil"
    assert client.get("/search?q=").headers["Location"] == "/"
    assert client.get("/search?q=oil").status_code == 200


def test_chosen_filters_can_be_removed_one_by_one_and_all_at_once(client, page):
    soup = page(client, "/search?q=oil&places=usa&source=Reuters&from=1980-01-01")
    chips = {" ".join(a.get_text().split()): a["href"] for a in soup.select(".chips a")}
    assert chips == {
        "Remove Places: usa ×": "/search?q=oil&source=Reuters&from=1980-01-01",
        "Remove Source: Reuters ×": "/search?q=oil&places=usa&from=1980-01-01",
        "Remove From: 1980-01-01 ×": "/search?q=oil&places=usa&source=Reuters",
        "Remove all": "/search?q=oil",
    }


def test_a_chosen_value_stays_in_its_facet_even_without_a_hit(client, page):
    soup = page(client, "/search?q=aground&places=Mars")
    chosen = soup.select_one(".filters [aria-current=true]")
    assert " ".join(chosen.get_text().split()) == "× Remove Mars 0"
    assert chosen["href"] == "/search?q=aground"


def test_a_question_that_no_article_answers_whole_leads_to_those_that_have_some_of_it(client, page):
    soup = page(client, "/search?q=who+spilt+the+oil+near+Kuwait&source=Harbour+Wire")
    assert "No article" in soup.select_one("[role=status]").text
    (looser,) = [url for url in hrefs(soup, ".advice a") if "OR" in url]
    assert looser == "/search?q=who+OR+spilt+OR+oil+OR+near+OR+kuwait&source=Harbour+Wire"
    assert hrefs(page(client, looser), ".hit h2 a")[0].startswith("/article/ship-2?")
    assert not [url for url in hrefs(page(client, "/search?q=zebra"), ".advice a") if "OR" in url]


def test_no_hits_says_what_was_searched_and_what_to_do(client, page):
    soup = page(client, "/search?q=prixes&source=Reuters")
    assert text(soup, "[role=status]").startswith("No article")
    main = text(soup, "main")
    assert "Did you mean prices?" in main
    assert "Nothing matches prixes with Source: Reuters." in main
    assert "/search?q=prices&source=Reuters" in hrefs(soup, "main a")
    assert "/search?q=prixes" in hrefs(soup, ".advice a")


def test_a_bad_query_is_explained_and_searched_as_plain_words(client, page):
    soup = page(client, "/search?q=oil+AND&source=Reuters", status=400)
    notice = soup.select_one("[role=alert]")
    assert "This query cannot be read: AND has no word after it." in text(soup, "[role=alert]")
    assert notice.pre.get_text() == "    oil AND\n        ^"
    assert "Add one, or write and to search for the word." in text(soup, "[role=alert]")
    assert soup.select_one("input[name=q]")["value"] == "oil AND"
    assert hrefs(soup, ".hit h2 a") == ["/article/oil-1?q=oil+and&source=Reuters"]


def test_a_bad_query_without_words_finds_nothing(client, page):
    soup = page(client, "/search?q=" + "(" * 9, status=400)
    assert "parentheses go more than 8 deep" in text(soup, "[role=alert]")
    assert soup.select(".hit") == []
    assert soup.select(".meanwhile") == [], "there is nothing to show meanwhile"


def test_bad_parameters_are_explained_and_the_rest_is_searched(client, page):
    soup = page(client, "/search?q=oil&from=yesterday&size=x&cursor=y&colour=red", status=400)
    notices = [" ".join(n.get_text().split()) for n in soup.select("[role=alert]")]
    assert [notice.split()[0] for notice in notices] == ["“from”", "“size”", "“cursor”"]
    assert "'yesterday' is no day; write one as YYYY-MM-DD" in notices[0]
    assert len(soup.select(".hit")) == 2
    assert page(client, "/search?q=oil&colour=red").select("[role=alert]") == []


def test_a_year_that_is_none_is_explained_and_left_out(client, page):
    soup = page(client, "/search?q=oil&year=87", status=400)
    said = "“year” was left out. '87' is no year; write one in four digits, as in year=1987"
    assert text(soup, "[role=alert]") == said
    assert len(soup.select(".hit")) == 2


def test_warnings_are_shown(client, page):
    soup = page(client, "/search?q=the+oil+(price")
    warnings = [" ".join(li.get_text().split()) for li in soup.select(".warnings li")]
    assert any("never closed" in warning for warning in warnings)


def test_a_filter_that_no_article_passes_is_told(client, page):
    soup = page(client, "/search?q=oil&places=kuwait")
    said = ["No article has places 'kuwait'; did you mean 'Kuwait'?"]
    assert [li.get_text() for li in soup.select(".warnings li")] == said


def test_a_page_after_the_last_leads_back(client, page):
    soup = page(client, "/search?size=2&page=9")
    assert "The results end before page 9." in text(soup, "main")
    assert "/search?page=2&size=2" in hrefs(soup, "main a")


def test_an_empty_index_says_what_to_run(page):
    soup = page(create_app(filled()).test_client(), "/")
    assert text(soup, "h1") == "Nothing to search yet"
    assert "searchsvc index" in text(soup, "main")


def test_an_article(client, page):
    soup = page(client, "/article/oil-1?q=price&places=usa&page=2")
    assert text(soup, "h1") == "Oil prices fall"
    assert [p.get_text() for p in soup.select(".text p")] == [
        "The price of oil fell on Monday.",
        "OPEC said nothing.",
    ]
    assert [mark.get_text() for mark in soup.select("mark")] == ["prices", "price"]
    assert hrefs(soup, ".back") == ["/search?q=price&places=usa&page=2"]
    assert hrefs(soup, ".facts ul a") == [
        "/people/Ann%20O%27Neill",
        "/places/usa",
        "/places/Kuwait",
        "/search?topics=crude",
    ]
    original = soup.select_one("a.original")
    assert original["href"] == "https://news.example/oil"
    assert original["rel"] == ["noopener", "noreferrer", "nofollow"]


def test_an_article_without_a_query_has_no_marks_and_no_way_back(client, page):
    soup = page(client, "/article/oil-1")
    assert soup.select("mark, .back") == []


def test_an_article_that_has_little(page):
    store = filled([Article(id="bare", url="javascript:alert(1)")])
    client = create_app(store).test_client()
    soup = page(client, "/article/bare?q=titel:x&size=999")
    assert text(soup, "h1") == "Untitled"
    assert "javascript" not in str(soup)
    assert text(page(client, "/"), ".hit h2") == "Untitled"


def test_long_facets_are_folded_but_whole(page):
    many = [Article(id=f"x{n}", title="x", people=(f"Person {n:03}",)) for n in range(150)]
    soup = page(create_app(filled(many)).test_client(), "/search?q=x")
    section = soup.select_one(".filters section")
    assert text(section, "summary") == "23 more in People"
    assert len(section.select("li")) == 30
    assert text(section, ".unlisted") == "and 120 rarer ones"


def test_years_stand_in_their_order(page, world):
    soup = page(world, "/search?q=*")
    (years,) = [s for s in soup.select(".filters section") if s.h2.get_text() == "Year"]
    assert [bdi.get_text() for bdi in years.select("bdi")] == ["1989", "1988", "1987", "1986"]


def test_text_of_articles_and_addresses_is_never_markup(page):
    evil = '"><script>oil()</script><b onclick="x">\'{{7*7}}'
    article = Article(
        id="evil",
        title=evil,
        body=evil,
        source=evil,
        author=evil,
        section=evil,
        dateline=evil,
        people=(evil,),
        places=(evil,),
        topics=(evil,),
        url=f"https://news.example/{evil}",
    )
    client = create_app(filled([article])).test_client()
    query = urlencode(dict.fromkeys((*FACET_FIELDS, "q", "from", "sort", "cursor"), evil))
    shown = set()
    for url in (
        "/",
        "/search?q=oil",
        "/article/evil",
        f"/people/{quote(evil, safe='')}",
        f"/places/{quote(evil, safe='')}",
        f"/article/evil?{query}",
        f"/search?{query}",
    ):
        soup = page(client, url, status=400 if "from" in url and "search" in url else 200)
        assert len(soup.select("script")) == 2
        assert soup.select("b, [onclick]") == []
        shown.update(e.get_text() for e in soup.select("h1, bdi, .text p, .snippet"))
    assert evil in shown
