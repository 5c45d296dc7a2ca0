"""What the index was made from: files, the articles that they claim, and who of them is live.

The ledger is a file of the generation (SQLite), so it always tells of exactly that index.

    roots      folders that were indexed; a file is known by its root and its name below it
    files      size, time and hash when a file was read, and by which version of which reader
    remarks    what was said of a file: articles skipped (a fault), or read with a reservation
    claims     the ids that the articles of a file bear, with a digest of each as it was read
    live       of each id, the claim whose article the index holds
    touched    ids of which the claims changed and that are not settled yet
    naming     by which rules, model and corrections the articles of a root got their names
    corrected  of each id, the corrections that its article was changed by

Two files may claim one id. The article whose name sorts first is the one that is live, whatever
order the files came in; it falls to the next when the first goes. Names are kept as bytes: not
every file name is text.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from searchsvc.corpus import CorpusFile
from searchsvc.readers import Note, Problem, reader_version

_TABLES = """
create table roots (root integer primary key, path blob unique, gone integer not null default 0);
create table files (
    root integer, name blob, size integer, mtime_ns integer, hash blob, reader text,
    version integer, primary key (root, name)) without rowid;
create table remarks (root integer, name blob, place text, reason text, fault integer);
create index remarks_by_file on remarks (root, name);
create table claims (
    id text, gone integer, name blob, root integer, place integer, digest blob,
    primary key (id, gone, name, root, place)) without rowid;
create index claims_by_file on claims (root, name);
create table live (id text primary key, root integer, name blob, place integer, digest blob)
    without rowid;
create table touched (id text primary key) without rowid;
"""
_NAMES = """
create table if not exists naming (root integer primary key, found_by text, corrections text);
create table if not exists corrected (
    id text, correction text, primary key (id, correction)) without rowid;
create index if not exists corrected_by_correction on corrected (correction);
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """An article of a file: its id, its place among the file's articles, a digest of it.

    The digest is of what was read, without the names found in it: it changes with the file alone.
    """

    id: str
    root: int
    name: bytes
    place: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Naming:
    """What the names in the articles of a root come from: who found them, and the corrections."""

    found_by: str
    corrections: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What was said of a file, and whether it means that something was skipped."""

    name: str
    place: str
    reason: str
    fault: bool


class Ledger:
    """The ledger in the SQLite file *path*, made if it is not there; ":memory:" for a trial."""

    def __init__(self, path: str, copy_of: str | None = None) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # The generation is synced when it is published; until then nobody else sees this file.
        self._db.execute("pragma synchronous = off")
        self._db.execute("pragma journal_mode = memory")
        if copy_of is not None:
            with closing(sqlite3.connect(copy_of)) as source:
                source.backup(self._db)
        if not self._db.execute("select 1 from sqlite_master where name = 'roots'").fetchone():
            self._db.executescript(_TABLES)
        self._db.executescript(_NAMES)
        self._db.execute("begin")
        self._changes_before = self._db.total_changes

    @property
    def changed(self) -> bool:
        """Whether anything that stays was changed."""
        return self._db.total_changes > self._changes_before

    def commit(self) -> None:
        """Writes what was changed."""
        self._db.execute("commit")

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    # -- roots ---------------------------------------------------------------------------------

    def root_for(self, path: Path) -> tuple[int, Path]:
        """Number and path of the root that *path* belongs to: one that holds it, or itself.

        Roots inside of it are part of it from then on.
        """
        for number, known in self.roots():
            if path == known or known in path.parents:
                return number, known
            if path in known.parents:
                for name in list(self.names(number, "")):
                    self.forget(number, name)
                self._db.execute("delete from roots where root = ?", (number,))
                self._db.execute("delete from naming where root = ?", (number,))
        cursor = self._db.execute("insert into roots (path) values (?)", (os.fsencode(path),))
        assert cursor.lastrowid is not None
        return cursor.lastrowid, path

    def roots(self) -> list[tuple[int, Path]]:
        """Number and path of every root."""
        rows = self._db.execute("select root, path from roots order by path").fetchall()
        return [(number, Path(os.fsdecode(path))) for number, path in rows]

    def look_for_roots(self) -> None:
        """Notes which roots are gone. Their articles stay, but claim no id against others."""
        for number, path in self.roots():
            is_gone = int(not path.exists())
            (was,) = self._db.execute("select gone from roots where root = ?", (number,)).fetchone()
            if is_gone != was:
                self._db.execute("update roots set gone = ? where root = ?", (is_gone, number))
                self._touch("select id from claims where root = ?", (number,))
                self._db.execute("update claims set gone = ? where root = ?", (is_gone, number))

    # -- files ---------------------------------------------------------------------------------

    def names(self, root: int, below: str) -> Iterator[str]:
        """The files known at *below* (a file or a folder; "" for all) of a root."""
        start = os.fsencode(below)
        for (name,) in self._db.execute(
            "select name from files where root = ?", (root,)
        ).fetchall():
            if not below or name == start or name.startswith(start + b"/"):
                yield os.fsdecode(name)

    def is_unchanged(self, root: int, file: CorpusFile) -> bool:
        """Whether *file* has the size and time, and would be read as, when it was."""
        known = self._known(root, file)
        return known is not None and known[:2] == (file.size, file.mtime_ns)

    def has_hash(self, root: int, file: CorpusFile, hash: bytes) -> bool:
        """Whether *file*, of another time, is known with this content; then its time is noted."""
        known = self._known(root, file)
        if known is None or known[2] != hash:
            return False
        self._db.execute(
            "update files set size = ?, mtime_ns = ? where root = ? and name = ?",
            (file.size, file.mtime_ns, root, os.fsencode(file.name)),
        )
        return True

    def _known(self, root: int, file: CorpusFile) -> tuple[int, int, bytes] | None:
        row: tuple[int, int, bytes, str, int] | None = self._db.execute(
            "select size, mtime_ns, hash, reader, version from files where root = ? and name = ?",
            (root, os.fsencode(file.name)),
        ).fetchone()
        if row is None or row[3:] != (file.reader, reader_version(file.reader)):
            return None
        return row[:3]

    def forget(self, root: int, name: str) -> None:
        """Drops a file, its claims and remarks: it is gone, or about to be read again."""
        place = (root, os.fsencode(name))
        self._touch("select id from claims where root = ? and name = ?", place)
        for table in ("claims", "remarks", "files"):
            self._db.execute(f"delete from {table} where root = ? and name = ?", place)

    def put_file(self, root: int, file: CorpusFile, hash: bytes) -> None:
        """Notes that *file*, with this content, is being read."""
        version = reader_version(file.reader)
        self._db.execute(
            "insert into files values (?, ?, ?, ?, ?, ?, ?)",
            (root, os.fsencode(file.name), file.size, file.mtime_ns, hash, file.reader, version),
        )

    def look_again(self, root: int, name: str) -> None:
        """Has a file read again on the next run, whatever it looks like then."""
        self._db.execute(
            "update files set mtime_ns = -1, hash = x'' where root = ? and name = ?",
            (root, os.fsencode(name)),
        )

    # -- remarks -------------------------------------------------------------------------------

    def put_remark(self, root: int, name: str, said: Problem | Note) -> None:
        """Notes what a reader said of a file."""
        self._db.execute(
            "insert into remarks values (?, ?, ?, ?, ?)",
            (root, os.fsencode(name), said.place, said.reason, isinstance(said, Problem)),
        )

    def remarks(self) -> Iterator[Remark]:
        """Everything said of the files that are known, by file."""
        rows = self._db.execute(
            "select name, place, reason, fault from remarks order by root, name, rowid"
        )
        for name, place, reason, fault in rows:
            yield Remark(os.fsdecode(name), place, reason, bool(fault))

    # -- claims --------------------------------------------------------------------------------

    def claim(self, claim: Claim) -> bool:
        """Notes a claim; whether it is the first on its id."""
        gone = self._db.execute("select gone from roots where root = ?", (claim.root,)).fetchone()
        self._db.execute(
            "insert into claims values (?, ?, ?, ?, ?, ?)",
            (claim.id, gone[0], claim.name, claim.root, claim.place, claim.digest),
        )
        self._db.execute("insert or ignore into touched values (?)", (claim.id,))
        return self.owner(claim.id) == claim

    def owner(self, id: str) -> Claim | None:
        """The claim on *id* that counts."""
        row = self._db.execute(
            "select id, root, name, place, digest from claims where id = ?"
            " order by gone, name, root, place limit 1",
            (id,),
        ).fetchone()
        return Claim(*row) if row else None

    def live(self, id: str) -> Claim | None:
        """The claim whose article the index holds under *id*."""
        row = self._db.execute(
            "select id, root, name, place, digest from live where id = ?", (id,)
        ).fetchone()
        return Claim(*row) if row else None

    def make_live(self, claim: Claim) -> None:
        """Notes that the index holds the article of *claim*."""
        values = (claim.id, claim.root, claim.name, claim.place, claim.digest)
        self._db.execute("insert or replace into live values (?, ?, ?, ?, ?)", values)

    def drop_live(self, id: str) -> None:
        """Notes that the index holds no article under *id*."""
        self._db.execute("delete from live where id = ?", (id,))
        self._db.execute("delete from corrected where id = ?", (id,))

    def unsettled(self) -> list[str]:
        """Touched ids for which the index does not hold the article of the claim that counts."""
        touched = [id for (id,) in self._db.execute("select id from touched order by id")]
        return [id for id in touched if not self.settle(id)]

    def settle(self, id: str) -> bool:
        """Whether the index holds what it should under *id*; then it is not looked at again."""
        if self.owner(id) != self.live(id):
            return False
        self._db.execute("delete from touched where id = ?", (id,))
        return True

    def duplicates(self) -> Iterator[tuple[Claim, Claim]]:
        """Each claim that does not count, with the one on the same id that does."""
        rows = self._db.execute(
            "select c.id, c.root, c.name, c.place, c.digest, l.root, l.name, l.place, l.digest"
            " from claims c join live l on c.id = l.id"
            " where (c.root, c.name, c.place) != (l.root, l.name, l.place)"
            " order by c.name, c.root, c.place"
        )
        for row in rows:
            yield Claim(*row[:5]), Claim(row[0], *row[5:])

    def counts(self) -> tuple[int, int]:
        """Files known and articles live."""
        files: int = self._db.execute("select count(*) from files").fetchone()[0]
        articles: int = self._db.execute("select count(*) from live").fetchone()[0]
        return files, articles

    def root_path(self, root: int) -> Path:
        """The path of a root by its number."""
        (path,) = self._db.execute("select path from roots where root = ?", (root,)).fetchone()
        return Path(os.fsdecode(path))

    # -- names ---------------------------------------------------------------------------------

    def naming(self, root: int) -> Naming | None:
        """What the names in the articles of *root* come from; None if nobody knows."""
        row = self._db.execute(
            "select found_by, corrections from naming where root = ?", (root,)
        ).fetchone()
        return Naming(*row) if row else None

    def put_naming(self, root: int, naming: Naming) -> None:
        """Notes that all articles of *root* have their names from there."""
        values = (root, naming.found_by, naming.corrections)
        self._db.execute("insert or replace into naming values (?, ?, ?)", values)

    def live_ids(self, root: int) -> list[str]:
        """The ids for which the index holds an article of *root*."""
        rows = self._db.execute("select id from live where root = ? order by id", (root,))
        return [id for (id,) in rows]

    def put_corrected(self, id: str, corrections: Iterable[str]) -> None:
        """Notes which corrections changed the article that the index holds under *id*."""
        known = self._db.execute("select correction from corrected where id = ?", (id,)).fetchall()
        before, now = {correction for (correction,) in known}, set(corrections)
        self._db.executemany(
            "delete from corrected where id = ? and correction = ?",
            sorted((id, gone) for gone in before - now),
        )
        self._db.executemany(
            "insert into corrected values (?, ?)", sorted((id, new) for new in now - before)
        )

    def is_used(self, root: int, correction: str) -> bool:
        """Whether *correction* changed any article of *root*."""
        row = self._db.execute(
            "select 1 from corrected c join live l on c.id = l.id"
            " where c.correction = ? and l.root = ? limit 1",
            (correction, root),
        ).fetchone()
        return row is not None

    def _touch(self, ids: str, arguments: tuple[object, ...]) -> None:
        self._db.execute(f"insert or ignore into touched {ids}", arguments)
