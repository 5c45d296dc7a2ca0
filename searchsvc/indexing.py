"""A corpus to an index: what is new, changed or gone, and nothing else.

    scan -> ledger -> read -> naming -> Writer

`update` brings an index up to date, or builds one from nothing; the decision what is added and
deleted is made here and nowhere else, from the ledger. Files are read in the order of their
names, so of two articles with one id the first is known when it comes.

What is read or skipped is all in the report: found = read + skipped.
"""

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import cast

from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, Skipped, scan
from searchsvc.engines.base import WritableStore, Writer
from searchsvc.errors import CorpusError, IndexProblem, ReadError
from searchsvc.extract import as_read
from searchsvc.extract.cache import NamesCache
from searchsvc.extract.corrections import CorrectionList, find_corrections
from searchsvc.ledger import Claim, Ledger, Remark
from searchsvc.naming import Namer, NameSource
from searchsvc.readers import Item, Problem
from searchsvc.readers.sandbox import CORES, Limits, read_files

LEDGER = "ledger.sqlite"


@dataclass(slots=True)
class IndexReport:
    """What an update did, or would do. Counts of files, counts of articles, and every remark."""

    files_found: int = 0
    files_read: int = 0
    files_unchanged: int = 0
    files_vanished: int = 0
    files_failed: int = 0  # could not even be opened
    articles_read: int = 0
    articles_skipped: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    total: int = 0  # in the index afterwards
    corrections: CorrectionList = field(default_factory=CorrectionList)
    remarks: list[Remark] = field(default_factory=list)  # of all files, also of unchanged ones
    ignored: list[Skipped] = field(default_factory=list)
    generation: str | None = None  # the one made; None if nothing changed
    seconds: float = 0.0

    @property
    def articles_found(self) -> int:
        """Articles in the files that were read."""
        return self.articles_read + self.articles_skipped

    @property
    def faults(self) -> int:
        """Files and articles that are not in the index though they should be."""
        return sum(remark.fault for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an update is: bytes of the files to be read, and articles so far.

    While articles of the index are named again, articles are counted in place of bytes.
    """

    bytes_done: int
    bytes_total: int
    articles: int


class _NothingToPublish(Exception):
    """Ends a write without a new generation."""


def update(
    store: WritableStore,
    corpus: Path,
    *,
    fresh: bool = False,
    dry_run: bool = False,
    workers: int = CORES,
    limits: Limits = Limits(),
    names: NameSource = NameSource(),
    progress: Callable[[Progress], None] = lambda progress: None,
) -> IndexReport:
    """Brings the index in *store* up to date with *corpus*, a folder or a file.

    Files below *corpus* that are gone take their articles with them; what was indexed from
    elsewhere stays. *fresh* builds the index anew beside the live one. *dry_run* gives the same
    report and writes nothing. Raises CorpusError, CorrectionsError, IndexLocked, IndexOutdated,
    IndexDamaged.
    """
    started = time.monotonic()
    report = IndexReport()
    job = _Update(store, report, workers, limits, names, progress)
    scan(corpus)  # a corpus that is missing is told before anything is locked or built
    corpus = corpus.resolve()
    if dry_run:
        with (
            closing(Ledger(":memory:", copy_of=None if fresh else store.file(LEDGER))) as ledger,
            _cache(names, read_only=True) as cache,
        ):
            job.run(corpus, ledger, _NoWriter(), cache)
    else:
        with suppress(_NothingToPublish):
            _write(store, corpus, job, fresh)
            report.generation = store.current().name
    report.seconds = time.monotonic() - started
    return report


def _write(store: WritableStore, corpus: Path, job: "_Update", fresh: bool) -> None:
    needed = fresh or store.file(LEDGER) is None
    if fresh:
        job.report.remarks += _not_rebuilt(store, corpus)
    with (
        store.write(fresh=fresh) as draft,
        closing(Ledger(draft.path(LEDGER))) as ledger,
        _cache(job.names) as cache,
    ):
        job.run(corpus, ledger, draft, cache)
        if fresh and cache:
            cache.keep_used()
        if not (ledger.changed or job.written or needed):
            raise _NothingToPublish
        ledger.commit()


@contextmanager
def _cache(names: NameSource, read_only: bool = False) -> Iterator[NamesCache | None]:
    if names.cache is None:
        yield None
    else:
        with closing(NamesCache(names.cache, read_only)) as cache:
            yield cache


def _not_rebuilt(store: WritableStore, corpus: Path) -> Iterator[Remark]:
    """What the index was made from besides *corpus*, and a rebuild from it alone leaves out."""
    with suppress(IndexProblem, sqlite3.Error):
        if path := store.file(LEDGER):
            with closing(Ledger(":memory:", copy_of=path)) as before:
                for _, root in before.roots():
                    if root != corpus and corpus not in root.parents and root not in corpus.parents:
                        said = f"is not rebuilt: searchsvc index --corpus {root} brings it back"
                        yield Remark(str(root), "", said, True)


class _NoWriter:
    """Writes nothing: for a trial."""

    def add(self, article: Article) -> None:
        """Nothing."""

    def delete(self, id: str) -> None:
        """Nothing."""


@dataclass(slots=True)
class _Update:
    store: WritableStore
    report: IndexReport
    workers: int
    limits: Limits
    names: NameSource
    progress: Callable[[Progress], None]
    ledger: Ledger = field(init=False)
    writer: Writer = field(init=False)
    namer: Namer = field(init=False)
    written: set[str] = field(default_factory=set)  # ids, by this update
    moved: set[str] = field(default_factory=set)  # ids whose article is another root's now

    def run(
        self, corpus: Path, ledger: Ledger, writer: Writer, cache: NamesCache | None = None
    ) -> None:
        self.ledger = ledger
        self.writer = writer
        self.namer = Namer(self.names, ledger, cache)
        self.ledger.look_for_roots()
        root, root_path = self.ledger.root_for(corpus)
        corrections = find_corrections(root_path, self.names.corrections)
        self.report.corrections = corrections
        self.namer.use(root, corrections)
        corrections_path = corrections.path and corrections.path.resolve()
        below = "" if corpus == root_path else corpus.relative_to(root_path).as_posix()
        failed: list[Skipped] = []
        found: set[str] = set()
        to_read: list[tuple[CorpusFile, bytes]] = []
        for file in scan(root_path, corpus if below else None):
            if root_path / file.name == corrections_path:
                continue
            if isinstance(file, Skipped):
                self._note_skipped(file, failed)
            else:
                found.add(file.name)
                self.report.files_found += 1
                if hash := self._hash_if_changed(root, file, failed):
                    to_read.append((file, hash))
        if not corpus.exists():
            raise CorpusError(f"the corpus {str(corpus)!r} went away while it was looked at")
        # What cannot be opened now may be whole tomorrow: its articles stay until it is seen.
        kept = found | {skipped.name for skipped in failed}
        for name in list(self.ledger.names(root, below)):
            if not _is_kept(name, kept):
                self.ledger.forget(root, name)
                self.report.files_vanished += 1
        for file, _ in to_read:
            self.ledger.forget(root, file.name)
        to_read.sort(key=lambda pair: os.fsencode(pair[0].name))
        self._read(root, to_read)
        self._settle()
        self._name_again(root)
        self._finish(root, failed)

    def _note_skipped(self, skipped: Skipped, failed: list[Skipped]) -> None:
        if skipped.ignored:
            self.report.ignored.append(skipped)
        else:
            self.report.files_found += 1
            self.report.files_failed += 1
            failed.append(skipped)

    def _hash_if_changed(self, root: int, file: CorpusFile, failed: list[Skipped]) -> bytes | None:
        """The hash of *file* if its content is not the one that is known, else None."""
        if self.ledger.is_unchanged(root, file):
            self.report.files_unchanged += 1
            return None
        try:
            with file.open() as stream:
                hash = hashlib.file_digest(cast(BufferedReader, stream), "sha256").digest()
        except (OSError, ReadError) as error:
            failed.append(Skipped(file.name, str(error)))
            self.report.files_failed += 1
            return None
        if self.ledger.has_hash(root, file, hash):
            self.report.files_unchanged += 1
            return None
        return hash

    # -- reading -------------------------------------------------------------------------------

    def _read(self, root: int, to_read: list[tuple[CorpusFile, bytes]]) -> None:
        hashes = {file.name: hash for file, hash in to_read}
        size = sum(file.size for file, _ in to_read)
        done = 0
        for file, items in read_files([file for file, _ in to_read], self.workers, self.limits):
            self.ledger.put_file(root, file, hashes[file.name])
            self.report.files_read += 1
            for article, claim in self._articles(root, file, items):
                self.report.articles_read += 1
                if self.ledger.claim(claim):
                    self._put(article, claim)
                place = min(items.place, file.size)
                self.progress(Progress(done + place, size, self.report.articles_read))
            done += file.size
            self.progress(Progress(done, size, self.report.articles_read))

    def _articles(
        self, root: int, file: CorpusFile, items: Iterable[Item]
    ) -> Iterator[tuple[Article, Claim]]:
        place = 0
        for item in items:
            if isinstance(item, Article):
                name = os.fsencode(file.name)
                yield item, Claim(item.id, root, name, place, item.digest())
                place += 1
            else:
                self.ledger.put_remark(root, file.name, item)
                if isinstance(item, Problem):
                    self.report.articles_skipped += 1
                    if item.may_pass:
                        self.ledger.look_again(root, file.name)

    def _put(self, article: Article, claim: Claim) -> None:
        """Makes *article* the one that the index holds under its id."""
        live = self.ledger.live(claim.id)
        if live is None:
            self._add(self.namer.named(article, claim.root))
            self.report.added += 1
        elif live.digest != claim.digest:
            self.writer.delete(claim.id)
            self._add(self.namer.named(article, claim.root))
            self.report.changed += 1
        self._make_live(claim, live)

    def _add(self, article: Article) -> None:
        self.writer.add(article)
        self.written.add(article.id)

    def _make_live(self, claim: Claim, before: Claim | None) -> None:
        if before and before.root != claim.root:
            self.moved.add(claim.id)  # other corrections may be in force there
        self.ledger.make_live(claim)

    def _name_again(self, root: int) -> None:
        """Settles the names of articles that are in the index and may have others by now."""
        outdated = self.namer.outdated(root, self.report.corrections)
        ids = sorted({*outdated, *self.moved} - self.written)
        for number, id in enumerate(ids, 1):
            held, live = self.store.current().engine.get(id), self.ledger.live(id)
            if held and live:
                article = self.namer.named(as_read(held), live.root)
                if article != held:
                    self.writer.delete(id)
                    self._add(article)
                    self.report.changed += 1
            self.progress(Progress(number, len(ids), number))

    # -- ids whose first claim is another now ----------------------------------------------------

    def _settle(self) -> None:
        """Removes ids that nobody claims any more, and reads those that fell to another file."""
        wanted: dict[tuple[int, bytes], dict[int, Claim]] = {}
        for id in self.ledger.unsettled():
            owner = self.ledger.owner(id)
            live = self.ledger.live(id)
            if owner is None:
                self.writer.delete(id)
                self.ledger.drop_live(id)
                self.report.removed += 1
            elif live and live.digest == owner.digest:
                self._make_live(owner, live)
            else:
                wanted.setdefault((owner.root, owner.name), {})[owner.place] = owner
        for (root, name), claims in wanted.items():
            self._read_again(root, name, claims)
            for claim in claims.values():
                self._let_go(claim)
        self.ledger.unsettled()

    def _read_again(self, root: int, name: bytes, claims: dict[int, Claim]) -> None:
        """The articles of an unchanged file whose id fell to it."""
        path = self.ledger.root_path(root)
        with suppress(CorpusError):
            found = scan(path, path / os.fsdecode(name))
            files = [file for file in found if isinstance(file, CorpusFile)]
            for _, items in read_files(files, 1, self.limits):
                place = 0
                for item in items:
                    if isinstance(item, Article):
                        claim = claims.get(place)
                        if claim and (item.id, item.digest()) == (claim.id, claim.digest):
                            self._put(item, claim)
                        place += 1

    def _let_go(self, claim: Claim) -> None:
        """Rather no article than another one's, where the owner's could not be read just now."""
        if self.ledger.settle(claim.id):
            return
        self.writer.delete(claim.id)
        self.ledger.drop_live(claim.id)
        reason = f"the article {claim.id!r} could not be read again; the next run tries"
        self.report.remarks.append(Remark(os.fsdecode(claim.name), "", reason, True))

    # -- the report ----------------------------------------------------------------------------

    def _finish(self, root: int, failed: list[Skipped]) -> None:
        report = self.report
        report.remarks += self.namer.without_effect(root, report.corrections)
        report.remarks += [Remark(file.name, "", file.reason, True) for file in failed]
        report.remarks += self.ledger.remarks()
        for loser, owner in self.ledger.duplicates():
            report.remarks.append(self._duplicate(loser, owner))
        report.total = self.ledger.counts()[1]

    def _duplicate(self, loser: Claim, owner: Claim) -> Remark:
        first = os.fsdecode(owner.name)
        if owner.root != loser.root:
            first = str(self.ledger.root_path(owner.root) / first)
        said = f"has the id {loser.id!r} of article {owner.place + 1} in {first!r}, which counts"
        return Remark(os.fsdecode(loser.name), f"article {loser.place + 1}", said, True)


def _is_kept(name: str, kept: set[str]) -> bool:
    """Whether *name*, or a folder that it is in, is among *kept*."""
    return (
        name in kept
        or "" in kept
        or any(name[:place] in kept for place, character in enumerate(name) if character == "/")
    )
