"""What one update of an index does: what is added and what is deleted is decided here.

    scan -> ledger -> read -> naming -> Writer

Files are read in the order of their names, so of two articles with one id the first is known when
it comes. What counts, and what is there already, is the ledger's to say.
"""

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from heapq import merge
from io import BufferedReader
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import cast

from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, Skipped, name_below, scan
from searchsvc.engines.base import Draft, Engine, WritableStore, Writer
from searchsvc.errors import CorpusError, CorpusShrunk, IndexProblem, ReadError
from searchsvc.extract import Named, as_read
from searchsvc.extract.cache import NamesCache
from searchsvc.extract.corrections import find_corrections
from searchsvc.ledger import LEDGER, LEDGER_CHANGES, Claim, Ledger, Remark
from searchsvc.naming import Namer, NameSource
from searchsvc.readers import Note, Problem
from searchsvc.readers.sandbox import Workers
from searchsvc.report import Change, CommandLine, IndexReport, Progress
from searchsvc.sharing import ReadAhead, Share

SAVE_SECONDS = 60.0  # between two checkpoints: what an interrupted build may have to do again


class Saver:
    """Has a long build saved now and then."""

    def __init__(self, ledger: Ledger, draft: Draft) -> None:
        self._ledger = ledger
        self._draft = draft
        self._saved = time.monotonic()

    def may_save(self) -> None:
        """Makes a checkpoint if the last one is long ago. Ledger and index must agree just now."""
        if time.monotonic() - self._saved >= SAVE_SECONDS:
            self._ledger.commit()
            self._draft.save()
            self._saved = time.monotonic()


@dataclass(slots=True)
class Update:
    """The update of one index with one corpus. `report` is what it did; see `indexing.update`."""

    corpus: Path
    paths: list[Path] | None
    report: IndexReport
    readers: Workers | ReadAhead
    names: NameSource
    typed: CommandLine
    progress: Callable[[Progress], None]
    may_shrink: bool
    list_changes: bool
    forgets: bool = False  # the corpus is not looked at, but dropped
    share: Share | None = None  # of the files of the corpus, others are not looked at
    reads_ahead: bool = False  # files are read and kept, and nothing else is done
    saver: Saver | None = None
    ledger: Ledger = field(init=False)
    writer: Writer = field(init=False)
    held: Engine | None = field(init=False)  # the index as it is before this update
    namer: Namer = field(init=False)
    root: int | None = None  # what the ledger knows the corpus by; None if it is dropped
    is_new: bool = False  # the corpus is, in this index
    looked_at: set[str] = field(default_factory=set)  # names of files
    claimed: set[str] = field(default_factory=set)  # ids, by files that were read
    written: set[str] = field(default_factory=set)  # ids, by this update
    moved: set[str] = field(default_factory=set)  # ids whose article is another root's now
    doubted: int = 0  # articles of the index that are read again

    def run(
        self,
        ledger: Ledger,
        writer: Writer,
        held: Engine | None,
        cache: NamesCache | None = None,
        doubted: Sequence[str] = (),
    ) -> None:
        """Does what *ledger* says is to be done, by *writer*.

        What *held* has of the articles that are *doubted* does not count: they are read again.
        """
        self.ledger = ledger
        self.doubted = ledger.doubt(doubted)
        for id in doubted:
            writer.delete(id)
        self.writer = writer
        self.held = held
        self.namer = Namer(self.names, ledger, cache)
        self.ledger.look_for_roots()
        if self.forgets:
            self._forget()
        else:
            self._follow()

    def _forget(self) -> None:
        """Drops the corpus."""
        roots = {path: root for root, path in self.ledger.roots()}
        # As `status` has it first: a link may lead elsewhere since.
        root = roots.get(self.corpus) or roots.get(self.corpus.resolve())
        if root is None:
            there = ", ".join(map(str, roots)) or "none"
            said = f"the index is not made from {str(self.corpus)!r}; its corpora are: {there}"
            raise CorpusError(said)
        self.report.files_vanished = self.ledger.forget_root(root)
        self._settle()
        self._name_again([])
        self._count()

    def _follow(self) -> None:
        """Brings in what is new, changed or gone."""
        known = {root for root, _ in self.ledger.roots()}
        root, root_path = self.ledger.root_for(self.corpus)
        self.root, self.is_new = root, root not in known
        corrections = find_corrections(root_path, self.names.corrections)
        self.report.corrections = corrections
        self.namer.use(root, corrections)
        failed: list[Skipped] = []
        to_read: dict[str, tuple[CorpusFile, bytes]] = {}
        for place in [self.corpus] if self.paths is None else self.paths:
            self._look(root, root_path, place, to_read, failed)
        if not self.corpus.exists():
            raise CorpusError(f"the corpus {str(self.corpus)!r} went away while it was looked at")
        if self.reads_ahead and isinstance(self.readers, ReadAhead):
            self.readers.take((file for file, _ in to_read.values()), self.namer.search)
            return
        for name in to_read:
            self.ledger.forget(root, name)
        self._read(root, sorted(to_read.values(), key=lambda pair: os.fsencode(pair[0].name)))
        self._settle()
        self._name_again(self.namer.outdated(root, self.report.corrections))
        self._finish(root, failed)

    def _look(
        self,
        root: int,
        root_path: Path,
        place: Path,
        to_read: dict[str, tuple[CorpusFile, bytes]],
        failed: list[Skipped],
    ) -> None:
        """Finds what is new, changed or gone at *place*, a file or a folder of the corpus."""
        corrections = self.report.corrections.path
        if corrections:
            corrections = corrections.resolve()
        found: set[str] = set()
        below = "" if place == root_path else name_below(root_path, place)
        for file in scan(root_path, place if below else None):
            if root_path / file.name == corrections:
                continue
            # What cannot be opened may be a folder, with files of every share.
            if not isinstance(file, Skipped) and not self._is_ours(file.name):
                continue
            if not isinstance(file, Skipped):
                found.add(file.name)
            if file.name in self.looked_at:  # in another place as well
                continue
            self.looked_at.add(file.name)
            if isinstance(file, Skipped):
                self._note_skipped(file, failed)
            else:
                self.report.files_found += 1
                if hash := self._hash_if_changed(root, file, failed):
                    to_read[file.name] = file, hash
        # What cannot be opened now may be whole tomorrow: its articles stay until it is seen.
        kept = found | {skipped.name for skipped in failed}
        for name in list(self.ledger.names(root, below)):
            if self._is_ours(name) and not _is_kept(name, kept):
                self.ledger.forget(root, name)
                self.looked_at.add(name)
                self.report.files_vanished += 1

    def _staying(self, root: int) -> int:
        """How many articles of the files that are looked at the index has now."""
        if self.share is None:
            return self.ledger.live_count(root)
        lives = (claim for claim in self.ledger.lives() if claim.root == root)
        return sum(self._is_ours(os.fsdecode(claim.name)) for claim in lives)

    def _is_ours(self, name: str) -> bool:
        return self.share is None or self.share.has(name)

    def look_at_size(self, before: int, is_trial: bool = False) -> None:
        """Raises CorpusShrunk if too many articles are gone, which a disk that is away looks like.

        More than half of the index, or of the corpus. *before* are the articles of the index that
        would be replaced.
        """
        if self.may_shrink:
            return
        left = before - self.report.total
        of = f"of {before:,} articles"
        if left * 2 <= before:  # others of the index may outweigh what this corpus lost
            left = self.report.removed - self.report.added
            if left <= 0 or self.root is None:
                return
            stay = self._staying(self.root)
            if left <= stay:
                return
            of = f"of the {left + stay:,} articles of this corpus"
        said = f"{left:,} {of} would leave the index"
        said += "." if self.forgets else f": is {self.corpus} whole?"
        if self.report.files_failed:
            said += f" Files that could not be opened: {self.report.files_failed:,}."
        said += f" If this is meant: {self.typed.again('--yes')}"
        if not is_trial:
            raise CorpusShrunk(said)
        self.report.remarks.append(Remark(str(self.corpus), "", said, False))

    def compare(self, store: WritableStore) -> None:
        """Counts what is other than in the live index, when all of it was built anew."""
        self.report.added = self.report.changed = self.report.removed = 0
        self.report.changes.clear()
        with ExitStack() as stack:
            before: Iterator[Claim] = iter(())
            with suppress(IndexProblem, sqlite3.Error):
                if path := store.file(LEDGER):
                    live = Ledger(":memory:", path, store.file(LEDGER_CHANGES))
                    before = stack.enter_context(closing(live)).lives()
            both = merge(
                ((claim.id, False, claim) for claim in before),
                ((claim.id, True, claim) for claim in self.ledger.lives()),
                key=itemgetter(0, 1),
            )
            for _, found in groupby(both, key=itemgetter(0)):
                match list(found):
                    case [(_, True, claim)]:
                        self._note("added", claim)
                    case [(_, False, claim)]:
                        self._note("removed", claim)
                    case [(_, _, old), (_, _, new)] if old.digest != new.digest:
                        self._note("changed", new)

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
        files = [file for file, _ in to_read]
        for file, items in self.readers.read(files, self.namer.search):
            self.ledger.begin_file(root, file)
            self.report.files_read += 1
            may_pass = False
            place = 0
            for item in items:
                if isinstance(item, Named):
                    name = os.fsencode(file.name)
                    self._take(Claim(item.article.id, root, name, place, item.digest), item)
                    place += 1
                elif isinstance(item, Problem | Note):
                    self.ledger.put_remark(root, file.name, item)
                    if isinstance(item, Problem):
                        self.report.articles_skipped += 1
                        may_pass = may_pass or item.may_pass
                read = min(items.place, file.size)
                self.progress(Progress(done + read, size, self.report.articles_read))
            if not may_pass:  # else the next run reads it again
                self.ledger.end_file(root, file, hashes[file.name])
            done += file.size
            self.progress(Progress(done, size, self.report.articles_read))

    def _take(self, claim: Claim, article: Named) -> None:
        """Does what follows from an article that was read."""
        self.report.articles_read += 1
        self.claimed.add(claim.id)
        if self.ledger.claim(claim):
            self._put(article, claim)
        if self.saver:
            self.saver.may_save()

    def _put(self, read: Named, claim: Claim) -> None:
        """Makes the article that was read the one that the index holds under its id."""
        live = self.ledger.live(claim.id)
        if live is None:
            self._add(self.namer.corrected(read, claim.root))
            self._note("added", claim)
        elif live.digest != claim.digest:
            self.writer.delete(claim.id)
            self._add(self.namer.corrected(read, claim.root))
            self._note("changed", claim)
        self._make_live(claim, live)

    def _note(self, what: str, claim: Claim) -> None:
        setattr(self.report, what, getattr(self.report, what) + 1)
        if self.list_changes:
            self.report.changes.append(Change(what, claim.id, os.fsdecode(claim.name)))

    def _add(self, article: Article) -> None:
        self.writer.add(article)
        self.written.add(article.id)

    def _make_live(self, claim: Claim, before: Claim | None) -> None:
        if before and before.root != claim.root:
            self.moved.add(claim.id)  # other corrections may be in force there
        if before != claim:
            self.ledger.make_live(claim)

    def _name_again(self, outdated: list[str]) -> None:
        """Settles the names of articles that are in the index and may have others by now."""
        ids = sorted({*outdated, *self.moved} - self.written)
        for number, id in enumerate(ids, 1):
            held, live = self.held and self.held.get(id), self.ledger.live(id)
            if held and live:
                article = self.namer.corrected(self.namer.name(as_read(held)), live.root)
                if article != held:
                    self.writer.delete(id)
                    self._add(article)
                    self._note("changed", live)
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
                if live:
                    self._note("removed", live)
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
            for _, items in self.readers.read(files, self.namer.search):
                place = 0
                for item in items:
                    if isinstance(item, Named):
                        claim = claims.get(place)
                        if claim and (item.article.id, item.digest) == (claim.id, claim.digest):
                            self._put(item, claim)
                        place += 1

    def _let_go(self, claim: Claim) -> None:
        """Rather no article than another one's, where the owner's could not be read just now."""
        if self.ledger.owner(claim.id) == self.ledger.live(claim.id):
            return
        self.writer.delete(claim.id)
        self.ledger.drop_live(claim.id)
        reason = f"the article {claim.id!r} could not be read again; the next run tries"
        self.report.remarks.append(Remark(os.fsdecode(claim.name), "", reason, True))

    # -- the report ----------------------------------------------------------------------------

    def _finish(self, root: int, failed: list[Skipped]) -> None:
        report = self.report
        self.ledger.yield_ids()
        self._count()
        if self.paths is None:
            report.remarks += [*self._of_this_corpus(root), *self._look_at_gone()]
        report.remarks += self.namer.without_effect(root, report.corrections)
        report.remarks += [Remark(file.name, "", file.reason, True) for file in failed]
        if self.paths is None:
            report.remarks += self.ledger.remarks(root)
            duplicates = self.ledger.duplicates(root)
        else:
            report.remarks += self.ledger.remarks(root, self.looked_at)
            duplicates = self.ledger.duplicates(root, sorted(self.claimed))
        report.remarks += [self._duplicate(loser, owner) for loser, owner in duplicates]

    def _count(self) -> None:
        before = self.held.count() - self.doubted if self.held else 0
        self.report.total = before + self.report.added - self.report.removed

    def _of_this_corpus(self, root: int) -> Iterator[Remark]:
        """What an operator should know of the corpus as a whole."""
        if not self.report.files_found:
            yield Remark(str(self.corpus), "", "no article was found in it", False)
        if self.is_new and (others := self.report.total - self.ledger.live_count(root)):
            said = f"is new in this index; the {others:,} articles of other corpora stay"
            yield Remark(str(self.corpus), "", said, False)

    def _look_at_gone(self) -> list[Remark]:
        """Tells of corpora that are gone, and forgets those whose articles others have by now."""
        remarks = []
        for gone, path in self.ledger.gone_roots():
            if count := self.ledger.live_count(gone):
                command = self.typed.other("forget", str(path))
                said = f"is gone; its {count:,} articles stay, unless it is forgotten: {command}"
            else:
                self.ledger.forget_root(gone)
                said = "is gone, and its articles are those of other corpora: it is forgotten"
            remarks.append(Remark(str(path), "", said, False))
        self.ledger.unsettled()
        return remarks

    def _duplicate(self, loser: Claim, owner: Claim) -> Remark:
        first = os.fsdecode(owner.name)
        if owner.root != loser.root:
            first = str(self.ledger.root_path(owner.root) / first)
        said = (
            f"has the id {loser.id!r} of article {owner.place + 1} in {first!r}, which counts;"
            " give it another id, or none"
        )
        return Remark(os.fsdecode(loser.name), f"article {loser.place + 1}", said, True)


def _is_kept(name: str, kept: set[str]) -> bool:
    """Whether *name*, or a folder that it is in, is among *kept*."""
    return (
        name in kept
        or "" in kept
        or any(name[:place] in kept for place, character in enumerate(name) if character == "/")
    )
