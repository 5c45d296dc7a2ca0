"""The corpus watched: what changes there is in the index a moment later.

    the system's notices (watchfiles) -> changed paths, when they have come to rest -> update

Notices may be lost: a queue runs over, a disk comes by network, the folder itself is replaced. So
the whole corpus is looked at when the watch begins, and again every hour. What could not be indexed
just now, as somebody else writes, stays to be done.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath

from watchfiles import Change, watch

from searchsvc.corpus import is_index, name_below, scan
from searchsvc.engines.base import WritableStore
from searchsvc.errors import CorpusError, SearchServiceError
from searchsvc.extract.corrections import FILE
from searchsvc.indexing import update
from searchsvc.naming import NameSource
from searchsvc.readers.sandbox import Workers
from searchsvc.report import CommandLine, IndexReport

STILL_MS = 200  # without a notice: what was being written is whole then, most likely
MOST_MS = 2000  # that a burst is waited for
LOOK_MS = 500  # between looks at what no notice tells
SWEEP_SECONDS = 60 * 60.0
RETRY_SECONDS = 5.0
BLIND_SECONDS = 60.0  # between looks at everything where the system gives no notices


def watch_corpus(
    store: WritableStore,
    corpus: Path,
    stop: threading.Event,
    *,
    may_shrink: bool = False,
    names: NameSource = NameSource(),
    list_changes: bool = False,
    typed: CommandLine = CommandLine(),
    tell: Callable[[IndexReport], None] = lambda report: None,
    complain: Callable[[str], None] = lambda said: None,
) -> None:
    """Keeps the index in *store* up to date with *corpus* until *stop* is set.

    *tell* gets the report of every update, *complain* what went wrong with one; it is tried again.
    Raises CorpusError if there is no corpus to begin with.
    """
    scan(corpus)
    with closing(Workers()) as readers:
        corpus = corpus.resolve()

        def bring_in(paths: list[Path] | None) -> IndexReport:
            return update(
                store,
                corpus,
                paths=paths,
                wait=True,
                may_shrink=may_shrink,
                list_changes=list_changes,
                readers=readers,
                names=names,
                typed=typed,
            )

        job = _Watch(bring_in, corpus, stop, names.corrections, tell, complain)
        while not stop.is_set():
            job.run()


class _Watch:
    def __init__(
        self,
        bring_in: Callable[[list[Path] | None], IndexReport],
        corpus: Path,
        stop: threading.Event,
        corrections: Path | None,
        tell: Callable[[IndexReport], None],
        complain: Callable[[str], None],
    ) -> None:
        self._bring_in = bring_in
        self._corpus = corpus
        self._stop = stop
        self._given = corrections
        self._tell = tell
        self._complain = complain
        self._pending: set[Path] = set()  # paths to be looked at
        self._all_pending = True  # the whole corpus is
        self._last_sweep = 0.0
        self._complained = ""
        self._is_blind = False  # the system gives no notices

    def run(self) -> None:
        """Watches until told to stop, or until the corpus is another folder than it was."""
        before = _identity(self._corpus)
        corrections = self._corrections()
        self._all_pending = True  # what changed before there were notices
        for paths in self._notices():
            if _identity(self._corpus) != before:
                return
            if self._corrections() != corrections:
                corrections = self._corrections()
                paths |= {self._corpus / FILE}  # an update looks at corrections, whatever it is for
            self._pending |= {path for path in paths if self._is_ours(path)}
            if time.monotonic() - self._last_sweep > SWEEP_SECONDS:
                self._all_pending = True
            if self._pending or self._all_pending:
                self._update()

    def _notices(self) -> Iterator[set[Path]]:
        """Paths that changed, each time they have come to rest; nothing, if nothing did.

        What comes after the first time is noticed.
        """
        if _identity(self._corpus) is None:
            yield set()
            return
        is_folder = self._corpus.is_dir()
        watched = self._corpus if is_folder else self._corpus.parent
        try:
            for changes in watch(
                watched,
                watch_filter=None if is_folder else self._is_corpus,
                debounce=MOST_MS,
                step=STILL_MS,
                rust_timeout=LOOK_MS,
                yield_on_timeout=True,
                stop_event=self._stop,
                recursive=is_folder,
                ignore_permission_denied=True,
            ):
                yield {Path(path) for _, path in changes}
        except (OSError, RuntimeError) as error:
            if not self._is_blind:
                self._complain(
                    f"the corpus cannot be watched: {error}; it is looked at every minute. Raise"
                    " fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=1"
                )
            self._is_blind = True
            yield set()
            self._stop.wait(BLIND_SECONDS)

    def _is_ours(self, path: Path) -> bool:
        """Whether *path* is in the corpus: notices tell of links' targets, and of an index, too."""
        try:
            name = PurePosixPath(name_below(self._corpus, path))
        except CorpusError:
            return False
        return not any(is_index(self._corpus / folder) for folder in (name, *name.parents))

    def _is_corpus(self, change: Change, path: str) -> bool:
        return Path(path) == self._corpus

    def _corrections(self) -> list[object]:
        """What tells that a file of corrections has changed: those that no notice is about."""
        return [_identity(path) for path in (self._given, self._corpus.parent / FILE)]

    def _update(self) -> None:
        paths = None if self._all_pending else sorted(self._pending)
        if paths is None:
            self._last_sweep = time.monotonic()
        try:
            report = self._bring_in(paths)
        except SearchServiceError as error:
            self._say(str(error))
            self._stop.wait(RETRY_SECONDS)
        else:
            self._pending, self._all_pending, self._complained = set(), False, ""
            self._tell(report)

    def _say(self, said: str) -> None:
        """Complains, once about the same thing."""
        if said != self._complained:
            self._complain(said)
        self._complained = said


def _identity(path: Path | None) -> tuple[int, ...] | None:
    """What tells a file from what it was, and file or folder from another in its place."""
    if path is None:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    is_folder = path.is_dir()
    return (status.st_dev, status.st_ino, *(() if is_folder else (status.st_mtime_ns,)))
