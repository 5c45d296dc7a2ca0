"""Who and where a text names, by rules and lists."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchsvc.article import Article, Entity
from searchsvc.extract import extract, rules
from tests.extract.cases import HEADLINES, ROWS


def shown(entities: tuple[Entity, ...], field: str) -> str:
    return "; ".join(
        " = ".join((e.name, *e.aliases)) + "?" * e.ambiguous for e in entities if e.field == field
    )


@pytest.mark.parametrize(("text", "people", "places"), ROWS, ids=[row[0][:40] for row in ROWS])
def test_a_text_names(text: str, people: str, places: str) -> None:
    entities = rules.names(Article(id="1", body=text))
    assert (shown(entities, "people"), shown(entities, "places")) == (people, places)


@pytest.mark.parametrize(("title", "body", "people", "places"), HEADLINES)
def test_a_headline_names(title: str, body: str, people: str, places: str) -> None:
    entities = rules.names(Article(id="1", title=title, body=body))
    assert (shown(entities, "people"), shown(entities, "places")) == (people, places)


@pytest.mark.parametrize(
    ("dateline", "places"),
    [
        ("WASHINGTON, March 3", "Washington = WASHINGTON"),
        ("EDEN PRAIRIE, MINN., March 2", "Eden Prairie = EDEN PRAIRIE; Minnesota = MINN."),
        ("NEW YORK , Feb 26", "New York City = NEW YORK"),
        ("MOSCOW (AP)", "Moscow = MOSCOW"),
        ("RIO DE JANEIRO, Jan 1", "Rio de Janeiro = RIO DE JANEIRO"),
        ("PORT-AU-PRINCE, Jan 1", "Port-au-Prince = PORT-AU-PRINCE"),
    ],
)
def test_a_dateline_names_where_a_story_is_from(dateline: str, places: str) -> None:
    entities = rules.names(Article(id="1", dateline=dateline))
    assert shown(entities, "places") == places


def test_a_mention_tells_where_it_stands() -> None:
    article = Article(id="1", title="Łódź mayor quits", body="Mayor Anna Nowak left Łódź.")
    found = {
        entity.name: [getattr(article, m.field)[m.start : m.end] for m in entity.mentions]
        for entity in rules.names(article)
    }
    assert found == {"Anna Nowak": ["Anna Nowak"], "Lodz": ["Łódź", "Łódź"]}


def test_a_place_knows_where_on_earth_it_is() -> None:
    (idlib,) = rules.names(Article(id="1", body="They reached Idlib."))
    assert (idlib.country, idlib.kind) == ("SY", "city")
    assert (idlib.latitude, idlib.longitude) == (pytest.approx(35.93), pytest.approx(36.63))


@pytest.mark.parametrize(
    ("people", "places", "body", "wanted"),
    [
        (("volcker",), (), "Paul Volcker spoke.", "Paul Volcker = volcker"),
        (("volcker",), (), "Nobody spoke.", "Volcker = volcker"),
        (("Volcker, Paul",), (), "Volcker said so.", "Paul Volcker = Volcker, Paul = Volcker"),
        (("james-baker", "howard-baker"), (), "James Baker met Howard Baker.",
         "James Baker = james-baker; Howard Baker = howard-baker"),
        (("leigh-pemberton",), (), "Robin Leigh-Pemberton rose.",
         "Robin Leigh-Pemberton = leigh-pemberton"),
        (("Geoffrey Haldane",), (), "Geoffery Haldane spoke.",
         "Geoffrey Haldane = Geoffery Haldane"),
        (("George W. Bush",), (), "George H.W. Bush spoke.", "George W. Bush; George H.W. Bush"),
        (("Smith",), (), "John Smith met Jane Smith. Smith left.", "Smith; John Smith; Jane Smith"),
        (("Gore, Al, Jr.",), (), "Al Gore spoke.", "Al Gore Jr. = Gore, Al, Jr. = Al Gore"),
        (("Paul Volcker", "volcker"), (), "", "Paul Volcker = volcker"),
    ],
)  # fmt: skip
def test_a_tag_and_a_name_of_the_text_are_one(
    people: tuple[str, ...], places: tuple[str, ...], body: str, wanted: str
) -> None:
    article = extract(Article(id="1", body=body, people=people, places=places))
    assert shown(article.entities, "people") == wanted
    assert article.people_tags == people
    assert article.entities[0].origin == "tag"


def test_a_place_that_is_tagged_shows_its_name() -> None:
    article = extract(Article(id="1", body="The U.S. won.", places=("usa", "ussr", "Atlantis")))
    assert article.places == ("United States", "Soviet Union", "Atlantis")
    assert article.places_tags == ("usa", "ussr", "Atlantis")
    assert article.entities[0].aliases == ("usa", "U.S.")
    assert [m.start for m in article.entities[0].mentions] == [4]


def test_two_runs_give_the_same_bytes() -> None:
    texts = "\n".join(row[0] for row in ROWS)
    script = (
        "from searchsvc.article import Article\nfrom searchsvc.extract import extract\nimport sys\n"
        "print(extract(Article(id='1', body=sys.argv[1], places=('usa',))).to_json())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, texts],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


PIECES = st.sampled_from(
    [
        *(word for row in ROWS for word in row[0].split()),
        "\n",
        "\n\n",
        "'s",
        "’",
        "-",
        "&",
        "(",
        ".",
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=60).map(" ".join), st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_spans_inside_it(body: str, title: str) -> None:
    article = extract(Article(id="1", title=title, body=body, dateline=title))
    for entity in article.entities:
        assert entity.name.strip()
        for mention in entity.mentions:
            text = getattr(article, mention.field)
            assert 0 <= mention.start < mention.end <= len(text)
            assert text[mention.start : mention.end].strip()
