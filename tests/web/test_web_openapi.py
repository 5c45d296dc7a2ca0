"""The OpenAPI document: valid, complete, and true of the answers."""

import json
import random
from itertools import chain

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from stores import filled

from searchsvc.parameters import NAMES, SearchParameters
from searchsvc.web import create_app

from .worlds import articles, question


@pytest.fixture(scope="module")
def document(world):
    answer = world.get("/openapi.json")
    assert answer.mimetype == "application/json"
    return answer.json


def validator(document, name):
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    )


def test_it_is_openapi_31(document, world):
    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()


def test_every_parameter_is_described(document):
    described = {p["name"]: p for p in document["paths"]["/api/v1/search"]["get"]["parameters"]}
    assert tuple(described) == NAMES
    assert "from" in described
    assert all(parameter["description"] for parameter in described.values())
    assert not any(parameter["required"] for parameter in described.values())
    schemas = {name: parameter["schema"] for name, parameter in described.items()}
    for name in ("people", "places", "topics", "source", "year", "facets"):
        assert schemas[name]["type"] == "array"
    assert schemas["year"]["items"] == {"type": "string", "pattern": "^[0-9]{4}$"}
    assert document["components"]["schemas"]["Sort"]["enum"] == ["relevance", "newest", "oldest"]
    assert (schemas["size"]["minimum"], schemas["size"]["maximum"]) == (1, 200)
    assert schemas["q"]["maxLength"] == 2000


def test_every_status_is_described(document):
    described = {
        path: set(operations["get"]["responses"]) for path, operations in document["paths"].items()
    }
    assert described == {
        "/api/v1/search": {"200", "400", "410", "500", "503"},
        "/api/v1/articles/{id}": {"200", "400", "404", "500", "503"},
        "/api/v1/export": {"200", "400", "500", "503"},
        "/api/v1/people/{name}": {"200", "300", "302", "400", "404", "500", "503"},
        "/api/v1/places/{name}": {"200", "300", "302", "400", "404", "500", "503"},
        "/api/v1/suggest": {"200", "400", "500", "503"},
        "/healthz": {"200", "400"},
        "/readyz": {"200", "400", "503"},
    }


def test_answers_are_as_described(document, world):
    chance = random.Random(3)
    answers = validator(document, "SearchAnswer")
    whole = validator(document, "ArticleAnswer")
    for _ in range(60):
        asked = question(chance, filters=chance.randint(0, 2))
        answer = world.get("/api/v1/search", query_string=asked).json
        answers.validate(answer)
        for hit in answer["hits"][:2]:
            whole.validate(world.get(f"/api/v1/articles/{hit['id']}").json)
    for url in ("/api/v1/search?q=titel:x", "/api/v1/search?size=0", "/api/v1/articles/nope"):
        validator(document, "Problem").validate(world.get(url).json)


def test_nothing_is_answered_that_is_not_described(document):
    """Every key of every object is named in its schema."""
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    client = create_app(filled(articles(seed=5, count=30))).test_client()
    validator(document, "SearchAnswer").validate(client.get("/api/v1/search?q=oil").json)
    validator(document, "ArticleAnswer").validate(client.get("/api/v1/articles/a-1").json)
    validator(document, "Problem").validate(client.get("/api/v1/search?size=0").json)


_schema = schemathesis.openapi.from_wsgi(
    "/openapi.json", create_app(filled(articles(seed=5, count=30)))
)


@seed(20261122)
@_schema.parametrize()
@settings(
    max_examples=100,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
def test_schemathesis_finds_nothing(case):
    # A query or a cursor can be wrong in ways that no schema tells ...
    left_out = [positive_data_acceptance]
    values = chain.from_iterable(v if isinstance(v, list) else [v] for v in case.query.values())
    if any(
        value in ("", {}) for value in values
    ):  # ... and an empty one is as if it were not there.
        left_out.append(negative_data_rejection)
    case.call_and_validate(excluded_checks=left_out)


def test_defaults_are_those_of_the_model(document):
    described = document["paths"]["/api/v1/search"]["get"]["parameters"]
    defaults = {p["name"]: p["schema"].get("default") for p in described}
    model = json.loads(SearchParameters.model_validate({}).model_dump_json(by_alias=True))
    assert defaults == model
