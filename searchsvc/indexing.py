"""A corpus to an index: the whole of an update, as one write that happens or does not.

    locked -> Update (updating.py) -> looked at: size, gate -> published

`update` brings an index up to date, or builds one from nothing; `forget` drops a corpus from it.

A long build is saved every minute. One that was interrupted begins where it was saved: the ledger
tells which files had been read by then, so nothing else is needed to go on.
"""

import errno
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from searchsvc import gate
from searchsvc.article import Article
from searchsvc.corpus import scan
from searchsvc.engines.base import Draft, Engine, WritableStore
from searchsvc.errors import (
    GateClosed,
    IndexDamaged,
    IndexNotWritten,
    IndexProblem,
    SearchServiceError,
    remedy,
)
from searchsvc.extract.cache import NamesCache
from searchsvc.gate import SavedQuery
from searchsvc.ledger import LEDGER, LEDGER_CHANGES, Ledger, Remark
from searchsvc.naming import NameSource
from searchsvc.readers.sandbox import Workers
from searchsvc.report import CommandLine, CorpusCount, IndexReport, Progress
from searchsvc.sharing import ReadAhead, Share
from searchsvc.updating import Saver, Update


class _NothingToPublish(Exception):
    """Ends a write without a new generation."""


def update(
    store: WritableStore,
    corpus: Path,
    *,
    paths: Iterable[Path] | None = None,
    fresh: bool = False,
    dry_run: bool = False,
    wait: bool = False,
    may_shrink: bool = False,
    gate: Iterable[SavedQuery] = (),
    list_changes: bool = False,
    readers: Workers | None = None,
    names: NameSource = NameSource(),
    typed: CommandLine = CommandLine(),
    progress: Callable[[Progress], None] = lambda progress: None,
    share: Share | None = None,
) -> IndexReport:
    """Brings the index in *store* up to date with *corpus*, a folder or a file.

    Files below *corpus* that are gone take their articles with them; what was indexed from
    elsewhere stays. *paths*: only these files and folders of the corpus are looked at, and only
    they are reported on. *fresh* builds the index anew beside the live one. *dry_run* gives the
    same report and writes nothing. *wait*: not to fail while another process writes. *may_shrink*:
    more than half of the articles may leave the index. *gate*: queries that must find what they
    found. *list_changes*: the report names every article. *readers*: worker processes that are
    kept for the next update. *typed*: what messages take commands from. *share*: only these files
    of the corpus are looked at, while other processes look at theirs; each waits for its turn.

    Raises CorpusError, CorpusShrunk, CorrectionsError, GateClosed, IndexNotWritten, IndexLocked,
    IndexOutdated, IndexDamaged; the live index is as it was then.
    """
    scan(corpus)  # a corpus that is missing is told before anything is locked or built
    with closing(Workers()) as own:
        job = Update(
            corpus.resolve(), None if paths is None else list(paths), IndexReport(),
            readers or own, names, typed, progress,
            may_shrink=may_shrink, list_changes=list_changes, share=share,
        )  # fmt: skip
        if share is None or dry_run:
            return _do(store, job, dry_run, wait, fresh, list(gate))
        with store.share(str(share), wait), closing(ReadAhead(readers or own)) as ahead:
            return _do(store, replace(job, readers=ahead), False, True, fresh, list(gate))


def _read_ahead(store: WritableStore, job: Update) -> None:
    """Reads what is new in a share of the corpus, while others may write."""
    base, changes = store.file(LEDGER), store.file(LEDGER_CHANGES)
    with (
        closing(Ledger(":memory:", base, changes)) as ledger,
        _cache(job.names, read_only=True) as cache,
    ):
        job = replace(job, report=IndexReport(), looked_at=set(), reads_ahead=True)
        job.run(ledger, _NoWriter(), None, cache)


def forget(
    store: WritableStore,
    corpus: Path,
    *,
    dry_run: bool = False,
    wait: bool = False,
    may_shrink: bool = False,
    list_changes: bool = False,
    names: NameSource = NameSource(),
    typed: CommandLine = CommandLine(),
    progress: Callable[[Progress], None] = lambda progress: None,
) -> IndexReport:
    """Drops *corpus* from the index: what no other corpus claims leaves. It need not exist.

    The arguments are as in `update`, and so is what is raised; CorpusError if the index is not made
    from *corpus*.
    """
    with closing(Workers()) as readers:
        job = Update(
            corpus.absolute(), None, IndexReport(), readers, names, typed, progress,
            may_shrink=may_shrink, list_changes=list_changes, forgets=True,
        )  # fmt: skip
        store.current()  # an index that is missing is not made for this
        return _do(store, job, dry_run, wait, False, [])


def corpora(store: WritableStore) -> list[CorpusCount]:
    """What the current generation is made from."""
    path = store.file(LEDGER)
    if path is None:
        return []
    with closing(Ledger(":memory:", path, store.file(LEDGER_CHANGES))) as ledger:
        return [
            CorpusCount(path, ledger.live_count(root), not path.exists())
            for root, path in ledger.roots()
        ]


def _do(
    store: WritableStore,
    job: Update,
    dry_run: bool,
    wait: bool,
    fresh: bool,
    queries: list[SavedQuery],
) -> IndexReport:
    started = time.monotonic()
    report = job.report
    try:
        if dry_run:
            _try(store, job, fresh)
            if queries:
                said = "is not asked in a dry run, which makes no index to ask"
                report.remarks.append(Remark("--gate", "", said, False))
        else:
            if isinstance(job.readers, ReadAhead):
                _read_ahead(store, job)
            with suppress(_NothingToPublish):
                _write(store, job, fresh, wait, queries)
                report.generation = store.current().name
    except (OSError, sqlite3.OperationalError) as error:
        if getattr(error, "errno", None) == errno.EIO:
            _raise_damage(store, error)
        said = f"the index could not be written: {error}{remedy(error)}"
        raise IndexNotWritten(f"{said}; nothing that is live was changed") from error
    except IndexDamaged as error:
        _raise_damage(store, error)
        raise
    except SearchServiceError:
        raise
    except Exception as error:
        _raise_damage(store, error)
        raise
    report.seconds = time.monotonic() - started
    return report


def _raise_damage(store: WritableStore, error: Exception) -> None:
    """Raises IndexDamaged if what went wrong may come from files that are not as written."""
    if found := [one for one in store.verify() if one.generation]:
        said = f"{found[0]}; it was put aside: run this again, from the newest whole generation"
        raise IndexDamaged(said) from error


def _try(store: WritableStore, job: Update, fresh: bool) -> None:
    live = _live(store)
    held = None if fresh else live
    if fresh:
        job.report.remarks += _left_out(store, job)
    base = changes = None
    if held:
        base, changes = store.file(LEDGER), store.file(LEDGER_CHANGES)
    with (
        closing(Ledger(":memory:", base, changes)) as ledger,
        _cache(job.names, read_only=True) as cache,
    ):
        job.run(ledger, _NoWriter(), held, cache)
        if fresh:
            job.compare(store)
        job.look_at_size(store.articles(), is_trial=True)


def _write(
    store: WritableStore, job: Update, fresh: bool, wait: bool, queries: list[SavedQuery]
) -> None:
    # A look at some paths is short, and not what an interrupted look at everything would go on to.
    purpose = str(job.corpus) if job.paths is None and not job.forgets else None
    with store.write(fresh=fresh, wait=wait, purpose=purpose) as draft:
        trouble = _trouble(store)
        if fresh:
            job.report.remarks += _left_out(store, job)
        elif trouble:
            job.report.remarks.append(Remark("index", "", trouble, False))
            for path, _ in _other_corpora(store, job.corpus):
                if path.exists():
                    command = job.typed.other("index", "--corpus", str(path))
                    said = f"may not be up to date: {command} brings it there"
                    job.report.remarks.append(Remark(str(path), "", said, True))
        if draft.doubted:
            said = f"an update was interrupted; {len(draft.doubted):,} articles are read again"
            job.report.remarks.append(Remark("index", "", said, False))
        with closing(_ledger(draft)) as ledger, _cache(job.names) as cache:
            live = _live(store)
            if purpose is not None:
                job.saver = Saver(ledger, draft)
            if draft.is_resumed and draft.begun:
                there = live.count() if live and not fresh else 0
                job.report.resumed = draft.begun.count() - there
                # Corrections may have come and gone since.
                job.names = replace(job.names, again=True)
            job.run(ledger, draft, draft.begun, cache, draft.doubted)
            if fresh:
                job.compare(store)
            job.look_at_size(store.articles())
            if fresh and cache:
                cache.keep_used()
            is_new = fresh or draft.is_resumed or draft.doubted or live is None or trouble
            if not (is_new or ledger.changed or job.written):
                raise _NothingToPublish
            ledger.finish()
        if queries and live:
            results = gate.check(queries, live, draft.finished())
            job.report.remarks += [Remark("--gate", "", said, False) for said in results]
        elif queries and store.articles():
            raise GateClosed(["none can be compared: the live index cannot be opened"])
    if draft.trouble:
        job.report.remarks.append(Remark("index", "", draft.trouble, False))


def _live(store: WritableStore) -> Engine | None:
    """The index that is searched now; None if there is none that could be."""
    with suppress(IndexProblem):
        return store.current().engine
    return None


def _trouble(store: WritableStore) -> str | None:
    with suppress(IndexProblem):
        return store.current().notice
    return None


def _ledger(draft: Draft) -> Ledger:
    base = draft.linked(LEDGER)
    return Ledger(draft.path(LEDGER_CHANGES), base) if base else Ledger(draft.path(LEDGER))


@contextmanager
def _cache(names: NameSource, read_only: bool = False) -> Iterator[NamesCache | None]:
    if names.cache is None:
        yield None
    else:
        with closing(NamesCache(names.cache, read_only)) as cache:
            yield cache


def _left_out(store: WritableStore, job: Update) -> Iterator[Remark]:
    """What a new index does not have of the live one: the corpora besides the one at hand."""
    for path, articles in _other_corpora(store, job.corpus):
        if path.exists():
            command = job.typed.other("index", "--corpus", str(path))
            yield Remark(str(path), "", f"is not rebuilt: {command} brings it back", True)
        elif articles:
            said = f"is gone; its {articles:,} articles are not in the new index"
            yield Remark(str(path), "", said, False)


def _other_corpora(store: WritableStore, corpus: Path) -> list[tuple[Path, int]]:
    """The corpora of the index that have no part in *corpus*, with their articles."""
    with suppress(IndexProblem, sqlite3.Error):
        return [
            (one.path, one.articles)
            for one in corpora(store)
            if corpus not in one.path.parents and one.path not in (corpus, *corpus.parents)
        ]
    return []


class _NoWriter:
    """Writes nothing: for a trial."""

    def add(self, article: Article) -> None:
        """Nothing."""

    def delete(self, id: str) -> None:
        """Nothing."""
