"""A corpus to an index: what is new, changed or gone, and nothing else.

    scan -> ledger -> read -> extract -> Writer

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
from contextlib import closing, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import cast

from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, Skipped, scan
from searchsvc.engines.base import WritableStore, Writer
from searchsvc.errors import CorpusError, IndexProblem, ReadError
from searchsvc.extract import extract
from searchsvc.ledger import Claim, Ledger, Remark
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
    articles_found: int = 0  # in the files that were read: those read and those skipped
    articles_read: int = 0
    articles_skipped: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    total: int = 0  # in the index afterwards
    remarks: list[Remark] = field(default_factory=list)  # of all files, also of unchanged ones
    ignored: list[Skipped] = field(default_factory=list)
    generation: str | None = None  # the one made; None if nothing changed
    seconds: float = 0.0

    @property
    def faults(self) -> int:
        """Files and articles that are not in the index though they should be."""
        return sum(remark.fault for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an update is: bytes of the files to be read, and articles so far."""

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
    progress: Callable[[Progress], None] = lambda progress: None,
) -> IndexReport:
    """Brings the index in *store* up to date with *corpus*, a folder or a file.

    Files below *corpus* that are gone take their articles with them; what was indexed from
    elsewhere stays. *fresh* builds the index anew beside the live one. *dry_run* gives the same
    report and writes nothing. Raises CorpusError, IndexLocked, IndexOutdated, IndexDamaged.
    """
    started = time.monotonic()
    report = IndexReport()
    job = _Update(report, workers, limits, progress)
    scan(corpus)  # a corpus that is missing is told before anything is locked or built
    corpus = corpus.resolve()
    if dry_run:
        with closing(Ledger(":memory:", copy_of=None if fresh else store.file(LEDGER))) as ledger:
            job.run(corpus, ledger, _NoWriter())
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
    with store.write(fresh=fresh) as draft, closing(Ledger(draft.path(LEDGER))) as ledger:
        job.run(corpus, ledger, draft)
        if not ledger.changed and not needed:
            raise _NothingToPublish
        ledger.commit()


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
    report: IndexReport
    workers: int
    limits: Limits
    progress: Callable[[Progress], None]
    ledger: Ledger = field(init=False)
    writer: Writer = field(init=False)

    def run(self, corpus: Path, ledger: Ledger, writer: Writer) -> None:
        self.ledger = ledger
        self.writer = writer
        self.ledger.look_for_roots()
        root, root_path = self.ledger.root_for(corpus)
        below = "" if corpus == root_path else corpus.relative_to(root_path).as_posix()
        failed: list[Skipped] = []
        found: set[str] = set()
        to_read: list[tuple[CorpusFile, bytes]] = []
        for file in scan(root_path, corpus if below else None):
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
        self._finish(failed)

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
                article = extract(item)
                name = os.fsencode(file.name)
                yield article, Claim(article.id, root, name, place, article.digest())
                place += 1
                self.report.articles_found += 1
            else:
                self.ledger.put_remark(root, file.name, item)
                if isinstance(item, Problem):
                    self.report.articles_found += 1
                    self.report.articles_skipped += 1
                    if item.may_pass:
                        self.ledger.look_again(root, file.name)

    def _put(self, article: Article, claim: Claim) -> None:
        """Makes *article* the one that the index holds under its id."""
        live = self.ledger.live(claim.id)
        if live is None:
            self.writer.add(article)
            self.report.added += 1
        elif live.digest != claim.digest:
            self.writer.delete(claim.id)
            self.writer.add(article)
            self.report.changed += 1
        self.ledger.make_live(claim)

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
                self.ledger.make_live(owner)
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
                        article, claim = extract(item), claims.get(place)
                        if claim and (article.id, article.digest()) == (claim.id, claim.digest):
                            self._put(article, claim)
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

    def _finish(self, failed: list[Skipped]) -> None:
        report = self.report
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
