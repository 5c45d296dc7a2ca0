"""Every state can be read and used by everybody: axe, narrow screens, the size of targets."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

STATES = {
    "home": "/",
    "results": "/search?q=storm&size=20",
    "last-page": "/search?q=storm&size=5&page=12",
    "facets": "/search?q=storm&places=Esbjerg&places=Orkney&source=Harbour+Wire&from=2019-01-01",
    "no-hits": "/search?q=strom+cacoa&source=Harbour+Wire&year=1900",
    "bad-query": "/search?q=storm+titel:cocoa+AND",
    "bad-parameter": "/search?q=storm&from=yesterday&size=9999",
    "beyond": "/search?q=storm&page=99",
    "long-query": "/search?q=" + "Donaudampfschifffahrtsgesellschaft" * 8,
    "article": "/article/story-1?q=storm+shipping&places=Lisbon",
    "404": "/article/nowhere",
    "person": "/people/Ann%20O%27Neill",
    "place": "/places/Esbjerg",
    "candidates": "/people/O%27Neill",
    "nobody": "/people/Nobody",
}


def violations(page):
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found]


def url_of(state, request):
    if state in ("empty", "no-index"):
        fixture = {"empty": "empty_site", "no-index": "unindexed_site"}[state]
        return request.getfixturevalue(fixture) + "/"
    return request.getfixturevalue("site") + STATES[state]


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("state", [*STATES, "empty", "no-index"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(tab, request, state, width):
    page = tab(viewport={"width": width, "height": 800})
    page.goto(url_of(state, request))
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], scheme
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("state", [*STATES])
def test_targets_are_large_enough_for_a_thumb(tab, site, state):
    page = tab(viewport={"width": 360, "height": 800}, has_touch=True, is_mobile=True)
    page.goto(site + STATES[state])
    small = page.evaluate(
        """[...document.querySelectorAll("a, button, input:not([type=hidden]), summary")]
           .filter(e => e.checkVisibility() && !e.closest("p, h1, h2") && !e.matches(".skip"))
           .map(e => [e.getBoundingClientRect().height, e.outerHTML.slice(0, 90)])
           .filter(([height]) => height < 44)"""
    )
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_focus_can_be_seen(tab, site, scheme):
    page = tab(color_scheme=scheme)
    page.goto(f"{site}/search?q=storm")
    for _ in range(6):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"


def test_the_page_has_its_landmarks(tab, site):
    page = tab()
    page.goto(f"{site}/search?q=storm")
    for role, name in (
        ("banner", None), ("search", None), ("main", None), ("complementary", "Filters"),
        ("navigation", "Pages"), ("navigation", "Order"), ("contentinfo", None), ("status", None),
    ):  # fmt: skip
        assert page.get_by_role(role, name=name).count() == 1, role
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("ol.hits > li").count() == 10


def test_no_state_logs_an_error_of_ours(tab, site):
    page = tab()
    logged = []
    page.on("console", lambda message: logged.append(message.text))
    page.on("pageerror", lambda error: logged.append(str(error)))
    for url in STATES.values():
        page.goto(site + url)
    assert [text for text in logged if "the server responded with a status of 4" not in text] == []
