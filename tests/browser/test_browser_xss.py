"""Text of articles, names and queries is never markup, whatever it looks like.

Looked at in a browser, since only a browser knows what it takes for a script: no dialog, no
script that ran, no element, attribute or address that is not ours, nothing for the CSP to stop.
"""

import datetime as dt
from urllib.parse import quote, urlencode

import pytest
from stores import filled

from searchsvc.article import Article
from searchsvc.parameters import NAMES
from searchsvc.schema import FACET_FIELDS

from .payloads import payloads

pytestmark = pytest.mark.browser

_WATCH = """
window.ran = [];
window.pwned = () => window.ran.push("script");
window.alert = window.prompt = window.confirm = window.pwned;
document.addEventListener("securitypolicyviolation", e => window.ran.push(e.violatedDirective));
"""
# What a page of ours consists of; anything else was injected.
_FOREIGN = """() => {
  const ours = new Set(("html head meta title link script body a header form label input button " +
    "main h1 h2 p dl div dt dd code pre ul ol li nav article time span bdi mark aside section " +
    "details summary footer strong svg rect").split(" "));
  const bad = [];
  for (const e of document.querySelectorAll("*")) {
    if (!ours.has(e.localName)) bad.push(e.outerHTML.slice(0, 200));
    for (const {name} of e.attributes)
      if (name.startsWith("on") || ["style", "srcdoc", "formaction", "http-equiv"].includes(name))
        bad.push(`${name} in ${e.outerHTML.slice(0, 200)}`);
  }
  for (const e of document.querySelectorAll("[href], [src], [action]")) {
    const given = e.getAttribute("href") ?? e.getAttribute("src") ?? e.getAttribute("action");
    const url = new URL(given, location);
    const original = e.matches("a.original[rel~=noopener]") && /^https?:$/.test(url.protocol);
    if (url.origin !== location.origin && !original)
      bad.push(`leads to ${given}`);
  }
  if (document.scripts.length !== 2 || document.querySelectorAll("link[rel=stylesheet]").length > 1)
    bad.push("more scripts or styles than ours");
  return bad.concat(window.ran);
}"""


@pytest.fixture
def watched(tab):
    """A tab that tells what was injected on a page."""
    page = tab()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(_WATCH)

    def visit(url):
        page.goto(url)
        assert page.evaluate(_FOREIGN) == [], url
        assert dialogs == [], url
        return page

    return visit


def tens():
    """The payloads, ten at a time."""
    every = payloads()
    return [every[at : at + 10] for at in range(0, len(every), 10)]


def _hostile(number, ten):
    return Article(
        id=f"x{number}",
        title=" ".join(ten),
        body="\n\n".join([*ten, "The oil price " + " ".join(ten)]),
        date=dt.date(1987, 3, 1),
        source=ten[0],
        author=ten[1],
        section=ten[2],
        dateline=ten[3],
        people=tuple(ten),
        places=tuple(reversed(ten)),
        topics=tuple(ten[2:]),
        url=payloads()[number] if number < 25 else f"https://news.example/{ten[0]}",
    )


def test_articles(watched, serve):
    with serve(filled(_hostile(*numbered) for numbered in enumerate(tens()))) as site:
        for number, ten in enumerate(tens()):
            page = watched(f"{site}/article/x{number}?q=oil+script+OR+svg")
            assert page.locator("h1").text_content() == " ".join(ten)
            assert page.locator(".author bdi").text_content() == ten[1]
            assert page.locator(".facts ul").first.locator("bdi").all_text_contents() == ten
        page = watched(f"{site}/search?q=oil+OR+script+OR+svg&size=200")
        assert page.locator(".hit").count() == 50
        watched(f"{site}/?size=200")


def test_names(watched, serve):
    every = payloads()
    stories = [
        Article(id=f"x{at}", title="x", people=(name,), places=(name, "Oslo"))
        for at, name in enumerate(every)
    ]
    with serve(filled(stories)) as site:
        for name in every[::10]:
            for field in ("people", "places"):
                page = watched(f"{site}/{field}/{quote(name, safe='')}")
                assert page.locator("h1").text_content() == name
        watched(f"{site}/places/Oslo")
        for name in every[5::50]:
            page = watched(site)
            words = "".join(c if c.isalnum() else " " for c in name).split()
            page.locator("#q").press_sequentially(f"places:{words[0]}")
            page.wait_for_selector("[role=option]")
            assert page.evaluate(_FOREIGN) == []


def test_queries(watched, serve):
    with serve(filled([Article(id="1", title="Oil", body="Oil script")])) as site:
        for ten in tens():
            q = " ".join(ten)
            page = watched(f"{site}/search?{urlencode({'q': q})}")
            assert page.locator("#q").get_attribute("value") == q
        for payload in payloads()[::40]:
            watched(f"{site}/search?{urlencode({'q': payload})}")
            watched(f"{site}/article/1?{urlencode({'q': payload})}")


def test_facet_values(watched, site):
    every = payloads()
    for at in range(0, len(every), 100):
        parts = [every[at + 20 * part : at + 20 * part + 20] for part in range(5)]
        chosen = dict(zip(FACET_FIELDS, parts, strict=True))
        page = watched(f"{site}/search?{urlencode(chosen, doseq=True)}")
        del chosen["year"]  # which is refused, and shown with the reason
        expected = [value for part in chosen.values() for value in part]
        assert page.locator(".chips bdi").all_text_contents() == expected
        assert page.locator(".filters [aria-current] bdi").all_text_contents() == expected


def test_other_parameters(watched, site):
    for ten in tens()[::2]:
        given = dict(zip((*NAMES, "x"), ten, strict=False)) | {ten[0]: "x", "q": "storm"}
        watched(f"{site}/search?{urlencode(given)}")
        given = dict.fromkeys(("from", "to", "sort", "page", "size", "cursor", "facets"), ten[1])
        watched(f"{site}/search?{urlencode(given)}")


def test_paths(watched, site):
    for payload in payloads()[::25]:
        watched(f"{site}/article/{quote(payload, safe='')}")
        watched(f"{site}/{quote(payload, safe='')}")
