"""Page and API give one answer: the same ids, facets that keep their word, pages without gaps."""

import random
from urllib.parse import urlencode

import pytest

from searchsvc.schema import FACET_FIELDS
from searchsvc.web.listing import page_numbers

from .worlds import question


def ids_on(soup):
    return [a["href"].split("?")[0].removeprefix("/article/") for a in soup.select(".hit h2 a")]


def ids_in(answer):
    return [hit["id"] for hit in answer["hits"]]


@pytest.mark.parametrize("seed", range(200))
def test_page_and_json_list_the_same(world, api, page, seed):
    chance = random.Random(seed)
    asked = question(chance, filters=chance.randint(0, 3))
    asked.append(("page", str(chance.choice((1, 1, 2)))))
    answer = api(world, asked)
    soup = page(world, f"/search?{urlencode(asked)}")
    assert ids_on(soup) == ids_in(answer)
    assert f"{answer['total']} article" in soup.main.get_text() or answer["total"] == 0
    shown = {
        section.h2.get_text().lower(): {
            li.bdi.get_text(): int(li.select_one(".count").get_text())
            for li in section.select("li")
        }
        for section in soup.select(".filters section")
        if section.select("li")
    }
    for field in FACET_FIELDS:
        counts = {value["value"]: value["count"] for value in answer["facets"][field]}
        chosen = {value: 0 for name, value in asked if name == field}
        assert shown.get(field, {}) == chosen | counts


@pytest.mark.parametrize("seed", range(500))
def test_choosing_a_value_leaves_as_many_hits_that_carry_it_as_it_showed(world, api, seed):
    chance = random.Random(seed)
    asked = question(chance, filters=chance.randint(0, 3))
    facets = api(world, asked)["facets"]
    offered = [(field, v["value"], v["count"]) for field in facets for v in facets[field]]
    if not offered:
        return
    field, value, count = chance.choice(offered)
    answer = api(world, [*asked, (field, value), ("size", "200")])
    assert sum(_carries(hit, field, value) for hit in answer["hits"]) == count
    if field not in dict(asked):
        assert answer["total"] == count


def _carries(hit, field, value):
    if field == "year":
        return (hit["date"] or "").startswith(value)
    return value in hit[field] if isinstance(hit[field], list) else value == hit[field]


WALKS = ["", "q=oil", "q=oil+OR+ship&sort=oldest", "year=1987&size=7"]


@pytest.mark.parametrize("query", WALKS)
def test_page_links_lead_through_every_hit_once(world, page, query):
    total = world.get(f"/api/v1/search?{query}").json["total"]
    url, walked = f"/search?{query}", []
    while url and len(walked) <= total:
        soup = page(world, url)
        walked += ids_on(soup)
        following = soup.select_one(".pager a[rel=next]")
        url = following["href"] if following else None
    assert len(walked) == len(set(walked)) == total


@pytest.mark.parametrize("query", WALKS)
def test_cursors_lead_through_every_hit_once(world, query):
    url, walked = f"/api/v1/search?{query}", []
    total = world.get(url).json["total"]
    while url and len(walked) <= total:
        answer = world.get(url).json
        walked += ids_in(answer)
        url = answer["links"]["next"]
    assert len(walked) == len(set(walked)) == total


def test_the_last_page_is_one_click_away(world, page):
    soup = page(world, "/search?size=3")
    assert soup.select(".pager a")[-1].get_text(strip=True).startswith("Last")
    last = page(world, soup.select(".pager a")[-1]["href"])
    assert last.select_one("[aria-current=page]").get_text() == "Page 20"
    assert len(ids_on(last)) == 3
    assert last.select(".pager a[rel=next]") == []


@pytest.mark.parametrize("last", [1, 2, 3, 4, 5, 6, 7, 30])
def test_page_numbers_have_both_ends_and_no_gap_of_one(last):
    for current in range(1, last + 1):
        numbers = page_numbers(current, last)
        whole = [number for number in numbers if number]
        assert whole == sorted(set(whole))
        assert {1, current, last} <= set(whole)
        for before, gap, after in zip(numbers, numbers[1:], numbers[2:], strict=False):
            assert gap or after - before > 2
