"""What readers take and give: a Source in, Pieces out, and out of each piece its Items.

A reader splits its source into pieces first, one article each, which is cheap and cannot go wrong
much; the dear part, parsing, waits until `items` is asked. That lets whoever drives a reader put
a limit on each article, and pass over the one that broke the limit when it starts again.

>>> def parse() -> list[Item]:
...     raise ReadError("the file ends inside the article")
>>> list(Piece("NEWID 7", parse).items())
[Problem(place='NEWID 7', reason='the file ends inside the article')]
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from searchsvc.article import Article
from searchsvc.errors import ReadError

# The most that one article may take up: a page, a line, a member. The longest novel has 13 MB.
MAX_BYTES = 8_000_000

# How reasons begin that tell of the moment: another run may read the article.
PARSER_DIED = "the parser died"  # a worker was ended from outside
NOT_NOW = "cannot be read just now"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """An article that could not be read; with no place, the file or what is left of it."""

    place: str
    reason: str

    @property
    def may_pass(self) -> bool:
        """Whether it tells more of the moment than of the article: another run may read it."""
        return self.reason.startswith((PARSER_DIED, NOT_NOW))


@dataclass(frozen=True, slots=True)
class Note:
    """A reservation about an article that was read."""

    place: str
    reason: str


Item = Article | Problem | Note


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a file or a member, its name below the corpus root, and who published it."""

    name: str
    publisher: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class Piece:
    """One article of a source, not parsed yet."""

    place: str
    parse: Callable[[], Iterable[Item]]

    def items(self) -> Iterator[Item]:
        """The article and the notes about it, or the problem that prevents it."""
        try:
            yield from self.parse()
        except ReadError as error:
            yield Problem(self.place, str(error))
        except RecursionError:
            yield Problem(self.place, "is nested too deeply to be read")
        except MemoryError:
            raise
        except Exception as error:
            # Parsers of other people meet bytes that nobody foresaw; a file must not stop a run.
            _log.debug("%s", self.place, exc_info=True)
            yield Problem(self.place, f"the parser failed: {_in_short(error)}")


def no_items() -> tuple[Item, ...]:
    """What a piece holds that only says: still at work."""
    return ()


def failed(place: str, reason: str) -> Piece:
    """A piece that is known to be unreadable."""
    return Piece(place, lambda: (Problem(place, reason),))


def read_all(source: Source) -> bytes:
    """The whole of *source*, which is one article; its size is counted, not believed."""
    data = source.stream.read(MAX_BYTES + 1)
    # Asked again, a stream that is damaged says so: one of a packed file only seemed to end.
    if len(data) > MAX_BYTES or source.stream.read(1):
        raise ReadError(f"is larger than {MAX_BYTES // 1_000_000} MB, too much for one article")
    return data


def _in_short(error: Exception) -> str:
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message[:100]}" if message else type(error).__name__
