"""A real Chromium, and servers for it to visit."""

import datetime as dt
import os
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from stores import filled
from werkzeug.serving import make_server

from searchsvc.article import Article
from searchsvc.errors import IndexMissing
from searchsvc.web import create_app

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

_SUBJECTS = ("Storm", "Court", "Cocoa", "Harbour", "Budget", "Copper", "Ferry", "Vaccine")
_EVENTS = ("shuts port", "clears pilot", "rises again", "strike ends", "vote nears")
_PEOPLE = ("Ann O'Neill", "José Peña", "Łukasz Wiśniewski", "A. K. Banerjee", "Zoë Müller")
_PLACES = ("Esbjerg", "Lisbon", "Abidjan", "Côte d'Ivoire", "Gdynia", "Orkney", "İzmir", "Brno",
           "London", "Denmark")  # fmt: skip


def _story(number: int) -> Article:
    subject, event = _SUBJECTS[number % 8], _EVENTS[number % 5]
    place = _PLACES[number % 10]
    return Article(
        id=f"story-{number}",
        title=f"{subject} {event} in {place}",
        body=f"The {subject.lower()} in {place} was felt on Monday, officials said.\n\n"
        + "Ships waited outside the harbour while the storm passed. " * 6
        + "\n\nTonnes      1987      1988\nCocoa     12,003    14,220",
        date=dt.date(2019 + number % 6, 1 + number % 12, 1 + number % 28) if number % 9 else None,
        source=("Harbour Wire", "Coastal Courier", "Meridian Ledger")[number % 3],
        author="Owen Pryce",
        section="Shipping",
        dateline=f"{place.upper()}, Monday",
        people=(_PEOPLE[number % 5], _PEOPLE[(number + 2) % 5]),
        places=(place,),
        topics=("shipping", "weather", "courts", "markets")[number % 4 : number % 4 + 2],
        url=f"https://news.example/{number}",
    )


class NoIndex:
    """A store where nothing has been indexed yet."""

    def current(self):
        raise IndexMissing("there is no index at 'index' yet; make one with: searchsvc index")


@contextmanager
def serving(store):
    """The address at which *store* can be searched meanwhile."""
    server = make_server("127.0.0.1", 0, create_app(store), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def site():
    """A site with 60 articles."""
    with serving(filled(map(_story, range(60)))) as address:
        yield address


@pytest.fixture(scope="session")
def empty_site():
    with serving(filled()) as address:
        yield address


@pytest.fixture(scope="session")
def unindexed_site():
    with serving(NoIndex()) as address:
        yield address


@pytest.fixture(scope="session")
def serve():
    return serving


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing; install it with: apt-get install chromium")
        pytest.skip(f"{CHROMIUM} is missing")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium):
    """Opens a tab: `tab(java_script_enabled=False)`; closed with the test."""
    contexts = []

    def open_tab(**settings):
        context = chromium.new_context(**settings)
        contexts.append(context)
        return context.new_page()

    yield open_tab
    for context in contexts:
        context.close()
