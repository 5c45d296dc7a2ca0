"""The JSON documents that the API and `--json` give; OpenAPI describes them from here."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from searchsvc.article import Article

# A passage's mark: start and end in Unicode code points of its text.
Span = tuple[int, int]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Passage(_Answer):
    """Plain text, without markup, and where the query matches in it."""

    text: str
    highlights: list[Span] = Field(
        description="Start and end of each match, in Unicode code points of `text`."
    )


class Snippets(_Answer):
    """What to show of a hit: the title whole, and the passages that match best."""

    title: Passage
    body: list[Passage]


class HitAnswer(_Answer):
    """One hit."""

    id: str
    title: str
    date: str | None = Field(description="ISO 8601; a day, or a time where the source names one.")
    source: str
    people: list[str]
    places: list[str]
    topics: list[str]
    score: float
    url: str | None = Field(description="Where the article was published, if that is known.")
    snippets: Snippets


class FacetValue(_Answer):
    """A value of a facet and how many hits carry it."""

    value: str
    count: int


class QueryAnswer(_Answer):
    """How the query was understood."""

    q: str
    parsed: str = Field(description="The query as it was read, in the query language.")
    warnings: list[str]
    did_you_mean: str | None


class Links(_Answer):
    """Where this page, the next and the one before are; null at the ends."""

    self: str
    next: str | None
    prev: str | None


class SearchAnswer(_Answer):
    """One page of hits."""

    query: QueryAnswer
    total: int = Field(description="All hits, exactly.")
    partial: bool = Field(
        description="Time ran out: every hit is right, but hits, marks or hints may be missing."
    )
    page: int
    size: int
    offset: int = Field(description="How many hits come before those of this page.")
    took_ms: float = Field(description="The service's own time, in milliseconds.")
    generation: str = Field(description="The state of the index that was searched.")
    hits: list[HitAnswer]
    facets: dict[str, list[FacetValue]]
    links: Links

    @property
    def last_page(self) -> int:
        """The number of the last page that has hits; 1 if there are none."""
        return max(1, -(-self.total // self.size))


class MentionAnswer(_Answer):
    """Where a name stands in an article."""

    field: Literal["title", "body", "dateline"]
    start: int = Field(description="In Unicode code points of the field's text.")
    end: int


class EntityAnswer(_Answer):
    """A person or place that an article names, and who says so."""

    field: Literal["people", "places"]
    name: str
    key: str = Field(description="The same for the same entity in every article.")
    origin: str = Field(description="`tag`, `rule:<version>`, `model:<name>` or `user`.")
    aliases: list[str] = Field(description="The other spellings, the source's tag among them.")
    mentions: list[MentionAnswer]
    ambiguous: bool = Field(description="Somebody or somewhere else may be meant.")
    country: str = Field(description="Of a place: its code in ISO 3166, or empty.")
    kind: str = Field(description="Of a place: country, region, city and so on, or empty.")
    latitude: float | None = Field(description="Of a place: degrees north.")
    longitude: float | None = Field(description="Of a place: degrees east.")


class ArticleAnswer(_Answer):
    """One article, whole."""

    id: str
    title: str
    body: str = Field(description="Plain text, paragraphs parted by a blank line.")
    date: str | None
    source: str
    author: str
    section: str
    dateline: str = Field(description="Where and when it was filed, as printed.")
    people: list[str]
    places: list[str]
    topics: list[str]
    url: str | None
    entities: list[EntityAnswer] = Field(description="The people and places, with their proof.")
    people_tags: list[str] = Field(description="People as the source tags them.")
    places_tags: list[str] = Field(description="Places as the source tags them.")

    @classmethod
    def of(cls, article: Article) -> "ArticleAnswer":
        """The answer that shows *article*."""
        values = article.to_dict()
        return cls(**{name: values[name] for name in cls.model_fields})


class Meaning(_Answer):
    """One of the people or places that a name stands for."""

    key: str = Field(description="As in an article's `entities`.")
    count: int = Field(description="Articles that mean this one, among those read.")
    country: str = Field(description="Of a place: its code in ISO 3166, or empty.")
    kind: str = Field(description="Of a place: country, region, city and so on, or empty.")
    latitude: float | None = Field(description="Of a place: degrees north.")
    longitude: float | None = Field(description="Of a place: degrees east.")


class ProfileLinks(_Answer):
    """Where this answer is, and the search for all articles that it is about."""

    self: str
    search: str


class ProfileAnswer(_Answer):
    """A person or a place, as the archive knows it."""

    field: Literal["people", "places"]
    name: str
    total: int = Field(description="Articles that name it, exactly.")
    read: int = Field(
        description="How many of these, the newest first, `spellings`, `meanings`, `ambiguous` and"
        " the names of the same field in `company` are taken from."
    )
    partial: bool = Field(description="Time ran out: something may be missing.")
    spellings: list[FacetValue] = Field(description="How it is written, and in how many articles.")
    meanings: list[Meaning] = Field(
        description="Who or what is meant, the most frequent first; several where one name is"
        " that of several."
    )
    ambiguous: int = Field(description="Articles that may mean somebody or somewhere else.")
    years: list[FacetValue] = Field(description="Articles by year, the earliest first.")
    company: dict[str, list[FacetValue]] = Field(
        description="The people and the places most often named in the same articles."
    )
    see_also: list[str] = Field(description="Names that some articles spell like this one.")
    newest: list[HitAnswer] = Field(description="The newest articles, up to ten.")
    generation: str = Field(description="The state of the index that was searched.")
    links: ProfileLinks


class CandidatesAnswer(_Answer):
    """The names that a spelling may stand for."""

    field: Literal["people", "places"]
    spelling: str
    candidates: list[FacetValue] = Field(description="Each name and how many articles have it.")


class Suggestion(_Answer):
    """One way to go on typing."""

    query: str = Field(description="The whole query, to put into the box.")
    field: str | None = Field(description="The field of the value; null for a plain word.")
    value: str
    count: int = Field(description="Articles that have the value; of a word, about.")


class SuggestAnswer(_Answer):
    """Ways to go on typing."""

    q: str
    partial: bool = Field(description="Time ran out: there may be more.")
    suggestions: list[Suggestion]


class Fault(_Answer):
    """What is wrong with one parameter."""

    parameter: str
    reason: str
    position: int | None = Field(None, description="Where in the query, from 0.")


class Problem(_Answer):
    """An error, after RFC 9457 (https://www.rfc-editor.org/rfc/rfc9457)."""

    type: str = Field(description="Tells the kind of error to a program.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, for a person.")
    instance: str | None = None
    errors: list[Fault] = []
