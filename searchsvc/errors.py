"""Every error a user can meet, drawn.

    SearchServiceError
    ├── QueryError        the query cannot be read: position, caret, reason, remedy
    ├── ParameterError    a filter, date, page or size out of its range
    ├── CursorExpired     a cursor into a generation that is no longer kept
    ├── TooBusy           more is asked than can be answered in time
    ├── ReadError         an article, or a whole file, that a reader gives up on
    ├── ConfigError       a setting, from a flag, the environment or searchsvc.toml
    ├── CorpusError       the corpus itself cannot be scanned
    │   └── CorpusShrunk      more than half of the articles are gone from it
    ├── GateClosed        a new index lacks hits that saved queries had
    ├── IndexNotWritten   the disk is full, say; what is live is whole
    ├── CorrectionsError  the file of corrections has lines that cannot be followed
    ├── ClusterRefuses    the cluster answers, and does not do what is asked
    └── IndexProblem      something about the index as a whole
        ├── IndexMissing      there is none yet
        ├── IndexOutdated     made by another engine, schema or analysis version
        ├── IndexDamaged      files do not hold what the manifest says
        ├── IndexLocked       another process is writing
        └── ClusterUnavailable  the cluster that it is in does not answer

The message of each is whole: what is wrong, the value, what to do. It is safe to show to anyone.
Everything else that is raised is a bug and is not caught.
"""

import errno


def remedy(error: Exception) -> str:
    """What to do about an error of the system, to stand behind it; "" where that is plain.

    >>> remedy(OSError(errno.EMFILE, "Too many open files"))
    '; allow more of them: ulimit -n 1024'
    """
    number = getattr(error, "errno", None)
    if number in (errno.EMFILE, errno.ENFILE):
        return "; allow more of them: ulimit -n 1024"
    if number in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error):  # so says SQLite
        return "; make room on the disk of the index"
    return ""


class SearchServiceError(Exception):
    """Something the user can mend; the message says how."""


class QueryError(SearchServiceError):
    """A query that cannot be read, with the place where it goes wrong.

    >>> error = QueryError("'[' opens a range that is never closed", "date:[1987", 5)
    >>> print(error)
    '[' opens a range that is never closed
        date:[1987
             ^
    """

    def __init__(self, reason: str, query: str = "", position: int = 0, remedy: str = "") -> None:
        self.reason = reason
        self.query = query
        self.position = position
        self.remedy = remedy
        super().__init__(reason)

    def __str__(self) -> str:
        sentence = f"{self.reason}; {self.remedy}" if self.remedy else self.reason
        if not self.query:
            return sentence
        return f"{sentence}\n{self.caret()}"

    def caret(self) -> str:
        """Two lines: the part of the query around the position, and a caret under it."""
        start = max(0, self.position - 60)
        shown = "".join(c if c.isprintable() else " " for c in self.query[start : start + 100])
        return f"    {shown}\n    {' ' * (self.position - start)}^"


class ParameterError(SearchServiceError):
    """A search parameter that is unknown or outside its range, and *others* beside it.

    >>> print(ParameterError("page", "0 is no page", (ParameterError("size", "0 is no size"),)))
    page: 0 is no page
    size: 0 is no size
    """

    def __init__(
        self, parameter: str, reason: str, others: tuple["ParameterError", ...] = ()
    ) -> None:
        self.parameter = parameter
        self.reason = reason
        self.faults = (self, *others)
        super().__init__("\n".join(f"{fault.parameter}: {fault.reason}" for fault in self.faults))


class CursorExpired(SearchServiceError):
    """A cursor into a generation of the index that is no longer kept."""


class TooBusy(SearchServiceError):
    """More is asked at the moment than can be answered in time."""


class ReadError(SearchServiceError):
    """An article, or a whole file, that a reader gives up on, and why."""


class ConfigError(SearchServiceError):
    """A setting with a value that cannot be used; the message names where it was set."""


class CorpusError(SearchServiceError):
    """The corpus cannot be scanned at all: it is missing, or no folder and no file."""


class CorpusShrunk(CorpusError):
    """More than half of the articles would leave the index, and nobody said that this is meant."""


class GateClosed(SearchServiceError):
    """Saved queries would lose more hits than they may; *losses* has a line for each."""

    def __init__(self, losses: list[str]) -> None:
        self.losses = tuple(losses)
        said = "the new index was not published, since these queries lose hits:"
        super().__init__("\n    ".join([said, *losses]))


class IndexNotWritten(SearchServiceError):
    """The new state could not be written; the message has the system's reason."""


class ClusterRefuses(SearchServiceError):
    """The cluster answers and does not do what is asked; the message says what to change."""


class CorrectionsError(SearchServiceError):
    """The file of corrections cannot be followed; *faults* are line numbers (0: none) and reasons.

    >>> print(CorrectionsError("corrections.tsv", [(3, "'mrege' is no verb")]))
    corrections.tsv: line 3: 'mrege' is no verb
    """

    def __init__(self, path: str, faults: list[tuple[int, str]]) -> None:
        self.faults = tuple(sorted(faults))
        places = [(f"line {line}: " if line else "", reason) for line, reason in self.faults]
        super().__init__("\n".join(f"{path}: {place}{reason}" for place, reason in places))


class IndexProblem(SearchServiceError):
    """Something about the index directory as a whole; *rebuild* is a command that mends it.

    >>> print(IndexDamaged("CURRENT is missing", rebuild="searchsvc reindex"))
    CURRENT is missing; rebuild it: searchsvc reindex
    """

    def __init__(self, reason: str, rebuild: str = "") -> None:
        self.reason = reason
        self.rebuild = rebuild
        super().__init__(reason)

    def __str__(self) -> str:
        return f"{self.reason}; rebuild it: {self.rebuild}" if self.rebuild else self.reason


class IndexMissing(IndexProblem):
    """No index at this place yet."""


class IndexOutdated(IndexProblem):
    """An index made by another engine, or for another version of schema or analysis."""


class IndexDamaged(IndexProblem):
    """Files of the index are missing or do not hold what its manifest says."""


class IndexLocked(IndexProblem):
    """Another process is writing to this index."""


class ClusterUnavailable(IndexProblem):
    """The cluster, or the part of it that has what is asked for, does not answer at the moment."""
