"""What a search can be asked with: the same names and limits on the page, the API and the CLI.

>>> asked = read_parameters({"q": ["oil"], "places": ["usa"], "from": ["1987-03-01"]})
>>> asked.query_string(page=2)
'q=oil&places=usa&from=1987-03-01&page=2'
"""

import datetime as dt
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from searchsvc.engines.base import Sort
from searchsvc.errors import ParameterError
from searchsvc.query.parser import MAX_CHARACTERS
from searchsvc.schema import FACET_FIELDS

MAX_SIZE = 200
MAX_PAGE = 10_000_000
MAX_VALUES = 100  # chosen in one facet

Order = Annotated[Sort, Field(description="The order; ties go to the newest, then by id.")]
Cursor = Annotated[
    str | None,
    Field(description="Where to go on, from `links.next`; `page` is not looked at then."),
]
Values = Annotated[list[str], Field(max_length=MAX_VALUES)]
YEAR = "[0-9]{4}"


class Question(BaseModel):
    """Which articles. Values of one facet are OR, facets among each other AND."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    q: str = Field(
        "",
        description="The query; empty or missing is every article, newest first.",
        json_schema_extra={"maxLength": MAX_CHARACTERS},
    )
    people: Values = Field([], description="Only articles that name one of these people.")
    places: Values = Field([], description="Only articles that name one of these places.")
    topics: Values = Field([], description="Only articles on one of these topics.")
    source: Values = Field([], description="Only articles of one of these publishers.")
    year: Values = Field(
        [],
        description="Only articles of one of these years, YYYY.",
        json_schema_extra={"items": {"type": "string", "pattern": f"^{YEAR}$"}},
    )
    from_: dt.date | None = Field(None, alias="from", description="The first day, YYYY-MM-DD.")
    to: dt.date | None = Field(None, description="The last day, YYYY-MM-DD, included.")

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The facet values chosen, for each facet that has any."""
        chosen = {field: tuple(getattr(self, field)) for field in FACET_FIELDS}
        return {field: values for field, values in chosen.items() if values}

    def query_string(self, **changes: Any) -> str:
        """The parameters that differ from the default, as in a URL, with *changes* made."""
        return urlencode(self.pairs(**changes))

    def pairs(self, **changes: Any) -> list[tuple[str, str]]:
        """Name and value of each parameter that differs from the default; lists give several."""
        plain = self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | changes
        pairs = [("facets", "none")] if plain.get("facets") == [] else []
        for name, value in plain.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if one is not None:
                    pairs.append((name, str(one)))
        return pairs


class SearchParameters(Question):
    """A question, and the page of its hits."""

    sort: Order = Sort.RELEVANCE
    page: int = Field(1, ge=1, le=MAX_PAGE, description="From 1.")
    size: int = Field(10, ge=1, le=MAX_SIZE, description="Hits on a page.")
    cursor: Cursor = None
    facets: list[str] = Field(
        list(FACET_FIELDS),
        description="The facets to count, comma between them or repeated; `none` for none.",
        json_schema_extra={"items": {"type": "string", "enum": [*FACET_FIELDS, "none"]}},
    )


class Format(StrEnum):
    """How articles are written down."""

    JSONL = "jsonl"
    CSV = "csv"


class ExportParameters(Question):
    """A question that is answered with all articles, whole."""

    sort: Order = Sort.RELEVANCE
    format: Format = Field(
        Format.JSONL, description="JSON Lines, or a table for spreadsheets, after RFC 4180."
    )


class FeedParameters(Question):
    """A question that is asked again and again, for what is new."""

    size: int = Field(50, ge=1, le=MAX_SIZE, description="Articles at a time.")
    cursor: Cursor = None

    @property
    def search(self) -> SearchParameters:
        """The search that answers it: the newest first."""
        return restated(self, SearchParameters, size=self.size, cursor=self.cursor,
                        sort=Sort.NEWEST, facets=[])  # fmt: skip


Asked = TypeVar("Asked", bound=Question)


def restated(asked: Question, kind: type[Asked], **more: Any) -> Asked:
    """The same question for another *kind* of answer, with *more* parameters of that kind."""
    return kind(**{name: getattr(asked, name) for name in Question.model_fields}, **more)


def _names(kind: type[Question]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in kind.model_fields.items())


NAMES = _names(SearchParameters)


def read_parameters(given: dict[str, list[str]]) -> SearchParameters:
    """The parameters in *given*, name to values as they came.

    An empty value, as forms send it, is as if it were not there. Raises ParameterError with
    everything that is wrong.
    """
    return _read(given, SearchParameters)


def read_export(given: dict[str, list[str]]) -> ExportParameters:
    """The same for an export."""
    return _read(given, ExportParameters)


def read_feed(given: dict[str, list[str]]) -> FeedParameters:
    """The same for a feed."""
    return _read(given, FeedParameters)


def _read(given: dict[str, list[str]], kind: type[Asked]) -> Asked:
    names = _names(kind)
    values: dict[str, Any] = {}
    faults: list[ParameterError] = []
    for name, texts in given.items():
        try:
            if name not in names:
                raise ParameterError(name[:60], f"is no parameter; there are {', '.join(names)}")
            if filled := [text for text in texts if text]:
                values[name] = _value(name, filled)
        except ParameterError as fault:
            faults.append(fault)
    first, last = values.get("from"), values.get("to")
    if first and last and first > last:
        remedy = "put the earlier day into from"
        faults.append(ParameterError("from", f"{first} is after to={last}; {remedy}"))
        faults.append(ParameterError("to", f"{last} is before from={first}; {remedy}"))
    if faults:
        raise ParameterError(faults[0].parameter, faults[0].reason, tuple(faults[1:]))
    return kind.model_validate(values)


def _value(name: str, texts: list[str]) -> Any:
    """What *texts*, none of them empty, say for the parameter *name*."""
    if name == "facets":
        return _facet_names(texts)
    if name in FACET_FIELDS:
        if len(texts) > MAX_VALUES:
            raise ParameterError(
                name,
                f"has {len(texts)} values, and at most {MAX_VALUES} are allowed; leave some out",
            )
        return [_year(name, text) for text in texts] if name == "year" else texts
    if len(texts) > 1:
        raise ParameterError(name, f"is given {len(texts)} times; give it once")
    return _READERS[name](name, texts[0])


def _whole_number(most: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        # `int` alone would take 1_0, +1, a space, and the digits of any script.
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
        if not 1 <= number <= most:
            raise ParameterError(
                name,
                f"{text[:60]!r} is no whole number from 1 to {most:,};"
                f" write one in digits alone, as in {name}=2",
            )
        return number

    return read


def _year(name: str, text: str) -> str:
    if not re.fullmatch(YEAR, text):
        raise ParameterError(
            name, f"{text[:60]!r} is no year; write one in four digits, as in {name}=1987"
        )
    return text


def _day(name: str, text: str) -> dt.date:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):  # not also 19870326 and 1987-W13-4
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise ParameterError(
        name, f"{text[:60]!r} is no day; write one as YYYY-MM-DD, as in {name}=1987-03-26"
    )


def _one_of(kind: type[StrEnum], noun: str, example: StrEnum) -> Callable[[str, str], StrEnum]:
    def read(name: str, text: str) -> StrEnum:
        if text not in list(kind):
            raise ParameterError(
                name,
                f"{text[:60]!r} is no {noun}; there are {', '.join(kind)}, as in {name}={example}",
            )
        return kind(text)

    return read


def _as_it_is(name: str, text: str) -> str:
    return text


_READERS: dict[str, Callable[[str, str], Any]] = {
    "q": _as_it_is,
    "from": _day,
    "to": _day,
    "sort": _one_of(Sort, "order", Sort.NEWEST),
    "format": _one_of(Format, "format", Format.CSV),
    "page": _whole_number(MAX_PAGE),
    "size": _whole_number(MAX_SIZE),
    "cursor": _as_it_is,
}


def _facet_names(texts: list[str]) -> list[str]:
    names = [name.strip() for text in texts for name in text.split(",")]
    for name in names:
        if name not in (*FACET_FIELDS, "none"):
            known = ", ".join(FACET_FIELDS)
            raise ParameterError(
                "facets", f"{name[:60]!r} is no facet; there are {known}, or none for no facet"
            )
    return [name for name in dict.fromkeys(names) if name != "none"]
