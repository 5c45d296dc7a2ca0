"""docs/api.md tells the truth: its examples are run on the sample corpus."""

import json
import re
import threading
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from searchsvc import answers
from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, scan
from searchsvc.engines.memory import MemoryStore
from searchsvc.extract import extract
from searchsvc.readers import read
from searchsvc.web import create_app, problems

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def app():
    articles = [
        extract(item)
        for file in scan(ROOT / "corpus")
        if isinstance(file, CorpusFile)
        for item in read(file)
        if isinstance(item, Article)
    ]
    return create_app(MemoryStore(articles))


def test_the_example_answer_is_the_answer(app):
    (url,) = re.findall(r"curl 'http://127.0.0.1:8000(.*?)'", TEXT)
    shown = json.loads(blocks("json")[0])
    answer = app.test_client().get(url).json
    for own in (shown, answer):
        assert own.pop("took_ms") > 0
        assert own["hits"][0].pop("score") > 0  # of another engine
        own["links"]["next"], cursor = own["links"]["next"].split("&cursor=")
        assert cursor  # of another index
    assert shown == answer


def test_the_example_error_is_the_error(app):
    shown = json.loads(blocks("json")[-1])
    answer = app.test_client().get("/api/v1/search?q=oil+titel:price").json
    assert shown.pop("instance") != answer.pop("instance")
    assert shown == answer


def test_the_example_article_is_there(app):
    url = re.findall(r"`(/api/v1/articles/[^<`]+)`", TEXT)[0]
    answer = app.test_client().get(url).json
    assert answer["title"].startswith("Tarnbeck loses")
    for key in answer:
        assert f"`{key}`" in TEXT


def test_the_example_entity_is_one_of_its_article(app):
    url = re.findall(r"`(/api/v1/articles/[^<`]+)`", TEXT)[1]
    shown = json.loads(blocks("json")[1])
    assert shown in app.test_client().get(url).json["entities"]


def test_the_example_place_is_what_the_archive_knows(app):
    url, other = re.findall(r"`(/api/v1/places/[^<`]+)`", TEXT)
    client = app.test_client()
    answer = client.get(url).json
    assert answer.pop("newest")
    assert json.loads(blocks("json")[2]) == answer
    assert client.get(other).headers["Location"] == url


def test_the_example_suggestions_are_given(app):
    (url,) = re.findall(r"`(/api/v1/suggest[?][^<`]+)`", TEXT)
    assert json.loads(blocks("json")[3]) == app.test_client().get(url).json


@pytest.mark.parametrize(
    "model",
    [answers.EntityAnswer, answers.MentionAnswer, answers.ProfileAnswer, answers.Meaning,
     answers.CandidatesAnswer, answers.SuggestAnswer, answers.Suggestion],
)  # fmt: skip
def test_every_key_of_names_and_suggestions_is_documented(model):
    for key in model.model_fields:
        assert f"`{key}`" in TEXT or f'"{key}"' in TEXT, key


def test_the_python_example_walks_through_every_hit(app, capsys):
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    (code,) = blocks("python")
    try:
        exec(code.replace("8000", str(server.port)).replace("size=200", "size=2"), {})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    walked = capsys.readouterr().out.splitlines()
    found = app.test_client().get("/api/v1/search?q=harbour&size=200").json
    assert walked == [f"{hit['id']} {hit['title']}" for hit in found["hits"]]
    assert len(walked) > 4


def test_every_kind_of_problem_is_in_the_table():
    for status, kind, _ in problems.KINDS.values():
        assert re.search(rf"^\| {status} \|.*`{kind}`", TEXT, re.MULTILINE), kind
