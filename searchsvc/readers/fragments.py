"""Text with HTML markup in it, as feeds and content systems store it -> plain text.

>>> plain_text("<p>AT&amp;T rose.</p><p>Others <b>fell</b>.</p>")
'AT&T rose.\\n\\nOthers fell.'
>>> plain_text("if a<b and b>c")
'if a<b and b>c'
"""

import html
import re

from bs4 import BeautifulSoup

_BLOCKS = ("p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "tr", "pre")
_MARKUP = re.compile(
    r"</(?:p|div|a|b|i|em|strong|span|ul|li|h[1-6]|blockquote)>|<(?:br|p|img)\b[^<>]*>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:amp|quot|apos|nbsp|lt|gt|#\d+|#x[0-9a-f]+|[lr][sd]quo|[mn]dash);", re.I)


def plain_text(text: str) -> str:
    """*text* without tags and entities, if there are any; blocks become paragraphs."""
    if not _MARKUP.search(text):
        return html.unescape(text) if _ENTITY.search(text) else text
    soup = BeautifulSoup(text, "lxml")
    for element in soup(["script", "style"]):
        element.decompose()
    for element in soup(_BLOCKS):
        element.append("\n\n")
    return re.sub(r"\s*\n\s*\n\s*", "\n\n", soup.get_text()).strip()
