"""What a web page says of itself: JSON-LD, OpenGraph, meta tags of a dozen kinds, its headline.

>>> facts = page_facts('''<meta property="og:title" content="Talks resume">
...     <meta name="keywords" content="Syria, Iran"><meta name="author" content="By Jane Doe">''')
>>> facts.title, facts.author, facts.topics
('Talks resume', 'Jane Doe', ('Syria', 'Iran'))

For each field the sources are tried from the most to the least exact. The text of the article is
not looked for here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.filter import SoupStrainer

from searchsvc.readers import fields
from searchsvc.readers.encoding import one_line
from searchsvc.readers.jsonld import Node, linked_article, people_in, places_in, texts

_READ = SoupStrainer(["meta", "link", "title", "script", "h1", "time"])

# Names of meta tags, the most exact first; "name", "property" and "itemprop" are all one.
_DATES = (
    *("article:published_time", "og:published_time", "article:published", "datepublished"),
    *("dc.date.issued", "dcterms.created", "dcterms.date", "dc.date.created", "dc.date"),
    *("parsely-pub-date", "sailthru.date", "published_time", "pubdate", "publishdate"),
    *("publish-date", "publish_date", "publication_date", "date.release", "date"),
)
_AUTHORS = ("author", "byl", "parsely-author", "sailthru.author", "dc.creator", "article:author")
_SECTIONS = ("article:section", "parsely-section", "og:section")
_TOPICS = ("news_keywords", "article:tag", "keywords", "parsely-tags", "sailthru.tags")
_TITLES = ("og:title", "twitter:title", "parsely-title", "sailthru.title", "dc.title")
_SUMMARIES = ("og:description", "description", "twitter:description")
# What parts a headline from the name of the site in <title>.
_SUFFIX = re.compile(r"\s+(?:[|–—»·•-]|::)\s+(?P<site>[^|–—»]{2,60})$")

_JSON_LD = re.compile("ld[+]json", re.IGNORECASE)
_DAY_IN_URL = re.compile(r"/((?:19|20)\d\d)[/-](\d\d|[a-z]{3})[/-](\d\d)(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """The fields of the article on a page, as far as the page names them."""

    title: str
    headings: tuple[str, ...]
    summary: str
    body: str  # where JSON-LD holds it
    dates: tuple[str, ...]  # the best first
    source: str
    author: str
    section: str
    people: tuple[str, ...]
    places: tuple[str, ...]
    topics: tuple[str, ...]
    url: str | None


def page_facts(markup: str) -> PageFacts:
    """What the page with this *markup* says of the article on it."""
    soup = BeautifulSoup(markup, "lxml", parse_only=_READ)
    metas = _metas(soup)
    node = linked_article(_contents(soup, "script", type=_JSON_LD))
    url = _url(soup, metas, node)
    title = _title(soup, metas, node)
    site = _site(soup, metas, node, title)
    return PageFacts(
        title=_without(site, title),
        headings=tuple(map(one_line, _contents(soup, "h1"))),
        summary=_first(_of(metas, _SUMMARIES), texts(node.get("description"))),
        body="\n\n".join(texts(node.get("articleBody"))),
        dates=(*texts(node.get("datePublished")), *_of(metas, _DATES), *_times(soup), *_day(url)),
        source=site or fields.host(url),
        author=fields.author(texts(node.get("author"))) or _author(metas),
        section=_first(_of(metas, _SECTIONS), texts(node.get("articleSection"))),
        people=fields.names(people_in(node)),
        places=fields.names(places_in(node)),
        topics=_topics([*_of(metas, _TOPICS), *texts(node.get("keywords"))]),
        url=url,
    )


def _metas(soup: BeautifulSoup) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for tag in soup.find_all("meta"):
        for attribute in ("name", "property", "itemprop"):
            if (name := tag.get(attribute)) and (content := tag.get("content")):
                found[str(name).lower()].append(str(content))
    return found


def _contents(soup: BeautifulSoup, name: str, **attributes: re.Pattern[str]) -> list[str]:
    return [tag.get_text() for tag in soup.find_all(name, attrs={**attributes})]


def _of(metas: dict[str, list[str]], names: Iterable[str]) -> list[str]:
    return [content for name in names for content in metas.get(name, ())]


def _first(*sources: Iterable[str]) -> str:
    lines = (one_line(text) for source in sources for text in source)
    return next(filter(None, lines), "")


def _title(soup: BeautifulSoup, metas: dict[str, list[str]], node: Node) -> str:
    if named := _first(texts(node.get("headline")), _of(metas, _TITLES)):
        return named
    title = _first(_contents(soup, "title"))
    headings = [one_line(text) for text in _contents(soup, "h1")]
    # The h1 that the title repeats; a logo is an h1 too on many a page.
    heading = next((text for text in headings if text and text in title), "")
    return heading or _SUFFIX.sub("", title) or _first(headings)


def _site(soup: BeautifulSoup, metas: dict[str, list[str]], node: Node, title: str) -> str:
    names = [*metas.get("og:site_name", ()), *texts(node.get("publisher"))]
    if named := _first(name for name in names if not name.startswith("@")):  # as on Twitter
        return named
    found = _SUFFIX.search(_first(_contents(soup, "title")))
    return found["site"] if found and found.string[: found.start()] == title else ""


def _without(site: str, title: str) -> str:
    found = _SUFFIX.search(title)
    is_named = found and found["site"].casefold() == site.casefold()
    return title[: found.start()] if found and is_named else title


def _times(soup: BeautifulSoup) -> list[str]:
    # Teasers and comments have times too: one that claims to be the article's, else the first.
    tags = soup.find_all("time")
    marked = [tag for tag in tags if tag.get("itemprop") == "datePublished"]
    return [str(tag.get("datetime") or tag.get_text()) for tag in [*marked, *tags][:1]]


def _day(url: str | None) -> list[str]:
    found = _DAY_IN_URL.search(url or "")
    return [" ".join(found.groups())] if found else []


def _author(metas: dict[str, list[str]]) -> str:
    found = (fields.author([text]) for text in _of(metas, _AUTHORS))
    return next(filter(None, found), "")


def _topics(values: Iterable[str]) -> tuple[str, ...]:
    return fields.names(part for value in values for part in fields.listed(value))


def _url(soup: BeautifulSoup, metas: dict[str, list[str]], node: Node) -> str | None:
    canonical = [str(tag.get("href")) for tag in soup.find_all("link") if "canonical" in _rel(tag)]
    og = metas.get("og:url", [])
    linked = [*texts(node.get("url")), *_page_ids(node)]
    base = next(iter([*og, *linked]), "")
    addresses = [fields.web_address(text, base) for text in (*canonical, *og, *linked)]
    # A template that names the front page as canonical would make all its pages one article.
    return next((url for url in addresses if url and _has_path(url)), None)


def _rel(tag: Tag) -> list[str]:
    return [str(value).lower() for value in tag.get_attribute_list("rel")]


def _page_ids(node: Node) -> Iterator[str]:
    match node.get("mainEntityOfPage"):
        case str(url) | {"@id": str(url)}:
            yield url


def _has_path(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.path.strip("/") or parts.query)
