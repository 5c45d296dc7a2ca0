"""A news page -> Article: the text by trafilatura, the rest from what the page says of itself.

Libraries that are right about good pages are wrong in silence about bad ones: lxml drops what is
nested deeper than 256 tags, trafilatura what is deeper than some thousands. So the depth is
measured, and a page that is too deep, or in which no text is found, is a problem and not an
article cut short.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice

import trafilatura
from lxml import etree  # type: ignore[import-untyped]  # lxml has no types
from lxml.html import (  # type: ignore[import-untyped]
    HtmlElement,
    HTMLParser,
    document_fromstring,
)

from searchsvc.article import Article, path_id, url_id
from searchsvc.errors import ReadError
from searchsvc.readers.datelines import of_body
from searchsvc.readers.dates import parse_date
from searchsvc.readers.encoding import clean, decode, one_line
from searchsvc.readers.furniture import byline, is_furniture
from searchsvc.readers.page import PageFacts, page_facts
from searchsvc.readers.paragraphs import first_words
from searchsvc.readers.pieces import Item, Note, Piece, Source, read_all

_DEEPEST = 1000  # tags in each other; trafilatura reads 2,000 and loses text at 5,000
_CUT_SHORT = 1.5  # times longer that a run of paragraphs is which the text found begins
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,100}?encoding=[\"']([\w.:-]+)",
    re.IGNORECASE,
)
_DECLARED_WITHIN = 4096  # bytes; browsers look at 1024
_XML = re.compile(r"^\s*<\?xml[^>]*>")  # lxml wants none in text, bs4 warns
_MARKUP = re.compile(r"<(?:!doctype|html|head|body|title|meta|article|div|p|h1)\b", re.IGNORECASE)


def split(source: Source) -> Iterator[Piece]:
    """The whole page is one article."""
    yield Piece("", partial(_parse, source, read_all(source)))


def _parse(source: Source, data: bytes) -> Iterator[Item]:
    text, reservation = decode(data, _declared(data))
    markup = _XML.sub("", text.replace("\0", " "), count=1)  # lxml takes NUL for the end
    if not markup.strip():
        raise ReadError("is empty")
    if not _MARKUP.search(markup):
        raise ReadError("is no HTML page: there are no tags in it")
    body = _body(markup)
    facts = page_facts(markup)
    author, body = _without_heading(body or clean(facts.body), facts)
    yield from _article(source, facts, facts.author or author, body)
    if reservation:
        yield Note("", reservation)


def _declared(data: bytes) -> str | None:
    found = _DECLARED.search(data[:_DECLARED_WITHIN])
    return (found[1] or found[2]).decode("ascii") if found else None


def _body(markup: str) -> str:
    """The text of the article; thorough where being fast finds nothing."""
    for fast in (True, False):
        tree = _tree(markup)
        runs = _runs(tree)
        text = trafilatura.extract(tree, fast=fast, favor_precision=True, include_comments=False)
        if text:
            return _paragraphs(_whole(clean(text), runs))
    return ""


def _runs(tree: HtmlElement) -> list[list[str]]:
    """Paragraphs that stand in boxes of one kind within one box, in the order of the page."""
    runs: dict[object, list[str]] = {}
    for paragraph in tree.iter("p"):
        boxes = [*islice(paragraph.iterancestors(), 3)]
        if text := one_line(paragraph.text_content()):
            key = (boxes[0].tag, boxes[0].get("class"), boxes[-1])
            runs.setdefault(key, []).append(text)
    return list(runs.values())


def _whole(text: str, runs: list[list[str]]) -> str:
    # Where advertisements part an article into boxes (Wired, Vogue) trafilatura takes the first.
    for run in runs:
        whole = "\n".join(run)
        if run[0] in text and len(whole) > len(text) * _CUT_SHORT:
            return whole
    return text


def _tree(markup: str) -> HtmlElement:
    data = markup.encode()
    parser = _parser(huge_tree=False)
    try:
        tree = document_fromstring(data, parser)
        if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
            tree = document_fromstring(data, _parser(huge_tree=True))
            _refuse_too_deep(tree)
    except etree.LxmlError as error:
        raise ReadError(f"is no HTML page: {one_line(str(error))[:100]}") from None
    return tree


def _parser(huge_tree: bool) -> HTMLParser:
    return HTMLParser(encoding="utf-8", huge_tree=huge_tree, remove_comments=True, remove_pis=True)


def _refuse_too_deep(tree: HtmlElement) -> None:
    depth = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST:
            raise ReadError(f"has more than {_DEEPEST:,} tags nested in each other")


def _paragraphs(text: str) -> str:
    """Lines as paragraphs, but the items of a list as lines of one."""
    lines = [line for line in text.split("\n") if line.strip() and not is_furniture(line)]
    joined = "\n\n".join(lines)
    return re.sub(r"(?m)(^- .*)\n(?=\n- )", r"\1", joined)


def _without_heading(body: str, facts: PageFacts) -> tuple[str, str]:
    """Who a byline names, or "", and *body* from where the text begins, below it."""
    headlines = [_words(line) for line in (facts.title, *facts.headings)]
    author = ""
    first, _, rest = body.partition("\n\n")
    while rest and (_words(first) in headlines or _is_byline(first, facts.author)):
        author = author or byline(first)
        body = rest
        first, _, rest = body.partition("\n\n")
    return author, body


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _is_byline(line: str, author: str) -> bool:
    """Whether *line* names the author, perhaps with a town, and says no more."""
    named = author and line.removeprefix("By ").startswith(author)
    return bool(byline(line) or (named and len(line) < len(author) + 40 and line[-1] not in ".!?"))


def _article(source: Source, facts: PageFacts, author: str, body: str) -> Iterator[Item]:
    filed, body = of_body(body)
    if not body and not (facts.title and facts.summary):
        raise ReadError("no article text found")
    dates = [date for date in map(parse_date, facts.dates) if date]
    yield Article(
        id=url_id(facts.url) if facts.url else path_id(source.name),
        title=facts.title or first_words(body),
        body=body or facts.summary,
        date=dates[0] if dates else None,
        source=facts.source or source.publisher,
        author=author,
        dateline=filed,
        section=facts.section,
        people=facts.people,
        places=facts.places,
        topics=facts.topics,
        url=facts.url,
    )
    if not body:
        yield Note("", "no article text found; the description of the page stands for it")
    if not facts.title:
        yield Note("", "has no headline; its first words stand for it")
    if facts.dates and not dates:
        yield Note("", f"date not understood: {one_line(facts.dates[0])[:60]!r}")
