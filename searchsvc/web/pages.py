"""The pages: a search with its results, an article, a name. They work without JavaScript.

    address -> SearchParameters -> searching.search -> template
    name    -> profiles.profile -> template

A page shows what the API would answer. Where the API refuses, a page helps: a query that cannot
be read is explained, and searched as plain words meanwhile; a parameter that cannot be used is
explained and left out. The status is 400 all the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from searchsvc import profiles, searching
from searchsvc.answers import Passage, ProfileAnswer, SearchAnswer
from searchsvc.errors import ParameterError, QueryError
from searchsvc.parameters import NAMES, SearchParameters, read_parameters
from searchsvc.query.parser import quote
from searchsvc.web import current, links, listing, markup, people
from searchsvc.web.current import samples, store

pages = Blueprint("pages", __name__)

for show in (
    markup.marked, markup.excerpt, markup.paragraphs, markup.spoken_date, markup.sentence,
    people.place_line,
):  # fmt: skip
    pages.add_app_template_filter(show)
pages.add_app_template_test(markup.is_table)
pages.add_app_template_test(links.is_web_address)
for lead in (
    links.search_url, links.page_url, links.article_url, links.export_url, links.feed_url,
    links.filter_url, links.entity_url, links.year_url, links.any_part_url,
):  # fmt: skip
    pages.add_app_template_global(lead)
for change in (links.rephrased, links.without_filters):
    pages.add_app_template_global(change)
for listed in (listing.facets, listing.chips, listing.page_numbers):
    pages.add_app_template_global(listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a page of results shows.

    `asked` is what came; `shown` is what was searched, which differs after an `error` in the
    query.
    """

    asked: SearchParameters
    shown: SearchParameters
    answer: SearchAnswer
    error: QueryError | None = None
    faults: tuple[ParameterError, ...] = ()


@pages.get("/")
@pages.get("/search")
def search() -> ResponseReturnValue:
    """The search box, and what was found."""
    asked, faults = _usable(request.args.lists())
    if not faults and any(value == "" for _, value in request.args.items(multi=True)):
        return redirect(links.search_url(asked))
    results = _results(asked, faults)
    served = store().current()
    is_home = not asked.pairs(size=None)
    page = render_template(
        "search.html",
        asked=results.asked,
        shown=results.shown,
        answer=results.answer,
        error=results.error,
        faults=results.faults,
        is_home=is_home,
        samples=samples(served) if is_home else (),
        articles=served.engine.count(),
        fallback=served.fallback,
    )
    return page, 400 if results.error or results.faults else 200


@pages.get("/article/<id>")
def article(id: str) -> ResponseReturnValue:
    """One article, the words of the query that led to it marked."""
    asked, _ = _usable(request.args.lists())
    engine = store().current().engine
    found = engine.get(id)
    if found is None:
        abort(404, "There is no article at this address; it may have left the archive.")
    title, body = searching.mark(found, asked.q, engine)
    dateline = Passage(text=found.dateline, highlights=[])
    return render_template(
        "article.html",
        asked=asked,
        article=found,
        title=people.with_links(found, "title", title),
        body=people.with_links(found, "body", body),
        dateline=people.with_links(found, "dateline", dateline),
        named={field: people.named(found, field) for field in profiles.FIELDS},
    )


@pages.get("/people/<name:name>")
def person(name: str) -> ResponseReturnValue:
    """A person, as the archive knows them."""
    return _profile("people", name)


@pages.get("/places/<name:name>")
def place(name: str) -> ResponseReturnValue:
    """A place, as the archive knows it."""
    return _profile("places", name)


def _profile(field: profiles.NamedField, name: str) -> ResponseReturnValue:
    known = profiles.profile(store(), field, name)
    if isinstance(known, ProfileAnswer):
        return render_template("profile.html", known=known, shown=read_parameters({}))
    if len(known.candidates) == 1:
        return redirect(links.entity_url(field, known.candidates[0].value))
    words = read_parameters({"q": [quote(name)]})
    page = render_template("candidates.html", field=field, name=name, known=known, words=words)
    return page, 300 if known.candidates else 404


def _usable(
    given: Iterable[tuple[str, list[str]]],
) -> tuple[SearchParameters, list[ParameterError]]:
    """The parameters that can be used, and what is wrong with others; unknown ones are dropped."""
    known = {name: values for name, values in given if name in NAMES}
    faults: list[ParameterError] = []
    while True:
        try:
            return read_parameters(known), faults
        except ParameterError as fault:
            faults.append(fault)
            del known[fault.parameter]


def _results(asked: SearchParameters, faults: list[ParameterError]) -> Results:
    try:
        answer = current.search(asked)
    except ParameterError as fault:  # a cursor that is none
        return _results(asked.model_copy(update={"cursor": None}), [*faults, fault])
    except QueryError as error:
        return replace(_literal(asked), error=error, faults=tuple(faults))
    return Results(asked=asked, shown=asked, answer=answer, faults=tuple(faults))


def _literal(asked: SearchParameters) -> Results:
    """The results for the words of a query that cannot be read, whatever signs stand there."""
    shown = asked.model_copy(update={"q": quote(asked.q)})
    return Results(asked=asked, shown=shown, answer=current.search(shown))
