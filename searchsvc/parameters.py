"""What a search can be asked with: the same names and limits on the page, the API and the CLI.

>>> asked = SearchParameters.model_validate({"q": "oil", "places": ["usa"], "from": "1987-03-01"})
>>> asked.query_string(page=2)
'q=oil&places=usa&from=1987-03-01&page=2'
"""

import datetime as dt
import re
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from searchsvc.engines.base import Sort
from searchsvc.errors import ParameterError
from searchsvc.query.parser import MAX_CHARACTERS
from searchsvc.schema import FACET_FIELDS

MAX_SIZE = 200
MAX_PAGE = 10_000_000

Values = Annotated[list[str], Field(max_length=100)]


def _written_as_day(given: Any) -> Any:
    # pydantic would also take seconds since 1970 and a time of midnight.
    if isinstance(given, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        raise PydanticCustomError("day", "Input should be a day, YYYY-MM-DD")
    return given


Day = Annotated[dt.date, BeforeValidator(_written_as_day)]


class SearchParameters(BaseModel):
    """One question. Values of one facet are OR, facets among each other AND."""

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
    year: Values = Field([], description="Only articles of one of these years.")
    from_: Day | None = Field(None, alias="from", description="The first day, YYYY-MM-DD.")
    to: Day | None = Field(None, description="The last day, YYYY-MM-DD, included.")
    sort: Sort = Field(Sort.RELEVANCE, description="The order; ties go to the newest, then by id.")
    page: int = Field(1, ge=1, le=MAX_PAGE, description="From 1.")
    size: int = Field(10, ge=1, le=MAX_SIZE, description="Hits on a page.")
    cursor: str | None = Field(
        None, description="Where to go on, from `links.next`; `page` is not looked at then."
    )
    facets: list[str] = Field(
        list(FACET_FIELDS),
        description="The facets to count, comma between them or repeated; `none` for none.",
        json_schema_extra={"items": {"type": "string", "enum": [*FACET_FIELDS, "none"]}},
    )

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


NAMES = tuple(field.alias or name for name, field in SearchParameters.model_fields.items())


def read_parameters(given: dict[str, list[str]]) -> SearchParameters:
    """The parameters in *given*, name to values as they came. Raises ParameterError.

    An empty value, as forms send it, is as if it were not there.
    """
    values: dict[str, Any] = {}
    for name, texts in given.items():
        if name not in NAMES:
            raise ParameterError(name[:60], f"is no parameter; there are {', '.join(NAMES)}")
        if filled := [text for text in texts if text]:
            values[name] = filled if name in (*FACET_FIELDS, "facets") else filled[-1]
    if "facets" in values:
        values["facets"] = _facet_names(values["facets"])
    try:
        parameters = SearchParameters.model_validate(values)
    except ValidationError as error:
        raise _explained(error) from None
    if parameters.from_ and parameters.to and parameters.from_ > parameters.to:
        raise ParameterError("from", f"{parameters.from_} is after to={parameters.to}")
    return parameters


def _facet_names(given: list[str]) -> list[str]:
    names = [name.strip() for text in given for name in text.split(",")]
    for name in names:
        if name not in (*FACET_FIELDS, "none"):
            known = ", ".join(FACET_FIELDS)
            raise ParameterError("facets", f"no facet {name[:60]!r}; there are {known}, or none")
    return [name for name in dict.fromkeys(names) if name != "none"]


def _explained(error: ValidationError) -> ParameterError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "parameter"
    return ParameterError(name, f"{first['msg']}, not {str(first['input'])[:60]!r}")
