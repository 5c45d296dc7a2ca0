"""Text to HTML: whatever the text, the page shows it and no tag but ours."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.answers import Passage
from searchsvc.web.links import is_web_address
from searchsvc.web.markup import Link, excerpt, linked, marked, paragraphs, sentence, spoken_date

_NASTY = st.sampled_from(["<", ">", "&", '"', "'", "<mark>", "</mark>", "&lt;", "\n\n", "é", "😀"])
_TEXTS = st.lists(st.one_of(_NASTY, st.text(max_size=5)), max_size=12).map("".join)


@st.composite
def passages(draw):
    text = draw(_TEXTS)
    places = draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True))
    places.sort()
    spans = list(zip(places[::2], places[1::2], strict=False))
    return Passage(text=text, highlights=spans)


def text_of(markup):
    """What a browser shows of *markup*."""
    return html.unescape(re.sub(r"</?mark>", "", markup))


@given(passages())
def test_without_its_tags_marked_text_is_the_text(passage):
    markup = str(marked(passage))
    assert re.findall(r"<[^>]*>", markup) == ["<mark>", "</mark>"] * len(passage.highlights)
    assert text_of(markup) == passage.text
    shown = [html.unescape(piece) for piece in re.findall(r"<mark>(.*?)</mark>", markup, re.S)]
    assert shown == [passage.text[start:end] for start, end in passage.highlights]


@st.composite
def linked_passages(draw):
    passage = draw(passages())
    places = st.integers(-1, len(passage.text) + 1)
    ends = draw(st.lists(st.tuples(places, places), max_size=6))
    links = [Link(start, end, f'/x?"<{n}>', "<b>'\"") for n, (start, end) in enumerate(ends)]
    return linked(passage.text, passage.highlights, links)


@given(linked_passages())
def test_links_and_marks_may_cross_and_the_html_is_well_formed(passage):
    markup = str(marked(passage))
    assert html.unescape(re.sub(r"<[^>]*>", "", markup)) == passage.text
    opened = []
    for tag in re.findall(r"<[^>]*>", markup):
        if tag.startswith("</"):
            assert opened.pop() == tag[2:-1]
        else:
            name = re.fullmatch(r'<(mark|a href="[^"]*" title="[^"]*")>', tag)[1].split()[0]
            assert opened in ([], ["a"]) if name == "mark" else opened == []
            opened.append(name)
    assert opened == []
    assert shown_in("a", markup) == [passage.text[k.start : k.end] for k in passage.links]
    urls = [html.unescape(url) for url in re.findall(r'href="([^"]*)"', markup)]
    assert urls == [link.url for link in passage.links]
    marks = "".join(passage.text[start:end] for start, end in passage.highlights)
    assert "".join(shown_in("mark", markup)) == marks


def shown_in(tag, markup):
    inside = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", markup, re.S)
    return [html.unescape(re.sub(r"<[^>]*>", "", piece)) for piece in inside]


@given(linked_passages())
def test_paragraphs_hold_every_link(passage):
    inside = [
        part.text[link.start : link.end] for part in paragraphs(passage) for link in part.links
    ]
    whole = [passage.text[link.start : link.end] for link in passage.links]
    assert "".join("".join(inside).split()) == "".join("".join(whole).split())


@given(passages())
def test_paragraphs_hold_every_word_and_every_mark(passage):
    parts = list(paragraphs(passage))
    assert "".join("".join(p.text for p in parts).split()) == "".join(passage.text.split())
    marked_characters = [
        passage.text[place]
        for start, end in passage.highlights
        for place in range(start, end)
        if not passage.text[place].isspace()
    ]
    found = [
        part.text[place]
        for part in parts
        for start, end in part.highlights
        for place in range(start, end)
        if not part.text[place].isspace()
    ]
    assert found == marked_characters


def test_a_line_end_within_a_paragraph_stays():
    parts = paragraphs(Passage(text="a\nb\n\n\nc", highlights=[]))
    assert [part.text for part in parts] == ["a\nb", "c"]


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://news.example/a?b=c", True),
        ("HTTP://news.example", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt://news.example/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("//news.example", False),
        ("https:", False),
        ("http://[", False),
        ("file:///etc/passwd", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url, ok):
    assert is_web_address(url) is ok


def test_dates():
    assert spoken_date("0999-01-02") == "2 January 999"
    assert spoken_date("1987-02-26T15:01:01+02:00") == "26 February 1987, 15:01 UTC+02:00"


def test_sentences():
    assert sentence("is it?") == "Is it?"
    assert sentence("") == "."


def test_excerpts_tell_where_the_text_goes_on():
    def shown(*texts):
        return str(excerpt([Passage(text=text, highlights=[]) for text in texts]))

    assert shown() == ""
    assert shown("Oil fell.") == "Oil fell."
    assert shown("oil fell") == "… oil fell …"
    assert shown("“Oil fell.”", "It <rose>") == "“Oil fell.” … It &lt;rose&gt; …"
