"""The JSON documents that the API and `--json` give; OpenAPI describes them from here."""

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
        description="Time ran out: every hit is right, but hits or marks may be missing."
    )
    page: int
    size: int
    took_ms: float = Field(description="The service's own time, in milliseconds.")
    generation: str = Field(description="The state of the index that was searched.")
    hits: list[HitAnswer]
    facets: dict[str, list[FacetValue]]
    links: Links


class ArticleAnswer(_Answer):
    """One article, whole."""

    id: str
    title: str
    body: str = Field(description="Plain text, paragraphs parted by a blank line.")
    date: str | None
    source: str
    author: str
    section: str
    people: list[str]
    places: list[str]
    topics: list[str]
    url: str | None

    @classmethod
    def of(cls, article: Article) -> "ArticleAnswer":
        """The answer that shows *article*."""
        values = article.to_dict()
        return cls(**{name: values[name] for name in cls.model_fields})


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
