"""Somebody searches, narrows down, turns the page, reads and goes back."""

import pytest

pytestmark = pytest.mark.browser


def count_of(locator):
    return int(locator.locator(".count").inner_text())


@pytest.mark.parametrize("script", [True, False])
def test_search_facet_page_article_and_back(tab, site, script):
    page = tab(java_script_enabled=script)
    page.goto(site)
    page.get_by_label("Search the archive").fill("storm")
    page.get_by_role("button", name="Search").click()
    assert page.url == f"{site}/search?q=storm"
    assert page.get_by_role("heading", level=1).inner_text() == "Results for storm"
    assert page.get_by_role("status").inner_text().startswith("60 articles, page 1 of 6")
    assert page.locator(".hit mark").first.inner_text().lower() == "storm"

    source = page.get_by_role("link", name="Harbour Wire")
    count = count_of(source)
    source.click()
    assert page.url == f"{site}/search?q=storm&source=Harbour+Wire"
    assert page.get_by_role("status").inner_text().startswith(f"{count} articles")

    page.get_by_role("link", name="Next").click()
    assert page.url == f"{site}/search?q=storm&source=Harbour+Wire&page=2"
    assert page.locator("[aria-current=page]").inner_text().endswith("2")

    title = page.locator(".hit h2 a").nth(3)
    headline = title.inner_text()
    title.click()
    assert page.get_by_role("heading", level=1).inner_text() == headline
    assert page.locator(".text mark").count() >= 6
    page.get_by_role("link", name="Back to the results").click()
    assert page.url == f"{site}/search?q=storm&source=Harbour+Wire&page=2"

    page.get_by_role("link", name="Remove Source: Harbour Wire").click()
    assert page.url == f"{site}/search?q=storm"
    page.go_back()
    assert page.url.endswith("&page=2")


@pytest.mark.parametrize("script", [True, False])
def test_dates_keep_the_query_and_leave_no_empty_field(tab, site, script):
    page = tab(java_script_enabled=script)
    page.goto(f"{site}/search?q=storm&places=Esbjerg")
    page.get_by_label("From").fill("2021-01-01")
    page.get_by_role("button", name="Apply").click()
    assert page.url == f"{site}/search?q=storm&places=Esbjerg&from=2021-01-01"
    assert page.get_by_label("From").input_value() == "2021-01-01"


def test_the_way_works_by_keyboard_alone(tab, site):
    page = tab()
    page.goto(site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("cocoa")
    page.keyboard.press("/")  # while typing it is a letter
    assert page.locator("#q").input_value() == "cocoa/"
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=cocoa")


def test_samples_of_the_home_page_lead_to_hits(tab, site):
    page = tab()
    page.goto(site)
    samples = page.locator(".samples a")
    assert samples.count() == 5
    for url in [a.get_attribute("href") for a in samples.all()]:
        page.goto(site + url)
        assert page.locator(".hit").count() > 0


def test_long_facets_unfold_without_script(tab, site):
    page = tab(java_script_enabled=False)
    page.goto(f"{site}/search?q=storm")
    last = page.locator(".filters details a").last
    assert not last.is_visible()
    page.locator(".filters summary").first.click()
    assert page.locator(".filters details a").last.is_visible()


def test_print_shows_the_article_without_the_page_around_it(tab, site):
    page = tab()
    page.goto(f"{site}/article/story-1?q=storm")
    page.emulate_media(media="print")
    assert page.get_by_role("heading", level=1).is_visible()
    for around in ("form", ".back", ".foot"):
        assert not page.locator(around).is_visible()
