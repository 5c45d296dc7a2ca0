"""The lists that tell names from other words, read once from `data/`.

Where each list comes from, and under which licence, stands in data/SOURCES.md.
"""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources

_DATA = resources.files("searchsvc.extract") / "data"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words in small letters, but for first names, `leaders` and `not_people`."""

    first_names: frozenset[str]
    common_first_names: frozenset[str]
    leaders: frozenset[str]  # surnames that news uses alone
    words: frozenset[str]  # of the English dictionary
    not_names: frozenset[str]
    titles: frozenset[str]  # and for several who bear one: "Justices Alito and Thomas"
    title_parts: frozenset[str]
    sure_titles: frozenset[str]
    organisation_words: frozenset[str]
    organisation_surnames: frozenset[str]
    not_people: frozenset[str]
    speech: frozenset[str]
    deeds: frozenset[str]  # verbs of what people do, and firms and countries do not
    fates: frozenset[str]  # the same, behind "was" or "has"
    things: frozenset[str]  # that are called after people
    headline_verbs: frozenset[str]
    followers: frozenset[str]
    nationalities: frozenset[str]
    prepositions: frozenset[str]
    short_forms: dict[str, frozenset[str]]  # of a first name, both ways


@functools.cache
def vocabulary() -> Vocabulary:
    """The lists. Takes 40 ms and 12 MB when first called."""
    lists = tomllib.loads(_text("vocabulary.toml"))
    whole = frozenset(" ".join(n.split()) for n in lists.pop("not_people").split(";"))
    more = _text("more_first_names.txt").split()
    short: dict[str, set[str]] = {}
    for line in _text("nicknames.tsv").splitlines():
        one, other = line.split("\t")
        short.setdefault(one, set()).add(other)
        short.setdefault(other, set()).add(one)
    return Vocabulary(
        first_names=frozenset(_text("first_names.txt").split() + more),
        common_first_names=frozenset(_text("common_first_names.txt").split() + more),
        leaders=frozenset(name for row in table("leaders.txt") for name in row[0].split()),
        words=frozenset(_text("words.txt").split()),
        not_people=whole,
        titles=frozenset(f"{title}{s}" for title in lists.pop("titles").split() for s in ("", "s")),
        short_forms={name: frozenset(others) for name, others in short.items()},
        **{name: frozenset(text.split()) for name, text in lists.items()},
    )


def table(name: str) -> list[list[str]]:
    """The rows of a table in `data/`, without its remarks."""
    return [line.split("\t") for line in _text(name).splitlines() if not line.startswith("#")]


def _text(name: str) -> str:
    return (_DATA / name).read_text("utf-8")
