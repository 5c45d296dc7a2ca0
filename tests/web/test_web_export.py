"""What an export holds: every article that a search finds, whole, and nothing else."""

import csv
import io
import json
import random
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from stores import filled, refill

from searchsvc import exporting
from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, scan
from searchsvc.engines.memory import MemoryStore
from searchsvc.errors import CursorExpired, TooBusy
from searchsvc.extract import extract
from searchsvc.parameters import ExportParameters
from searchsvc.readers import read
from searchsvc.web import create_app

from .worlds import question

CORPUS = Path(__file__).parents[2] / "corpus"


def exported(client, query):
    with client.get("/api/v1/export", query_string=query) as answer:
        assert answer.status_code == 200, answer.text
        return answer.text


def lines(client, query):
    return list(map(json.loads, exported(client, query).splitlines()))


def rows(client, query):
    text = exported(client, query)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_an_export_holds_what_a_search_finds_in_its_order(world, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 7)
    chance = random.Random(4)
    for _ in range(60):
        asked = question(chance, filters=chance.randint(0, 2))
        asked = [(name, value) for name, value in asked if name not in ("size", "page", "facets")]
        every = world.get("/api/v1/search", query_string=[*asked, ("size", 200)]).json
        found = lines(world, asked)
        assert [article["id"] for article in found] == [hit["id"] for hit in every["hits"]]
        assert len(found) == every["total"]
        for article in found[:3]:
            assert article == world.get(f"/api/v1/articles/{article['id']}").json


def articles_in(folder):
    files = (file for file in scan(folder) if isinstance(file, CorpusFile))
    found = chain.from_iterable(map(read, files))
    return {item.id: extract(item) for item in found if isinstance(item, Article)}


ODD = Article(
    id="odd",
    title="DU PONT CO <DD> & <b>others</b> &amp; &copy; [+20 chars]",
    body="Says <ada@example.org>: <script>x</script>\n  1 &lt; 2\n  3    4\n\nPARIS, May 1 - x",
    people_tags=("Ann, Bo",),
    people=("Ann, Bo",),
)


def test_lines_that_are_indexed_again_are_the_same_articles(tmp_path):
    before = articles_in(CORPUS) | {"odd": extract(ODD), "empty": Article(id="empty")}
    client = create_app(MemoryStore(before.values())).test_client()
    (tmp_path / "export.jsonl").write_text(exported(client, ""), encoding="utf-8")
    assert articles_in(tmp_path) == before


def test_a_table_has_a_row_for_each_article_and_no_formula(client, store):
    refill(
        store,
        [
            Article(
                id="a",
                title='=HYPERLINK("http://evil.example")',
                body='Says "no".\n\nThen, yes.',
                people=("Ann Bo", "Zoë Ñ"),
            ),
            Article(id="b", title="-5 degrees", source="@wire"),
        ],
    )
    first, second = sorted(rows(client, "sort=oldest&format=csv"), key=lambda row: row["id"])
    assert tuple(first) == exporting.COLUMNS
    assert first["title"] == '\'=HYPERLINK("http://evil.example")'
    assert first["body"] == 'Says "no".\n\nThen, yes.'
    assert first["people"] == "Ann Bo; Zoë Ñ"
    assert (first["date"], second["title"], second["source"]) == ("", "'-5 degrees", "'@wire")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("q=oil&format=xml", "format"),
        ("page=2", "page"),
        ("facets=none", "facets"),
        ("q=titel:x", "q"),
        ("from=yesterday", "from"),
    ],
)
def test_what_cannot_be_exported_is_told_before_anything_is_sent(client, query, parameter):
    answer = client.get(f"/api/v1/export?{query}")
    assert answer.status_code == 400
    assert [fault["parameter"] for fault in answer.json["errors"]] == [parameter]
    assert exported(client, "q=oil")  # it stands in nobody's way


def test_one_is_written_at_a_time_and_whoever_asks_meanwhile_comes_again(client):
    with client.get("/api/v1/export") as first:
        second = client.get("/api/v1/export")
        assert (second.status_code, second.headers["Retry-After"]) == (503, "1")
        assert client.get("/api/v1/search?q=oil").status_code == 200
        assert len(first.text.splitlines()) == 3
    assert len(lines(client, "")) == 3


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "articles"),
        ("q=Oil+%22rose%22+-gas", "oil-rose-gas"),
        ("q=" + "a" * 99, "a" * 60),
        ("q=%E5%8C%97%E4%BA%AC", "articles"),
    ],
)
def test_a_download_has_a_name_and_is_kept_nowhere(client, query, name):
    with client.get(f"/api/v1/export?{query}&format=csv") as answer:
        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}.csv"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.mimetype == "text/csv"


def test_a_part_is_never_taken_for_the_whole(monkeypatch):
    store = filled(Article(id=f"a{number}", title="oil") for number in range(30))
    monkeypatch.setattr(exporting, "AT_ONCE", 10)
    found = exporting.find(store, ExportParameters(q="oil"))
    engine = store.current().engine
    search = type(engine).search

    def late(self, request):
        return replace(search(self, request), partial=True)

    assert next(found.articles).id == "a0"
    monkeypatch.setattr(type(engine), "search", late)
    with pytest.raises(TooBusy, match="not enough time to find all"):
        list(found.articles)
    with pytest.raises(TooBusy):
        exporting.find(store, ExportParameters(q="oil"))


def test_a_page_that_is_missing_is_never_the_end(monkeypatch):
    store = filled(Article(id=f"a{number}", title="oil") for number in range(30))
    monkeypatch.setattr(exporting, "AT_ONCE", 10)
    found = exporting.find(store, ExportParameters(q="oil"))
    engine = type(store.current().engine)
    search = engine.search

    def without_hits(self, request):
        return replace(search(self, request), hits=())

    monkeypatch.setattr(engine, "search", without_hits)
    with pytest.raises(CursorExpired, match="export again"):
        list(found.articles)


def test_how_many_there_are_and_what_a_search_would_warn_of_is_told(client):
    with client.get("/api/v1/export?q=the+oil&people=nobody") as answer:
        assert answer.headers["X-Total-Count"] == "0"
        warnings = json.loads(answer.headers["X-Warnings"])
    assert (
        warnings == client.get("/api/v1/search?q=the+oil&people=nobody").json["query"]["warnings"]
    )
    with client.get("/api/v1/export") as answer:
        assert answer.headers["X-Total-Count"] == str(len(answer.text.splitlines()))
        assert "X-Warnings" not in answer.headers


def test_damage_that_an_export_meets_is_looked_for(store, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    looked = []
    client = create_app(store, suspect=lambda: bool(looked.append(1))).test_client()
    answer = client.get("/api/v1/export?sort=newest")
    engine = type(store.current().engine)
    monkeypatch.setattr(engine, "search", lambda self, request: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        answer.get_data()
    assert looked
    answer.close()
    monkeypatch.undo()
    assert len(lines(client, "")) == 3  # it stands in nobody's way


def test_an_update_meanwhile_moves_nothing(monkeypatch):
    store = filled(Article(id=f"a{number:02}", title="oil") for number in range(30))
    monkeypatch.setattr(exporting, "AT_ONCE", 10)
    found = exporting.find(store, ExportParameters(q="oil"))
    ids = [next(found.articles).id]
    refill(store, [Article(id="new", title="oil")])
    ids += [article.id for article in found.articles]
    assert ids == [f"a{number:02}" for number in range(30)]


def test_a_page_of_results_leads_to_all_of_them(client, page):
    found = page(client, "/search?q=oil&sort=oldest&page=1&size=1")
    (link,) = found.select('a[href^="/api/v1/export"]')
    assert [row["id"] for row in rows(client, link["href"].partition("?")[2])] == [
        "oil-1",
        "ship-2",
    ]
    assert not page(client, "/search?q=zebra").select('a[href^="/api/v1/export"]')
