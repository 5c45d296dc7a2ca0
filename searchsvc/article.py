"""An Article: what a reader makes of a source, what an index stores, what a search gives back.

>>> article = Article(id="reuters-1", title="Bahia cocoa review", source="Reuters",
...                   date=dt.datetime(1987, 2, 26, 15, 1), places=("brazil",))
>>> Article.from_json(article.to_json()) == article
True

Who reads the file decides the id; `path_id` and `url_id` make one where the source gives none.
"""

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit, urlunsplit

# What an id may hold: it stands in URLs, file names and shell commands without quoting.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a name stands: `field` is title, body or dateline, `start` and `end` code points."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A person or place that an article names, under one name whatever the spellings.

    `field` is people or places. `key` is the same for the same entity in any article; `aliases`
    are the other spellings in this one, the source's tag among them. `origin` tells who says so:
    `tag` (the source), `rule:<version>`, `model:<name>` or `user`. `ambiguous`: somebody or
    somewhere else may be meant. Of a place, `country` is its code in ISO 3166 or "", `kind` what it
    is, and latitude and longitude are degrees north and east, or None.
    """

    field: str
    name: str
    key: str
    origin: str
    aliases: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    ambiguous: bool = False
    country: str = ""
    kind: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One news article, as the source has it.

    Texts are plain, paragraphs parted by a blank line, without markup or control characters.
    `date` is a `datetime` where the source names a time (with its offset, if it names one),
    else a `date`; None where the source gives none. `url` is the original's, or None.
    `dateline` ("SALVADOR, Feb 26") is shown with the article but is no part of the body.
    `people` and `places` are the names of `entities`, once these are known; before, and in
    `people_tags` and `places_tags` for ever, what the source tags.
    """

    id: str
    title: str = ""
    body: str = ""
    date: dt.date | None = None
    source: str = ""
    author: str = ""
    section: str = ""
    dateline: str = ""
    people: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    url: str | None = None
    people_tags: tuple[str, ...] = ()
    places_tags: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()

    @property
    def day(self) -> dt.date | None:
        """The calendar day at the source; what `date:` and `from`/`to` compare."""
        return self.date.date() if isinstance(self.date, dt.datetime) else self.date

    @property
    def instant(self) -> float | None:
        """Seconds since 1970 in UTC, for sorting; a day counts from its midnight."""
        if self.date is None:
            return None
        if isinstance(self.date, dt.datetime):
            moment = self.date
        else:
            moment = dt.datetime.combine(self.date, dt.time())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return moment.timestamp()

    def to_dict(self) -> dict[str, Any]:
        """Names to values that JSON can hold; the date in ISO 8601."""
        # By hand: dataclasses.asdict takes ten times as long, and every article comes through here.
        values = _values(self)
        values["date"] = self.date.isoformat() if self.date else None
        values["entities"] = tuple(
            _values(entity) | {"mentions": tuple(map(_values, entity.mentions))}
            for entity in self.entities
        )
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Article":
        """The article that `to_dict` described."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name in ("people", "places", "topics", "people_tags", "places_tags"):
            known[name] = tuple(known.get(name, ()))
        known["entities"] = tuple(map(_entity, known.get("entities", ())))
        if known.get("date"):
            text = known["date"]
            parse = dt.datetime.fromisoformat if "T" in text else dt.date.fromisoformat
            known["date"] = parse(text)
        return cls(**known)

    def to_json(self) -> str:
        """One line, the same for equal articles."""
        return _encoder.encode(self.to_dict())

    @classmethod
    def from_json(cls, line: str) -> "Article":
        """The article that `to_json` wrote."""
        return cls.from_dict(json.loads(line))

    def digest(self) -> bytes:
        """16 bytes that change when anything in the article does."""
        return hashlib.sha256(self.to_json().encode("utf-8", "surrogatepass")).digest()[:16]


def _values(one: "Article | Entity | Mention") -> dict[str, Any]:
    return dict(zip(one.__dataclass_fields__, _values_of[type(one)](one), strict=True))


def _entity(values: dict[str, Any]) -> Entity:
    mentions = tuple(Mention(**mention) for mention in values["mentions"])
    return Entity(**values | {"aliases": tuple(values["aliases"]), "mentions": mentions})


_values_of = {kind: attrgetter(*kind.__dataclass_fields__) for kind in (Article, Entity, Mention)}


def is_valid_id(text: str) -> bool:
    """Whether *text* may stand as an id: letters, digits and `-._`, at most 128 of them.

    >>> is_valid_id("reuters-21578"), is_valid_id("../etc/passwd")
    (True, False)
    """
    return _ID.fullmatch(text) is not None


def url_id(url: str) -> str:
    """The id of an article known by its canonical URL.

    Scheme, fragment and a last slash are no part of it.

    >>> url_id("http://news.example.org/a/") == url_id("https://NEWS.example.org/a#top")
    True
    """
    parts = urlsplit(url)
    place = urlunsplit(("", parts.netloc.lower(), parts.path.rstrip("/"), parts.query, ""))
    return "u-" + _short_hash(place)


def path_id(path: str, place: int | str | None = None) -> str:
    """The id of an article known only by the path below the corpus root, and its place in the file.

    >>> path_id("politics/budget.txt") == path_id("politics/budget.txt", 0)
    False
    """
    return "p-" + _short_hash(path if place is None else f"{path}\n{place}")


def _short_hash(text: str) -> str:
    # 80 bits: two of a hundred million articles collide with a chance of one in 240 million.
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]
