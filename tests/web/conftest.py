from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup
from stores import filled

from searchsvc.article import Article
from searchsvc.web import create_app
from searchsvc.web.kept import KeptAnswers

from .worlds import articles

STORIES = [
    Article(
        id="oil-1",
        title="Oil prices fall",
        body="The price of oil fell on Monday.\n\nOPEC said nothing.",
        date=None,
        source="Reuters",
        people=("Ann O'Neill",),
        places=("usa", "Kuwait"),
        topics=("crude",),
        url="https://news.example/oil",
    ),
    Article(id="ship-1", title="Ship aground", body="A ship ran aground.", source="Harbour Wire"),
    Article(id="ship-2", title="Ships & oil", body="Oil was spilt.", source="Harbour Wire"),
]


@pytest.fixture
def store():
    return filled(STORIES)


@pytest.fixture
def client(store):
    return create_app(store).test_client()


@pytest.fixture(scope="session")
def world():
    """A client of 60 random articles."""
    # Pages and JSON are compared: each is to search for itself.
    store = filled(articles(seed=7, count=60))
    return create_app(store, answers=KeptAnswers(0)).test_client()


@pytest.fixture(scope="session")
def api():
    """Gets a search from the API: `api(client, q="oil", places=["usa"])`."""

    def get(client, pairs=(), **parameters):
        query = urlencode([*pairs, *parameters.items()], doseq=True)
        answer = client.get(f"/api/v1/search?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json

    return get


@pytest.fixture(scope="session")
def page():
    """Gets a page as soup: `page(client, "/search?q=oil")`."""

    def get(client, url, status=200):
        answer = client.get(url)
        assert answer.status_code == status, answer.text
        assert answer.mimetype == "text/html"
        return BeautifulSoup(answer.text, "html.parser")

    return get
