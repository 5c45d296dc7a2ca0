"""What stands around the hits of a page: facets to choose from, choices made, page numbers.

>>> page_numbers(6, 20)
[1, None, 5, 6, 7, None, 20]
"""

from dataclasses import dataclass

from searchsvc.answers import SearchAnswer
from searchsvc.parameters import SearchParameters
from searchsvc.web import links

LABELS = {
    "people": "People",
    "places": "Places",
    "topics": "Topics",
    "source": "Source",
    "year": "Year",
}
SHOWN = 7  # values of a facet in view; the rest is folded away
FOLDED = 23  # a page stays light; the API gives a thousand


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet. `url` chooses it, or takes the choice back if it is `chosen`."""

    value: str
    count: int
    chosen: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """The values of one facet: those in view, those folded away, and how many are not listed."""

    label: str
    shown: list[Choice]
    folded: list[Choice]
    unlisted: int


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, and the address without it."""

    label: str
    value: str
    url: str


def facets(asked: SearchParameters, answer: SearchAnswer) -> list[Facet]:
    """The facets of *answer* that have a value; chosen values come first, whatever their count."""
    found = []
    for field, values in answer.facets.items():
        counts = {bucket.value: bucket.count for bucket in values}
        chosen = dict.fromkeys(asked.filters.get(field, ()))
        others = [value for value in counts if value not in chosen]
        if field == "year":
            others.sort(reverse=True)
        offered = [*chosen, *others]
        in_view = max(SHOWN, len(chosen))
        listed = [_choice(asked, field, v, counts) for v in offered[: in_view + FOLDED]]
        if listed:
            found.append(
                Facet(
                    label=LABELS[field],
                    shown=listed[:in_view],
                    folded=listed[in_view:],
                    unlisted=len(offered) - len(listed),
                )
            )
    return found


def _choice(asked: SearchParameters, field: str, value: str, counts: dict[str, int]) -> Choice:
    chosen = value in asked.filters.get(field, ())
    change = links.without if chosen else links.with_value
    url = links.search_url(change(asked, field, value))
    return Choice(value, counts.get(value, 0), chosen, url)


def chips(asked: SearchParameters) -> list[Chip]:
    """Every filter that is set, in the order of the facets, then the days."""
    found = [
        Chip(LABELS[field], value, links.search_url(links.without(asked, field, value)))
        for field, values in asked.filters.items()
        for value in dict.fromkeys(values)
    ]
    for label, field, day in (("From", "from_", asked.from_), ("To", "to", asked.to)):
        if day:
            found.append(Chip(label, str(day), links.search_url(links.without(asked, field))))
    return found


def page_numbers(page: int, last: int) -> list[int | None]:
    """First, last and those around *page*; None where some are left out."""
    near = sorted({1, *range(max(1, page - 1), min(last, page + 1) + 1), last})
    numbers: list[int | None] = []
    for number in near:
        left_out = number - numbers[-1] - 1 if numbers and numbers[-1] else 0
        if left_out == 1:
            numbers.append(number - 1)
        elif left_out:
            numbers.append(None)
        numbers.append(number)
    return numbers
