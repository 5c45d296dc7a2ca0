"""Values of a source, as the fields of an Article hold them.

>>> names(["Syria", " Iran", "syria", ""])
('Syria', 'Iran')
>>> author(["By Jane Doe", "https://example.org/staff/jane", "J. R. Okafor, Reuters"])
'Jane Doe, J. R. Okafor'
>>> web_address("/2018/09/syria", base="https://news.example.org/")
'https://news.example.org/2018/09/syria'
"""

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from searchsvc.readers.encoding import one_line

_BY = re.compile(
    r"(?:(?:written|reported|analysis|opinion|commentary|review|story) )?by:? +", re.IGNORECASE
)
# What stands after a name in a byline and is none.
_ROLE = re.compile(
    r"[,;|/]? *(?:\(|\b)(?:(?:the )?associated press|reuters?d?|a\.?p\.?|a\.?f\.?p\.?|u\.?p\.?i\.?"
    r"|(?:[\w-]+ ){0,3}(?:writer|reporter|correspondent|editor(?:-at-large)?|columnist|analyst))"
    r"\b\)?\.?$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://|www\.|\S+@\S+|^[\w.-]+/\S*$", re.IGNORECASE)


def names(values: Iterable[str]) -> tuple[str, ...]:
    """*values* on one line each, in order; empty ones and second ones dropped."""
    found: dict[str, str] = {}
    for value in map(one_line, values):
        if value:
            found.setdefault(value.casefold(), value)
    return tuple(found.values())


def listed(text: str) -> list[str]:
    """The parts of a list that is written as one text, with commas or semicolons.

    >>> listed("Syria, Iran;U.S. Army")
    ['Syria', 'Iran', 'U.S. Army']
    """
    return [part.strip() for part in re.split("[,;]", text)]


def author(values: Iterable[str]) -> str:
    """Who wrote it, in one line: names without "By", employer or rank, and no addresses."""
    return ", ".join(names(map(_name, values)))


def _name(value: str) -> str:
    text = one_line(value)
    if _ADDRESS.search(text):
        return ""
    text = _BY.sub("", text, count=1) if _BY.match(text) else text
    while (shorter := _ROLE.sub("", text)) and shorter != text:
        text = shorter
    return text.strip(" ,;|")


def web_address(text: str, base: str = "") -> str | None:
    """The full http or https address that *text* is, if it is one."""
    try:
        address = urljoin(base, text.strip())
        parts = urlsplit(address)
    except ValueError:  # as for "http://[", and whatever else a page may hold
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", address):
        return None
    return address


def host(url: str | None) -> str:
    """The site that *url* is on, without "www."."""
    name = urlsplit(url or "").hostname or ""
    return name.removeprefix("www.")
