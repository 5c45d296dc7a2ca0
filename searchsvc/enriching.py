"""The second look for names, with a model: beside indexing, and never in its way.

A model takes hours where the rules take minutes. So an index is made with the rules, and this pass
goes over the articles that it holds, finds their names with the model and keeps them in the cache
of names. In the end an ordinary update settles the names of the articles by the cache.

The pass may be stopped at any time and goes on where it was. It locks nothing while it computes:
the cache for an instant after each batch, the index for the update.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from searchsvc.article import Article, Entity
from searchsvc.engines.base import WritableStore
from searchsvc.errors import IndexLocked
from searchsvc.extract.cache import NamesCache
from searchsvc.extract.model import Model
from searchsvc.indexing import update
from searchsvc.ledger import LEDGER, LEDGER_CHANGES, Ledger
from searchsvc.naming import NameSource
from searchsvc.report import Progress

_BATCH = 500  # articles
_SECONDS = 60.0  # of a batch: what a pass that is killed may lose
_WAIT = 5.0  # seconds, while somebody else writes to the cache
_TRIES = 720  # an hour of them


@dataclass(slots=True)
class EnrichReport:
    """What a pass did. Counts of articles."""

    model: str
    articles: int = 0  # in the index
    enriched: int = 0  # by this pass
    known: int = 0  # the model had looked at them before
    left: int = 0  # for another pass
    changed: int = 0  # have other names in the index than before
    generation: str | None = None  # the one made; None if nothing changed
    seconds: float = 0.0


def enrich(
    store: WritableStore,
    names: NameSource,
    model: Model,
    *,
    limit: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> EnrichReport:
    """Finds the names of the articles in *store* with *model*, of at most *limit* of them.

    *names* tells where they are kept, which must be given, and what else settles names. Articles of
    folders that are gone keep theirs. Raises IndexMissing, IndexOutdated, IndexDamaged,
    CorpusError, CorrectionsError, and IndexLocked where somebody writes to the index in the end:
    nothing is lost then, and another pass is a short one.
    """
    if names.cache is None:
        raise ValueError("no file to keep names in")
    started = time.monotonic()
    store.current()  # an index that is missing is told now
    report = EnrichReport(model.name)
    base, changes = store.file(LEDGER), store.file(LEDGER_CHANGES)
    with closing(Ledger(":memory:", base, changes)) as ledger:
        roots = [(path, ledger.live_ids(root)) for root, path in ledger.roots()]
    ids = sorted(id for _, of_root in roots for id in of_root)
    report.articles = len(ids)
    _fill(store, names.cache, model, ids, limit, report, progress)
    report.left = report.articles - report.known - report.enriched
    names = replace(names, model=model.name, again=True)
    for path, of_root in roots:
        if of_root and path.exists():
            done = update(store, path, names=names)
            report.changed += done.changed
            report.generation = done.generation or report.generation
    report.seconds = time.monotonic() - started
    return report


def _fill(
    store: WritableStore,
    cache: Path,
    model: Model,
    ids: list[str],
    limit: int | None,
    report: EnrichReport,
    progress: Callable[[Progress], None],
) -> None:
    """Puts into *cache* what *model* finds in the articles that it has not looked at."""
    for place in range(0, len(ids), _BATCH):
        unknown = []
        with closing(NamesCache(cache, read_only=True)) as kept:
            for article in _articles(store, ids[place : place + _BATCH]):
                if kept.get(article, model.origin) is not None:
                    report.known += 1
                else:
                    unknown.append(article)
        if limit is not None:
            unknown = unknown[: limit - report.enriched]
        coming = zip(unknown, model.names(unknown), strict=True)
        while batch := list(_for_a_while(coming)):
            _keep(cache, model.origin, batch)
            report.enriched += len(batch)
            progress(Progress(report.known + report.enriched, len(ids), report.enriched))


def _for_a_while(
    pairs: Iterable[tuple[Article, tuple[Entity, ...]]],
) -> Iterator[tuple[Article, tuple[Entity, ...]]]:
    end = time.monotonic() + _SECONDS
    for pair in pairs:
        yield pair
        if time.monotonic() > end:
            return


def _keep(cache: Path, origin: str, batch: list[tuple[Article, tuple[Entity, ...]]]) -> None:
    """Puts *batch* into *cache*; waits while an update has it, since that takes no notice of us."""
    for _ in range(_TRIES):
        with closing(NamesCache(cache)) as kept:
            for article, entities in batch:
                kept.put(article, origin, entities)
        with closing(NamesCache(cache, read_only=True)) as kept:
            if all(kept.get(article, origin) is not None for article, _ in batch):
                return
        time.sleep(_WAIT)
    raise IndexLocked(f"nothing can be written to {cache}: another process has it, or no space")


def _articles(store: WritableStore, ids: list[str]) -> Iterator[Article]:
    engine = store.current().engine
    for id in ids:
        if article := engine.get(id):
            yield article
