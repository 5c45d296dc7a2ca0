"""Text with HTML markup in it, as feeds and content systems store it -> plain text.

>>> plain_text("<p>AT&amp;T rose.</p><p>Others <b>fell</b>.</p>")
'AT&T rose.\\n\\nOthers fell.'
>>> plain_text("if a<b and b>c")
'if a<b and b>c'
>>> plain_text("Caf&eacute; &pound;5 R&D; AT&T")
'Café £5 R&D; AT&T'
"""

import html
import re
from html.entities import html5

from bs4 import BeautifulSoup

# Names that only a tag has; those of the others may stand in angle brackets for themselves.
_PLAIN_BLOCKS = (
    *("p", "div", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table"),
    *("tr", "ul", "ol", "li", "dl", "dt", "dd", "figure", "figcaption", "iframe"),
)
_BLOCKS = (
    *_PLAIN_BLOCKS,
    *("article", "section", "header", "footer", "main", "aside", "nav", "details", "summary"),
    *("address", "caption", "form", "fieldset", "legend", "video", "audio"),
)
_CELLS = ("td", "th")  # of a row, which stays one line
_UNSEEN = ("script", "style")
_INLINE = (
    *("a", "abbr", "b", "big", "center", "cite", "code", "del", "em", "font", "i", "ins", "kbd"),
    *("label", "mark", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "time", "tt"),
    *("u", "picture", "noscript", "button", "object", "tbody", "thead", "tfoot"),
)
_MARKUP = re.compile(
    rf"</(?:{'|'.join((*_BLOCKS, *_CELLS, *_UNSEEN, *_INLINE))})\s*>|<!--[^<>]*-->"
    rf"|<(?:{'|'.join((*_PLAIN_BLOCKS, *_CELLS, *_UNSEEN, 'img'))})(?:\s[^<>=]*+=[^<>]*+|\s*+/?)>",
    re.IGNORECASE,
)
_GAP = re.compile(r"\s{2,}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def plain_text(text: str) -> str:
    """*text* without tags and entities, if there are any; blocks become paragraphs."""
    if not _MARKUP.search(text):
        return _ENTITY.sub(_character, text)
    soup = BeautifulSoup(text, "lxml")
    for element in soup(_UNSEEN):
        element.decompose()
    for names, gap in ((_BLOCKS, "\n\n"), (_CELLS, " ")):
        for element in soup(names):
            element.insert(0, gap)
            element.append(gap)
    return _GAP.sub(_one_gap, soup.get_text()).strip()


def _one_gap(space: re.Match[str]) -> str:
    return "\n\n" if space.group().count("\n") > 1 else space.group()


def _character(entity: re.Match[str]) -> str:
    # html.unescape would take "&copy=2" of an address for a sign, and "&notice;" for another.
    name = entity.group()[1:]
    return html.unescape(entity.group()) if name[0] == "#" or name in html5 else entity.group()
