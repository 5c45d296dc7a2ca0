"""A string to a query tree, by recursive descent.

>>> parse('oil -"interest rate" title:(opec* OR jeffery~)')
... # doctest: +NORMALIZE_WHITESPACE
And(clauses=(Word(text='oil', field=None),
    Not(clause=Phrase(words=('interest', 'rate'), slop=0, field=None)),
    Or(clauses=(Pattern(text='opec*', field='title'),
        Fuzzy(text='jeffery', edits=1, field='title')))))

The language is for people: ordinary text is never an error. What is an error carries its
place and a remedy (QueryError). What is only odd is put right and told to `warn`. In a text as
long as a paragraph, with hardly an operator, signs are no syntax: it was pasted.

    query   = { either }                      a plain space binds least
    either  = both { "OR" both }
    both    = negated { "AND" negated }
    negated = { "NOT" | "-" } atom
    atom    = [ name ":" ] ( group | quoted | dates | chunk ) [ "^" boost ]
"""

import re
import unicodedata
from collections.abc import Callable

from rapidfuzz.distance import OSA

from searchsvc import analysis
from searchsvc.errors import QueryError
from searchsvc.query import dates
from searchsvc.query.hints import NEAR_A_QUOTED_WORD, NEAR_WITHOUT_A_NUMBER, hints, no_fields
from searchsvc.query.pasted import BEHIND, QUOTES, Origin, origin
from searchsvc.query.tree import (
    All,
    Boost,
    Fuzzy,
    Not,
    Nothing,
    Pattern,
    Phrase,
    Query,
    Word,
    conjunction,
    disjunction,
)
from searchsvc.schema import QUERY_FIELDS

MAX_CHARACTERS = 2000
MAX_WORDS = 100
MAX_DEPTH = 8
MAX_SLOP = 100
MAX_BOOST = 10
MIN_FUZZY_LETTERS = 4
TWO_EDITS_FROM = 8  # letters; a longer word is misspelt in two places as easily
SYNONYMS = {"year": "date"}  # of fields; a near miss of one is text: "dear:" is no "year:"
TWO_EDITS_IN_A_FIELD = 5  # letters; "NOTE:1986", which Reuters writes, is two from "date"

_NOTHING = re.compile(rf"(?:\s|[{QUOTES}]\s*[{QUOTES}](?![~^]))+")
_CHUNK = re.compile(rf"[^\s(){QUOTES}]+")
_OPERATOR = re.compile(rf"(AND|OR|NOT)(?=[\s(){QUOTES}]|$)")
_FIELD = re.compile(r"([A-Za-z]+):(?=[^\s)])")
_BOOST = re.compile(r"\^(\d+(?:\.\d+)?)(?!\.?[\w^])")
_CHUNK_BOOST = re.compile(rf"\^(\d+(?:\.\d+)?)[{BEHIND}]*$")
_SLOP = re.compile(r"~(\d+)")
_FUZZY = re.compile(rf"(?s)(.+)~(\d*)[{BEHIND}]*$")
# It begins where a word does and gives nothing back: no text makes the search for it quadratic.
_QUOTE = f"[{analysis.APOSTROPHES}]"
_LITERAL = rf"(?:[^\W_]|{_QUOTE}|(?<=\d)[.,](?=\d))*+"
_INITIALS = r"(?<![^\W\d_]\.)[^\W\d_](?:\.[^\W\d_])++\.?+(?=\*(?![\w*?]))"
_PATTERN = re.compile(
    rf"(?<![^\W_])(?<!{_QUOTE})(?<!\d[.,]){_QUOTE}*+(?:{_INITIALS}|[^\W_]{_LITERAL})"
    rf"(?:(?:\?++(?=[^\W_])|\*(?![*?])){_LITERAL})++"
)
_LEADING_WILDCARD = re.compile(r"(?<![\w*?])\*[^\W_]|^\*$")


def parse(text: str, warn: Callable[[str], None] = lambda warning: None) -> Query:
    """The tree of *text*, its words folded; oddities that were put right go to *warn*.

    Raises QueryError. Empty text is every article; text without any word is none.
    """
    if len(text) > MAX_CHARACTERS:
        raise QueryError(
            f"the query has {len(text)} characters, more than the {MAX_CHARACTERS} allowed",
            text,
            MAX_CHARACTERS,
            "search for the part that matters",
        )
    if not text.strip():
        return All()
    parser = _Parser(text, warn)
    query = parser.query()
    if parser.origin is Origin.TYPED:
        if parser.no_fields:
            warn(no_fields(list(parser.no_fields)))
        for hint in hints(text, parser.plain):
            warn(hint)
    if query is None:
        warn("there is no word in this query, so nothing matches")
        return Nothing()
    return query


def quote(text: str) -> str:
    """A query for the words of *text* as they are, whatever signs stand between them.

    >>> quote("oil AND (gas*")
    'oil and gas'
    """
    words = [word.written for word in analysis.written(text[:MAX_CHARACTERS])][:MAX_WORDS]
    while sum(len(word) + 1 for word in words) > MAX_CHARACTERS:  # folding made them longer
        words.pop()
    return " ".join(words) or '""'


def _shape(chunk: str) -> str:
    """*chunk* with a letter for each mark that stands on a letter, to look for signs in."""
    if chunk.isascii():
        return chunk
    return "".join("x" if unicodedata.category(c)[0] == "M" else c for c in chunk)


class _Parser:
    """One pass over the text; `at` is the place reached."""

    def __init__(self, text: str, warn: Callable[[str], None]) -> None:
        self.text = text
        self.at = 0
        self.skipped_to = -1
        self.told: set[str] = set()
        self.tell = warn
        self.depth = 0
        self.count = 0
        self.origin = origin(text)
        self.plain: list[str] = []  # chunks that were read as words and patterns
        self.no_fields: dict[str, None] = {}  # names before a colon that are no field's, in order

    def warn(self, said: str) -> None:
        if said not in self.told:
            self.told.add(said)
            self.tell(said)

    def error(self, reason: str, at: int, remedy: str = "") -> QueryError:
        return QueryError(reason, self.text, at, remedy)

    # -- the grammar ---------------------------------------------------------------------------

    def query(self, field: str | None = None) -> Query | None:
        clauses: list[Query] = []
        while True:
            self.skip()
            if self.at >= len(self.text) or (self.depth and self.text[self.at] == ")"):
                return conjunction(clauses) if clauses else None
            if self.text[self.at] == ")":
                self.warn("a ')' without its '(' was left out")
                self.at += 1
            elif clause := self.either(field):
                clauses.append(clause)

    def either(self, field: str | None) -> Query | None:
        return self.joined("OR", self.both, disjunction, field)

    def both(self, field: str | None) -> Query | None:
        return self.joined("AND", self.negated, conjunction, field)

    def joined(
        self,
        operator: str,
        operand: Callable[[str | None], Query | None],
        join: Callable[[list[Query]], Query],
        field: str | None,
    ) -> Query | None:
        """Operands with *operator* between them."""
        clauses = [operand(field)]
        while (at := self.take(operator)) is not None:
            if clauses[0] is None:
                raise self.lacking(operator, at, "before")
            clauses.append(operand(field))
            if clauses[-1] is None:
                raise self.lacking(operator, at, "after")
        present = [clause for clause in clauses if clause is not None]
        return join(present) if present else None

    def negated(self, field: str | None) -> Query | None:
        self.skip()
        negations = 0
        last = -1
        while True:
            if (at := self.take("NOT")) is not None:
                last = at
            elif self.minus():
                self.at += 1
            else:
                break
            negations += 1
        clause = self.atom(field)
        if clause is None and last >= 0:
            raise self.lacking("NOT", last, "after")
        return Not(clause) if clause is not None and negations % 2 else clause

    def atom(self, field: str | None) -> Query | None:
        self.skip()
        if self.at >= len(self.text) or self.text[self.at] == ")":
            return None
        for operator in ("AND", "OR"):
            if self.operator() == operator:
                return None
        field = self.field() or field
        character = self.text[self.at]
        if character == "(":
            return self.boosted(self.group(field))
        if character in QUOTES:
            return self.boosted(self.quoted(field))
        if field == "date":
            return self.boosted(self.days())
        return self.chunk(field)

    def group(self, field: str | None) -> Query | None:
        if self.depth == MAX_DEPTH:
            raise self.error(
                f"parentheses go more than {MAX_DEPTH} deep", self.at, "ask in several queries"
            )
        self.depth += 1
        self.at += 1
        inner = self.query(field)
        if self.at < len(self.text):
            self.at += 1
        else:
            self.warn("a '(' was never closed; it is closed at the end")
        self.depth -= 1
        return inner

    # -- between the words -----------------------------------------------------------------------

    def skip(self) -> None:
        """Past white space and signs that hold no word and mean nothing here."""
        if self.at == self.skipped_to:  # every rule begins with this, at the same place
            return
        self.pass_over()
        self.skipped_to = self.at

    def pass_over(self) -> None:
        while self.at < len(self.text):
            if space := _NOTHING.match(self.text, self.at):
                self.at = space.end()
                continue
            chunk = _CHUNK.match(self.text, self.at)
            if not chunk or self.minus() or any(map(str.isalnum, chunk.group())):
                return
            if chunk.group() == "*" and self.origin is not Origin.PASSAGE:
                return
            self.at = chunk.end()

    def operator(self) -> str | None:
        if self.origin is not Origin.TYPED:
            return None
        match = _OPERATOR.match(self.text, self.at)
        return match.group(1) if match else None

    def take(self, operator: str) -> int | None:
        """The place of *operator* if it stands here, which is then passed."""
        self.skip()
        if self.operator() != operator:
            return None
        at = self.at
        self.at += len(operator)
        return at

    def minus(self) -> bool:
        """Whether the `-` here negates: after a space or `(`, before a word, quote or `(`."""
        if not self.text.startswith("-", self.at):
            return False
        before = self.text[self.at - 1] if self.at else " "
        after = self.text[self.at + 1 : self.at + 2]
        return (
            self.origin is Origin.TYPED
            and (before.isspace() or before == "(")
            and not (after.isdigit() and self.text[: self.at].rstrip()[-1:].isdigit())  # 3 -4 pct
            and (after.isalnum() or (after != "" and after in QUOTES + "("))
        )

    def lacking(self, operator: str, at: int, side: str) -> QueryError:
        return self.error(
            f"{operator} has no word {side} it",
            at,
            f"add one, or write {operator.lower()} to search for the word",
        )

    # -- atoms -----------------------------------------------------------------------------------

    def field(self) -> str | None:
        if self.origin is Origin.PASSAGE:
            return None
        match = _FIELD.match(self.text, self.at)
        if not match:
            return None
        name = match.group(1).lower()
        name = SYNONYMS.get(name, name)
        if name in QUERY_FIELDS:
            self.at = match.end()
            return name
        edits = 2 if len(name) >= TWO_EDITS_IN_A_FIELD else 1
        for known in QUERY_FIELDS:
            if OSA.distance(name, known, score_cutoff=edits) <= edits:
                raise self.error(
                    f"unknown field '{match.group(1)}'",
                    match.start(),
                    f"did you mean '{known}:'? Fields: {', '.join(QUERY_FIELDS)}",
                )
        after = self.text[match.end()]
        is_meant = len(name) > 1 and match.group(1).islower()  # not C:, not NOTE:1986
        if is_meant and (after.isalnum() or after in QUOTES + "(["):  # not http://
            self.no_fields[name] = None
        return None

    def quoted(self, field: str | None) -> Query | None:
        start = self.at + 1
        end = next((i for i in range(start, len(self.text)) if self.text[i] in QUOTES), None)
        if end is None:
            self.warn("a quote was never closed; it is closed at the end")
        self.at = len(self.text) if end is None else end + 1
        behind = self.at
        slop = self.slop()
        if field == "date":
            return dates.days(self.text[start:end].strip(), self.text, start)
        words = tuple(word.written for word in analysis.written(self.text[start:end]))
        if self.origin is Origin.TYPED and self.text.startswith("~", behind):
            if len(words) == 1:
                self.warn(NEAR_A_QUOTED_WORD)
            elif self.at == behind:
                self.warn(NEAR_WITHOUT_A_NUMBER)
        self.counted(len(words), start)
        return Phrase(words, slop if len(words) > 1 else 0, field) if words else None

    def slop(self) -> int:
        match = _SLOP.match(self.text, self.at)
        if not match:
            return 0
        if int(match.group(1)) > MAX_SLOP:
            raise self.error(
                f"words up to {MAX_SLOP} positions apart can be found, not {match.group(1)[:20]}",
                self.at,
                "join them with AND to find them anywhere in an article",
            )
        self.at = match.end()
        return int(match.group(1))

    def boosted(self, clause: Query | None) -> Query | None:
        match = _BOOST.match(self.text, self.at)
        if not match or clause is None:
            return clause
        self.at = match.end()
        return Boost(clause, self.factor(match.group(1), match.start()))

    def factor(self, digits: str, at: int) -> float:
        factor = float(digits)
        if not 0 < factor <= MAX_BOOST:
            raise self.error(
                f"a boost is above 0 and at most {MAX_BOOST}, not {digits[:20]}",
                at,
                "as in 'oil^2', which makes it count double",
            )
        return factor

    def days(self) -> Query:
        start = self.at
        self.at = dates.end_of_expression(self.text, start)
        return dates.days(self.text[start : self.at], self.text, start)

    def chunk(self, field: str | None) -> Query | None:
        """What stands between two spaces: usually a word."""
        match = _CHUNK.match(self.text, self.at)
        assert match is not None
        chunk, at = match.group(), self.at
        self.at = match.end()
        if self.origin is Origin.PASSAGE:
            return self.text_chunk(chunk, at, field)
        boost = _CHUNK_BOOST.search(chunk)
        boosted = chunk[: boost.start()] if boost else ""
        if boost and (boosted == "*" or any(map(str.isalnum, boosted))):
            clause = self.plain_chunk(chunk[: boost.start()], at, field)
            factor = self.factor(boost.group(1), at + boost.start())
            return Boost(clause, factor) if clause else None
        return self.plain_chunk(chunk, at, field)

    def plain_chunk(self, chunk: str, at: int, field: str | None) -> Query | None:
        if chunk == "*" and field is None:
            return All()
        shape = _shape(chunk)
        if "://" in chunk:
            return self.text_chunk(chunk, at, field)
        if fuzzy := _FUZZY.match(chunk):
            found = [] if "~" in fuzzy.group(1) else analysis.written(fuzzy.group(1))
            if len(found) == 1 and shape[fuzzy.end(1) - 1].isalnum():
                word, edits = found[0].written, fuzzy.group(2)
                fits = len(word) >= MIN_FUZZY_LETTERS and edits in ("", "1", "2")
                if fits or not edits or any(map(str.isalpha, word)):  # not 6~7
                    return self.fuzzy(word, edits, at, field)
        if leading := _LEADING_WILDCARD.search(shape):
            raise self.error(
                "a pattern cannot begin with a wildcard",
                at + leading.start(),
                "begin it with a letter or a digit, as in 'opec*'",
            )
        return self.pieces(chunk, shape, at, field)

    def text_chunk(self, chunk: str, at: int, field: str | None) -> Query | None:
        """The words of a chunk in which no sign means anything."""
        runs = self.runs(chunk, at, field)
        return conjunction(runs) if runs else None

    def fuzzy(self, word: str, edits: str, at: int, field: str | None) -> Query:
        self.counted(1, at)
        if len(word) < MIN_FUZZY_LETTERS:
            raise self.error(
                f"'{word}~' is too short: a fuzzy word has at least {MIN_FUZZY_LETTERS} letters",
                at,
                "give more letters, or leave the '~' away",
            )
        if edits not in ("", "1", "2"):
            raise self.error(
                f"a fuzzy word allows 1 or 2 edits, not {edits[:20]}", at, "write ~1 or ~2"
            )
        usual = 2 if len(word) >= TWO_EDITS_FROM else 1
        return Fuzzy(word, int(edits or usual), field, at)

    def pieces(self, chunk: str, shape: str, at: int, field: str | None) -> Query | None:
        """Patterns, words, and words joined by a sign, all of which must match."""
        self.plain.append(chunk)
        clauses: list[Query] = []
        start = 0
        for match in _PATTERN.finditer(shape):
            clauses += self.runs(chunk[start : match.start()], at + start, field)
            text = chunk[match.start() : match.end()]
            clauses += self.pattern(text, at + match.start(), field)
            start = match.end()
        clauses += self.runs(chunk[start:], at + start, field)
        return conjunction(clauses) if clauses else None

    def pattern(self, text: str, at: int, field: str | None) -> list[Query]:
        parts = re.split(r"([?*])", text)
        parts[::2] = [
            "".join(word.written for word in analysis.written(part)) for part in parts[::2]
        ]
        literal = "".join(parts[::2])
        if len(literal) < (3 if literal.isdigit() else 2):
            raise self.error(
                f"'{text}' would match too many words",
                at,
                "give at least two letters, or three digits, beside the wildcard",
            )
        if not _PATTERN.fullmatch(_shape("".join(parts))):  # of signs that fold to nothing
            return self.runs(text, at, field)
        self.counted(1, at)
        return [Pattern("".join(parts), field, at)]

    def runs(self, text: str, at: int, field: str | None) -> list[Query]:
        """Words of *text*; those joined by one of `-&/` as a phrase."""
        found = analysis.written(text)
        self.counted(len(found), at)
        runs: list[list[str]] = []
        end = -1
        for word in found:
            if runs and text[end : word.start] in tuple(analysis.JOINERS):
                runs[-1].append(word.written)
            else:
                runs.append([word.written])
            end = word.end
        return [
            Word(run[0], field) if len(run) == 1 else Phrase(tuple(run), 0, field) for run in runs
        ]

    def counted(self, words: int, at: int) -> None:
        self.count += words
        if self.count > MAX_WORDS:
            raise self.error(
                f"the query has more than {MAX_WORDS} words", at, "search for the part that matters"
            )
