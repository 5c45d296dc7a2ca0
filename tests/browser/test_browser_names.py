"""Somebody types, takes a suggestion, follows a name."""

import pytest

from .test_browser_access import violations

pytestmark = pytest.mark.browser


def typed(page, text):
    page.locator("#q").press_sequentially(text)
    page.wait_for_function(
        """text => {
            const list = document.getElementById("suggestions");
            return list.dataset.typed === text && !list.hidden && list.children.length;
        }""",
        arg=text,
    )
    return page.locator("#q")


def test_a_list_for_what_stood_there_before_is_not_taken(tab, site):
    page = tab()
    page.goto(site)
    box = typed(page, "s")
    page.route("**/api/v1/suggest**", lambda route: None)  # the next list does not come
    box.press_sequentially("torm")
    page.keyboard.press("ArrowDown")
    assert box.input_value() == "storm"


def test_a_suggestion_is_taken_by_keyboard(tab, site):
    page = tab()
    page.goto(site)
    box = typed(page, "storm esb")
    assert box.get_attribute("role") == "combobox"
    assert box.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    assert box.input_value() == 'storm places:"Esbjerg"'
    chosen = page.locator("[role=option][aria-selected=true]")
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    assert "Esbjerg" in chosen.inner_text()
    page.keyboard.press("ArrowUp")
    assert box.input_value() == "storm esb"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    assert box.input_value() == "storm esb"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=storm+places%3A%22Esbjerg%22")
    assert page.locator(".hit").count() > 0


def test_escape_brings_back_what_was_typed_and_closes(tab, site):
    page = tab()
    page.goto(site)
    box = typed(page, "people:ann")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert box.input_value() == "people:ann"
    assert box.get_attribute("aria-expanded") == "false"
    assert page.locator("[role=option]").count() == 0


def test_a_suggestion_is_taken_by_pointer(tab, site):
    page = tab()
    page.goto(site)
    typed(page, "people:ann")
    page.get_by_role("option", name="Ann O'Neill").click()
    page.wait_for_url("**/search?q=people%3A%22Ann+O%27Neill%22")


def test_nothing_is_suggested_when_the_service_is_away(tab, site):
    page = tab()
    page.route("**/api/v1/suggest*", lambda route: route.abort())
    page.goto(site)
    with page.expect_request("**/api/v1/suggest*"):
        page.locator("#q").press_sequentially("storm")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=storm")


@pytest.mark.parametrize("script", [True, False])
def test_names_lead_from_hit_to_place_to_person_and_back_to_a_search(tab, site, script):
    page = tab(java_script_enabled=script)
    page.goto(f"{site}/search?q=storm")
    page.locator(".hit").get_by_role("link", name="Ann O'Neill").first.click()
    assert page.url == f"{site}/people/Ann%20O%27Neill"
    assert page.get_by_role("heading", level=1).inner_text() == "Ann O'Neill"
    page.locator(".columns section", has_text="Places").get_by_role("link").first.click()
    assert "/places/" in page.url
    name = page.get_by_role("heading", level=1).inner_text()
    year = page.locator(".years li").first
    count = int(year.locator(".count").inner_text().split()[0])
    year.get_by_role("link").click()
    assert page.locator(".hit").count() == count
    assert page.locator(".chips bdi").first.inner_text() == name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_suggestions_can_be_read_and_nothing_scrolls_sideways(tab, site, scheme, width):
    page = tab(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto(site)
    typed(page, "storm e")
    page.keyboard.press("ArrowDown")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
