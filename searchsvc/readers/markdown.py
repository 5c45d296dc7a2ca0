"""Markdown -> Article: plain text, with fields in front as static sites have them.

    ---
    title: Talks on Syria resume in Geneva
    date: 2018-09-14
    tags: [Syria, "United Nations"]
    ---
    GENEVA, Sept. 14 (Reuters) - Talks on Syria ...

Between lines of --- they are YAML, between +++ TOML. Without them the first line is the headline,
"# " or not.
"""

import datetime as dt
import re
import tomllib
from collections.abc import Iterator
from functools import partial
from typing import Any

import yaml  # type: ignore[import-untyped]  # yaml has no types

from searchsvc.readers import fields
from searchsvc.readers.encoding import clean, decode, one_line
from searchsvc.readers.pieces import Item, Note, Piece, Source, read_all
from searchsvc.readers.text import LABELS, LISTED, Head, add, articles_in

_FRONT = re.compile(
    r"\s*+(?:--- *\n(?=(?: *+(?:#[^\n]*)?\n)*+[\"']?\w[\w -]*+[\"']? *+:)"
    r"(?P<yaml>.*?\n)(?:---|\.\.\.)"
    r"|\+\+\+ *\n(?P<toml>.*?\n)\+\+\+) *(?:\n|$)",
    re.DOTALL,
)
_LONGEST_FRONT = {"YAML": 100_000, "TOML": 10_000}  # characters; half a second for a parser
_LONGEST_LINE = {"YAML": 100_000, "TOML": 1000}  # a name of many parts takes its square
_FIELD = re.compile(r"(\w[\w -]*+)[:=] *+(.*)")
_RULES = re.compile(r"\A(?:\s*(?:-{3,}|\+{3,}|\*{3,}|_{3,}) *(?:\n|$))+")
_HEADING = re.compile(
    r"^ {0,3}(?P<fence>`{3,}+(?=[^`\n]*+$)|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]* *$|\Z)|^#{1,6} +",
    re.MULTILINE | re.DOTALL,
)
_NOTHING = ("", "~", "null")


def split(source: Source) -> Iterator[Piece]:
    """The whole file is one article."""
    yield Piece("", partial(_parse, source, read_all(source)))


def _parse(source: Source, data: bytes) -> Iterator[Item]:
    text, reservation = decode(data)
    text = clean(text)
    head: Head = {}
    doubts: list[str] = []
    if (front := _FRONT.match(text)) and (found := _fields(front, doubts)):
        head, others = found
        text = f"{text[front.end() :]}\n\n{others}"
    text = _HEADING.sub(lambda found: found.group() if found["fence"] else "", _RULES.sub("", text))
    first, _, rest = text.lstrip().partition("\n")
    is_repeated = [one_line(first)] == head.get("title")
    yield from articles_in(source, rest if is_repeated else text, reservation, head)
    yield from (Note("", doubt) for doubt in doubts)


def _fields(front: re.Match[str], doubts: list[str]) -> tuple[Head, str] | None:
    """The fields of an article in *front* and what of it is text; None if it is text between rules.

    A front has a field that we know, or none but the names that a static site has.
    """
    try:
        values = _load(front)
    except ValueError as error:
        head, others = _labels(front["yaml"] or front["toml"])
        doubts += [str(error)] if head else []
        return (head, others) if head else None
    names = [str(key) for key in values]
    is_front = any(name.lower() in LABELS or name[:1].islower() for name in names)
    return (_head(values, doubts), "") if is_front else None


def _load(front: re.Match[str]) -> dict[str, Any]:
    """The fields as they stand in *front*; ValueError with the reason if they cannot be read."""
    kind = "YAML" if front["yaml"] else "TOML"
    text = front["yaml"] or front["toml"]
    if len(text) > _LONGEST_FRONT[kind]:
        raise ValueError(f"the fields in front are longer than {_LONGEST_FRONT[kind]:,} characters")
    if max(map(len, text.split("\n"))) > _LONGEST_LINE[kind]:
        raise ValueError(f"a line of the fields is longer than {_LONGEST_LINE[kind]:,} characters")
    try:
        # BaseLoader takes every value for a text: no tag makes an object, "no" stays no, and
        # "007" does. An alias is a reference, and nothing here follows more than one.
        values = yaml.load(text, yaml.BaseLoader) if kind == "YAML" else tomllib.loads(text)
    except RecursionError:
        raise ValueError("the fields in front are nested too deeply") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # No error of YAML's own: of chr, which each Python words in its way: "\UFFFFFFFF".
        is_chr = kind == "YAML" and not isinstance(error, yaml.YAMLError)
        why = "no such character" if is_chr else getattr(error, "problem", None) or error
        raise ValueError(f"the fields in front are no {kind}: {one_line(str(why))[:100]}") from None
    if not isinstance(values, dict):
        raise ValueError(f"the fields in front are no {kind} with names")
    return values


def _head(values: dict[str, Any], doubts: list[str]) -> Head:
    """The fields of an article in *values*: those that have a label in plain text too."""
    found: Head = {}
    for key, value in values.items():
        if not (name := LABELS.get(str(key).lower())):
            continue
        texts = [_text(part) for part in (value if isinstance(value, list) else [value])]
        if None in texts:
            doubts.append(f"{key!r}: left out what is no text")
        given = [text for text in texts if text and text not in _NOTHING]
        if given:
            is_list = name in LISTED and not isinstance(value, str)
            doubts += add(found, name, given if is_list else _values(name, given))
    return found


def _text(value: Any) -> str | None:
    """The text that *value* is or that it has for its name; None for what is none."""
    match value:
        case str():
            return one_line(value)
        case {"name": str(name)}:
            return one_line(name)
        case dt.date() | dt.time():
            return value.isoformat()
        case int() | float() if not isinstance(value, bool):
            return str(value)
        case _:
            return None


def _values(name: str, texts: list[str]) -> list[str]:
    """The values in *texts*, what is given for the field *name*."""
    if name == "author":
        return [fields.author(texts)]
    joined = ", ".join(texts)
    return fields.listed(joined) if name in LISTED else [joined]


def _labels(front: str) -> tuple[Head, str]:
    """What can be told of fields that no parser reads, line by line, and the other lines."""
    head: Head = {}
    others = []
    for line in front.split("\n"):
        found = _FIELD.fullmatch(line)
        name = LABELS.get(found[1].rstrip().lower()) if found else None
        if found and name and name not in head and (value := found[2].strip("[]\"' ")):
            head[name] = _values(name, [value])
        else:
            others.append(line)
    return head, "\n".join(others)
