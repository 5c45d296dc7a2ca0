"""What people say of the names found: `corrections.tsv`, kept with the corpus and read on each run.

    merge   people  Geoffery Haldane  Geoffrey Haldane    # the court's spelling
    rename  places  Burma  Myanmar
    split   people  John Smith  ml-2019-02-07  John Smith (referee)
    hide    people  Dow Jones
    add     places  ml-2019-02-07  Jutland
    differ  people  Anna Reed  Anne Reed

A correction a line, columns parted by tabs; docs/names.md tells what each does. This file reads
them and finds what is wrong with them; `searchsvc.extract.correcting` does what they say.
"""

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from searchsvc.article import is_valid_id
from searchsvc.errors import CorrectionsError

FILE = "corrections.tsv"
FIELDS = ("people", "places")
_COLUMNS = {  # after verb and field, as the remedy names them
    "merge": "one name or more, then the name that they are merged into",
    "rename": "the old name, the new name",
    "split": "the name, the id of an article, the other name",
    "hide": "the name, and the id of an article if it is to be hidden only there",
    "add": "the id of an article, the name",
    "differ": "two names",
}
_MOST_BYTES = 64 << 20
_SHOWN = 80  # characters of a value in an error


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction: `name` is what it is about, `other` what it becomes, each "" where not used.

    A line that merges several names is one for each.
    """

    verb: str
    field: str
    name: str
    other: str = ""
    article: str = ""

    def __str__(self) -> str:
        return "\t".join((self.verb, self.field, self.name, self.other, self.article))


@dataclass(frozen=True, slots=True)
class CorrectionList:
    """The corrections of a corpus in their order, and the number of the line of each."""

    path: Path | None = None
    lines: tuple[tuple[int, Correction], ...] = ()

    @property
    def text(self) -> str:
        """What they do to names, and nothing else: remarks and `differ` are no part of it."""
        kept = (str(one) for _, one in self.lines if one.verb != "differ")
        return "\n".join(dict.fromkeys(kept))

    @classmethod
    def of_text(cls, text: str) -> "CorrectionList":
        """The corrections of which *text* is the `text`; the lines of the file are forgotten."""
        return cls(None, tuple((0, Correction(*line.split("\t"))) for line in text.splitlines()))

    def __iter__(self) -> Iterator[Correction]:
        return (correction for _, correction in self.lines)


@lru_cache(1 << 16)
def plain(name: str) -> str:
    """*name* as names are compared: Unicode composed, white space as single spaces.

    >>> plain(" Zoe\\u0308  Heller ") == "Zo\\u00eb Heller"
    True
    """
    return " ".join(unicodedata.normalize("NFC", name).split())


def find_corrections(root: Path, given: Path | None = None) -> CorrectionList:
    """The corrections in the file *given*, or else beside or inside the corpus at *root*.

    Raises CorrectionsError: also where there are two files, and which counts cannot be told.
    """
    if given is not None:
        return parse(_content(given, follow=True), given)
    beside, inside = root.parent / FILE, root / FILE
    there = [path for path in (beside, inside) if os.path.lexists(path)]
    if len(there) == 2:
        said = f"there is {inside} too; keep one of them, or name one with --corrections"
        raise CorrectionsError(str(beside), [(0, said)])
    if not there:
        return CorrectionList()
    # Inside the corpus a link may lead anywhere, and errors quote what they read.
    return parse(_content(there[0], follow=there[0] == beside), there[0])


def _content(path: Path, follow: bool) -> bytes:
    try:
        # Not blocking: a FIFO would else wait for somebody to write to it.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        with open(os.open(path, flags), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise CorrectionsError(str(path), [(0, "is not a regular file")])
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CorrectionsError(str(path), [(0, f"cannot be read: {error.strerror}")]) from None
    if len(content) > _MOST_BYTES:
        raise CorrectionsError(str(path), [(0, f"has more than {_MOST_BYTES >> 20} MB")])
    return content


def parse(content: bytes, path: Path | None = None) -> CorrectionList:
    """The corrections in *content*; CorrectionsError tells everything that is wrong at once."""
    lines: list[tuple[int, Correction]] = []
    faults: list[tuple[int, str]] = []
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        faults.append((0, "is in UTF-16; save it as UTF-8"))
        content = b""
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            lines += ((number, correction) for correction in _read(line))
        except _Fault as fault:
            faults.append((number, str(fault)))
    faults += _contradictions(lines)
    if faults:
        raise CorrectionsError(str(path or FILE), faults)
    return CorrectionList(path, tuple(lines))


class _Fault(Exception):
    """What is wrong with one line, and the remedy."""


def _read(line: bytes) -> Iterator[Correction]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise _Fault(f"{_shown(ascii(line)[1:])} is not UTF-8; save the file as UTF-8") from None
    columns = [plain(column) for column in text.split("\t")]
    if columns[0].startswith("#") or not any(columns):
        return
    # The remark is the last column, and may hold tabs of its own.
    remark = next((n for n, c in enumerate(columns) if n > 2 and c.startswith("#")), len(columns))
    columns = columns[:remark]
    while not columns[-1]:
        columns.pop()
    yield from _corrections(columns)


def _corrections(columns: list[str]) -> Iterator[Correction]:
    verb, field, *names = columns + [""] * (2 - len(columns))
    if verb not in _COLUMNS:
        hint = "" if len(columns) > 1 else "; columns are parted by tabs"
        raise _Fault(f"{_quoted(verb)} is no verb; there are {', '.join(_COLUMNS)}{hint}")
    if field not in FIELDS:
        raise _Fault(f"{_quoted(field)} cannot be corrected; the second column is people or places")
    few, many = {"merge": (2, len(names)), "split": (3, 3), "hide": (1, 2)}.get(verb, (2, 2))
    if not few <= len(names) <= many:
        given = f"{len(columns)} column{'s' * (len(columns) != 1)}"
        raise _Fault(f"{verb!r} with {given}; it takes verb, field, {_COLUMNS[verb]}")
    if "" in names:
        raise _Fault(f"column {names.index('') + 3} is empty; {verb!r} takes {_COLUMNS[verb]}")
    for name in names:
        if not name.isprintable():
            raise _Fault(f"{_quoted(name)} holds a sign that cannot be printed; take it out")
    match verb, names:
        case "hide", [name]:
            yield Correction(verb, field, name)
        case "hide", [name, article]:
            yield Correction(verb, field, name, article=_id(article))
        case "add", [article, name]:
            yield Correction(verb, field, name, article=_id(article))
        case "split", [name, article, other]:
            yield _between(verb, field, name, other, _id(article))
        case _:
            for name in names[:-1]:
                yield _between(verb, field, name, names[-1])


def _between(verb: str, field: str, name: str, other: str, article: str = "") -> Correction:
    if name == other:
        raise _Fault(f"{_quoted(name)} stands there twice; two names are needed")
    return Correction(verb, field, name, other, article)


def _id(text: str) -> str:
    if not is_valid_id(text):
        raise _Fault(f"{_quoted(text)} is no id of an article; searchsvc search shows ids")
    return text


def _quoted(value: str) -> str:
    return _shown(repr(value))


def _shown(value: str) -> str:
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "..."


# -- lines that do not go together ----------------------------------------------------------------


def _contradictions(lines: Iterable[tuple[int, Correction]]) -> Iterator[tuple[int, str]]:
    """The number of the later line, and what it contradicts."""
    moved: dict[tuple[str, str], tuple[int, str]] = {}
    hidden: dict[tuple[str, str, str], int] = {}
    later: list[tuple[int, Correction]] = []
    for number, one in lines:
        if one.verb in ("merge", "rename"):
            first, other = moved.setdefault((one.field, one.name), (number, one.other))
            if other != one.other:
                said = f"{_quoted(one.name)} becomes {_quoted(other)} on line {first}"
                yield number, f"{said} and {_quoted(one.other)} here; keep one of them"
        elif one.verb == "hide":
            hidden.setdefault((one.field, one.name, one.article), number)
        else:
            later.append((number, one))
    for (field, name, article), number in hidden.items():
        if not article and (field, name) in moved:
            first = moved[field, name][0]
            yield number, f"{_quoted(name)} becomes another name on line {first}; hide that one"
    yield from _cycles(moved)
    ends = {name: _end(moved, *name)[-1] for name in moved}
    for number, one in later:
        if one.verb == "add":
            for article in (one.article, ""):
                if line := hidden.get((one.field, one.name, article)):
                    yield number, f"{_quoted(one.name)} is hidden on line {line}; keep one of them"
                    break
        elif one.verb == "differ":
            pair = [ends.get((one.field, name), name) for name in (one.name, one.other)]
            if pair[0] == pair[1]:
                said = f"{_quoted(one.name)} and {_quoted(one.other)} are merged by other lines"
                yield number, f"{said}; keep this line or those"


def _cycles(moved: dict[tuple[str, str], tuple[int, str]]) -> Iterator[tuple[int, str]]:
    done: set[tuple[str, str]] = set()
    for field, name in moved:
        chain = _end(moved, field, name)
        last = moved.get((field, chain[-1]))
        if last and last[1] in chain and (field, chain[-1]) not in done:
            circle = chain[chain.index(last[1]) :]
            done.update((field, one) for one in circle)
            number = max(moved[field, one][0] for one in circle)
            shown = " -> ".join(_quoted(one) for one in [*circle, circle[0]])
            yield number, f"{shown} goes round in a circle; take one of these lines out"


def _end(moved: dict[tuple[str, str], tuple[int, str]], field: str, name: str) -> list[str]:
    """*name* and what it becomes, step by step, each name once."""
    chain = {name: None}
    while (step := moved.get((field, name))) and step[1] not in chain:
        name = step[1]
        chain[name] = None
    return list(chain)
