"""Names by the rules and a model together: with a pipeline that says what it is told to, and one
test with a real one."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.article import Article, Entity, Mention
from searchsvc.errors import ConfigError
from searchsvc.extract import rules
from searchsvc.extract.model import DEFAULT, Model, person_at, pieces_of


@dataclass
class Span:
    start_char: int
    end_char: int
    label_: str


@dataclass
class Document:
    ents: list[Span]


class Pipeline:
    """Finds each of its names wherever a text has it, and remembers the texts."""

    def __init__(self, names: dict[str, str], max_length: int = 1_000_000) -> None:
        self.names = names
        self.max_length = max_length
        self.seen: list[str] = []

    def pipe(self, texts: Iterable[str], *, batch_size: int) -> Iterator[Document]:
        for text in texts:
            assert len(text) <= self.max_length
            self.seen.append(text)
            yield Document(list(self._spans(text)))

    def _spans(self, text: str) -> Iterator[Span]:
        for name, label in self.names.items():
            place = text.find(name)
            while place >= 0:
                yield Span(place, place + len(name), label)
                place = text.find(name, place + 1)


def names(article: Article, **found: str) -> tuple[Entity, ...]:
    spans = {name.replace("_", " "): label for name, label in found.items()}
    (entities,) = Model("told", Pipeline(spans)).names([article])
    return entities


def shown(entities: Iterable[Entity]) -> list[str]:
    return [f"{' = '.join((e.name, *e.aliases))}, {e.origin}" for e in entities]


# -- the filter ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said", "name"),
    [
        # what it lets pass
        ("They heard Dou Jiande speak.", "Dou Jiande", "Dou Jiande"),
        ("They heard Dou Jiande's men.", "Dou Jiande's", "Dou Jiande"),
        ("They heard President Dou Jiande speak.", "President Dou Jiande", "Dou Jiande"),
        ("Her brother, Konstanty, died.", "Konstanty", "Konstanty"),
        ("At the fair, Hayley gets an ice.", "Hayley", "Hayley"),
        ("She lived with Art Ross, a trainer.", "Art Ross", "Art Ross"),
        ("A letter from Judith Nakamoto came.", "Judith Nakamoto", "Judith Nakamoto"),
        ("He was Ludwig van Beethoven.", "Ludwig van Beethoven", "Ludwig van Beethoven"),
        # organisations, companies, peoples, places
        ("They sued Brandt Holdings again.", "Brandt Holdings", None),
        ("They sued Merrill Lynch again.", "Merrill Lynch", None),
        ("They sued Karl Brandt Inc. again.", "Karl Brandt", None),
        ("They sued Brandt & Vogel again.", "Brandt", None),
        ("They sued Brandt & Vogel again.", "Vogel", None),
        ("They sued <Dou Jiande>, a maker.", "Dou Jiande", None),
        ("They sued Dou Jiande <DJD.N>.", "Dou Jiande", None),
        ("They sued Dou Jiande N.V. again.", "Dou Jiande N.V.", None),
        ("They called Soviet Dou Jiande.", "Soviet Dou", None),
        ("They saw San Francisco burn.", "San Francisco", None),
        ("They saw Kreis Zimbabwe burn.", "Kreis Zimbabwe", None),
        # what stands where a place does
        ("The land near Dou Jiande is flat.", "Dou Jiande", None),
        ("The train to Hayley is late.", "Hayley", None),
        # words that are none of a name
        ("It flowed into Hancock Brook there.", "Hancock Brook", None),
        ("They sell Sunny Weather there.", "Sunny Weather", None),
        ("The play Table is new.", "Table", None),
        ("They sell Gitarku there.", "Gitarku", None),
        ("They run IE6 there.", "IE6", None),
        ("They saw AAAA Dou there.", "AAAA Dou", None),
        ("They wrote to dou jiande there.", "dou jiande", None),
        ("They saw Dou\n\nJiande came.", "Dou\n\nJiande", None),
        ("On Dou / Jiande the sun shone.", "Dou / Jiande", None),
        ("One Two Dou Jiande Lu Xun Mo came.", "Dou Jiande Lu Xun Mo Yan", None),
        ("They saw 's there.", "'s", None),
    ],
)
def test_a_person_that_the_model_sees_passes(text: str, said: str, name: str | None) -> None:
    start = text.find(said)
    if start < 0:
        start = text.index(said.split()[0])
    person = person_at(text, start, start + len(said), frozenset())
    assert (person and " ".join(person.words)) == name
    if person:
        assert text[person.start : person.end] == name


def test_a_word_that_the_article_has_in_small_letters_is_no_surname() -> None:
    text = "They met Dou Jiande."
    assert person_at(text, 9, 19, frozenset(["jiande"])) is None


# -- with the rules --------------------------------------------------------------------------------


def test_what_the_rules_find_stays_theirs() -> None:
    article = Article(id="1", body="President Reagan met Paul Volcker. Volcker left for Paris.")
    found = names(article, Paul_Volcker="PERSON", Reagan="PERSON", Paris="PERSON")
    assert found == rules.names(article)


def test_a_person_of_the_model_bears_its_name() -> None:
    article = Article(id="1", body="President Reagan met Dou Jiande in Paris.")
    found = names(article, Dou_Jiande="PERSON", Paris="GPE")
    assert shown(found) == [
        f"Reagan, {rules.ORIGIN}",
        "Dou Jiande, model:told",
        f"Paris, {rules.ORIGIN}",
    ]
    assert found[1].mentions == (Mention("body", 21, 31),)


def test_its_surname_is_found_again() -> None:
    article = Article(id="1", title="Jiande wins", body="They saw Dou Jiande. Jiande left.")
    (person,) = names(article, Dou_Jiande="PERSON")
    assert shown([person]) == ["Dou Jiande = Jiande, model:told"]
    assert set(person.mentions) == {
        Mention("title", 0, 6),
        Mention("body", 9, 19),
        Mention("body", 21, 27),
    }


def test_a_person_whom_both_find_is_one_and_the_rules() -> None:
    article = Article(id="1", body="They saw Dou Jiande. Mr. Jiande left, and Mrs. Baker.")
    assert shown(names(article, Dou_Jiande="PERSON")) == [
        f"Dou Jiande = Jiande, {rules.ORIGIN}",
        f"Baker, {rules.ORIGIN}",
    ]


def test_what_is_no_person_adds_nothing() -> None:
    article = Article(id="1", body="They saw Dou Jiande and Gafos.")
    assert names(article, Dou_Jiande="ORG", Gafos="GPE") == ()


def test_in_a_headline_in_capitals_only_who_is_known_is_found() -> None:
    pipeline = Pipeline({"Dou Agoti": "PERSON", "Norsk": "PERSON", "NORSK": "PERSON"})
    article = Article(id="1", title="AGOTI SUES NORSK ABOUT GRAIN", body="They saw Dou Agoti.")
    (found,) = Model("told", pipeline).names([article])
    assert pipeline.seen == ["They saw Dou Agoti."]
    assert shown(found) == ["Dou Agoti = Agoti, model:told"]
    assert Mention("title", 0, 5) in found[0].mentions


@pytest.mark.parametrize(
    "body",
    [
        "Gafo Agoti PLC fell. Then Gafo Agoti rose.",
        "Tate and Dillard Inc fell. Then Dillard rose.",
    ],
)
def test_whose_words_a_firm_of_the_article_has_is_none(body: str) -> None:
    assert names(Article(id="1", body=body), Gafo_Agoti="PERSON", Dillard="PERSON") == ()


def test_a_reporter_is_not_looked_at() -> None:
    pipeline = Pipeline({})
    body = "Rates fell.\n\n(Reporting by Dou Jiande; editing by Bo Ek)"
    list(Model("told", pipeline).names([Article(id="1", body=body)]))
    assert "Jiande" not in pipeline.seen[0]


def test_many_articles_come_back_in_their_order() -> None:
    articles = [
        Article(id=str(n), title="Seen" * (n % 2), body=f"They saw Dou {'Ab' * n}jian.")
        for n in range(1, 40)
    ]
    found = Model("told", Pipeline({a.body[9:-1]: "PERSON" for a in articles})).names(articles)
    assert [e[0].name for e in found] == [a.body[9:-1] for a in articles]


# -- texts that are too long -----------------------------------------------------------------------


def test_a_long_text_is_cut_and_places_in_it_stay() -> None:
    body = "They were there. \n\n".join(["Then he saw Dou Jiande. "] * 9)
    article = Article(id="1", body=body)
    (whole,) = Model("told", Pipeline({"Dou Jiande": "PERSON"})).names([article])
    (cut,) = Model("told", Pipeline({"Dou Jiande": "PERSON"}, max_length=60)).names([article])
    assert cut == whole
    assert len(cut[0].mentions) == 9


@given(st.text(alphabet="ab \n", max_size=60), st.integers(min_value=3, max_value=20))
def test_no_character_is_lost_and_no_piece_too_long(text: str, longest: int) -> None:
    pieces = list(pieces_of(text, longest))
    assert "".join(text[start:end] for start, end in pieces) == text
    assert all(end - start <= longest for start, end in pieces)


# -- a model that is not there ---------------------------------------------------------------------


def test_without_spacy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ConfigError, match=r"pip install 'searchsvc\[ner\]'"):
        Model()


def test_without_the_pipeline_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Spacy:
        @staticmethod
        def load(name: str, exclude: Iterable[str]) -> None:
            raise OSError("[E050] Can't find model")

    monkeypatch.setitem(sys.modules, "spacy", Spacy)
    with pytest.raises(ConfigError, match="'en_core_web_xl'.*" + DEFAULT):
        Model("en_core_web_xl")


# -- a real one ------------------------------------------------------------------------------------


@pytest.mark.ner
@pytest.mark.filterwarnings("default")  # what spaCy is built of warns of its own future
@pytest.mark.skipif(find_spec("spacy") is None, reason="needs pip install 'searchsvc[ner]'")
def test_a_real_model(tmp_path: Path) -> None:
    model = Model()
    body = (
        "The troops heard Xerxo Stevenson. President Reagan met Ludwi Tieck in Paris; Tieck said"
        " little.\n\nMerrill Lynch was not there, nor was the Bank of Gafos."
    )
    article = Article(id="1", body=body)
    others = [Article(id=str(n), body="Nobody came. " * n) for n in range(20)]
    (found,) = model.names([article])
    people = ["Xerxo Stevenson", "Reagan", "Ludwi Tieck"]
    assert [e.name for e in found if e.field == "people"] == people
    assert {e.origin for e in found} == {rules.ORIGIN, f"model:{DEFAULT}"}
    assert list(model.names([*others, article, *others]))[20] == found
    with pytest.raises(ConfigError, match="spaCy finds no pipeline"):
        Model(str(tmp_path))
