"""What the index was made from: files, the articles that they claim, and who of them is live.

The ledger belongs to a generation, so it always tells of exactly that index. Its tables, which
`ledger_tables` keeps in two files:

    roots      folders that were indexed; a file is known by its root and its name below it
    files      size, time and hash when a file was read, and by which version of which reader
    remarks    what was said of a file: articles skipped (a fault), or read with a reservation
    claims     the ids that the articles of a file bear, with a digest of each as it was read
    live       of each id, the claim whose article the index holds
    corrected  of each id, the corrections that its article was changed by
    touched    ids of which the claims changed and that are not settled yet
    naming     by which rules, model and corrections the articles of a root got their names

Two files may claim one id. The article whose name sorts first is the one that is live, whatever
order the files came in; it falls to the next when the first goes. Names are kept as bytes: not
every file name is text.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from searchsvc.corpus import CorpusFile
from searchsvc.ledger_tables import OF_FILES, LedgerTables
from searchsvc.readers import Note, Problem, reader_version

LEDGER = "ledger.sqlite"  # what a generation calls the two files
LEDGER_CHANGES = "ledger-changes.sqlite"

# The claim on an id that counts, and the one whose article the index holds; {0} is the id.
# The limit keeps the order out of the inner query, which looks for the id in each table then;
# together they would have SQLite lay out all claims first.
_OWNER = (
    "select id, root, name, place, digest from ("
    "select c.*, (select gone from main.roots r where r.root = c.root) as gone"
    " from all_claims c where c.id = {0} limit -1)"
    " order by gone, name, root, place limit 1"
)
_LIVE = "select l.id, l.root, l.name, l.place, l.digest from all_live l where l.id = {0}"


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


class Ledger(LedgerTables):
    """The ledger in the SQLite file *path*, made if it is not there; ":memory:" for a trial.

    With *base*, another ledger's file, it begins as that one, which is only read: *path* holds
    what differs. *copy_of* is a file of such differences to begin with.
    """

    @cached_property
    def _any_corrected(self) -> bool:
        """Whether any article is; mostly none, and then nobody need look."""
        return self._db.execute("select 1 from all_corrected limit 1").fetchone() is not None

    # -- roots ---------------------------------------------------------------------------------

    def root_for(self, path: Path) -> tuple[int, Path]:
        """Number and path of the root that *path* belongs to: one that holds it, or itself.

        Roots inside of it are part of it from then on.
        """
        for number, known in self.roots():
            if path == known or known in path.parents:
                return number, known
            if path in known.parents:
                self.forget_root(number)
        cursor = self._db.execute("insert into roots (path) values (?)", (os.fsencode(path),))
        assert cursor.lastrowid is not None
        return cursor.lastrowid, path

    def roots(self) -> list[tuple[int, Path]]:
        """Number and path of every root."""
        rows = self._db.execute("select root, path from roots order by path").fetchall()
        return [(number, Path(os.fsdecode(path))) for number, path in rows]

    def forget_root(self, root: int) -> int:
        """Drops a root, with the claims and remarks of its files; how many these were."""
        names = list(self.names(root, ""))
        for name in names:
            self.forget(root, name)
        self._db.execute("delete from roots where root = ?", (root,))
        self._db.execute("delete from naming where root = ?", (root,))
        return len(names)

    def look_for_roots(self) -> None:
        """Notes which roots are gone. Their articles stay, but claim no id against others."""
        for number, path in self.roots():
            is_gone = int(not path.exists())
            (was,) = self._db.execute("select gone from roots where root = ?", (number,)).fetchone()
            if is_gone != was:
                self._db.execute("update roots set gone = ? where root = ?", (is_gone, number))
                self._touch("select id from all_claims where root = ?", (number,))

    def gone_roots(self) -> list[tuple[int, Path]]:
        """Number and path of the roots that were not there when they were looked for."""
        gone = {n for (n,) in self._db.execute("select root from roots where gone")}
        return [(number, path) for number, path in self.roots() if number in gone]

    def yield_ids(self) -> None:
        """Has roots that are gone give up the ids that are claimed from where others are.

        Else an article of a corpus that was moved would stay for ever by its old place. What comes
        back is read anew.
        """
        if not self._db.execute("select 1 from main.roots where gone limit 1").fetchone():
            return  # the rule, and what follows looks at every claim
        taken = (
            "select d.id from all_claims d join main.roots s on s.root = d.root where not s.gone"
        )
        places = self._db.execute(
            "select distinct c.root, c.name from main.roots r join all_claims c on c.root = r.root"
            f" where r.gone and c.id in ({taken})"
        ).fetchall()
        for root, name in places:
            place = (root, name)
            self._replace_file(root, name, keep=True)
            here = "where root = ? and name = ?"
            self._db.execute(f"delete from claims {here} and id in ({taken})", place)
            if self._db.execute(f"select 1 from claims {here}", place).fetchone():
                self._db.execute(f"update files set mtime_ns = -1, hash = x'' {here}", place)
            else:
                for table in OF_FILES:
                    self._db.execute(f"delete from {table} {here}", place)

    # -- files ---------------------------------------------------------------------------------

    def names(self, root: int, below: str) -> Iterator[str]:
        """The files known at *below* (a file or a folder; "" for all) of a root."""
        start = os.fsencode(below)
        wanted = "select name from all_files where root = ?"
        if below:
            rows = self._db.execute(f"{wanted} and name = ?", (root, start)).fetchall()
            inside = (root, start + b"/", start + b"0")  # "0" is what comes after "/"
            rows += self._db.execute(f"{wanted} and name > ? and name < ?", inside).fetchall()
        else:
            rows = self._db.execute(wanted, (root,)).fetchall()
        for (name,) in rows:
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
        self._replace_file(root, os.fsencode(file.name), keep=True)
        self._db.execute(
            "update files set size = ?, mtime_ns = ? where root = ? and name = ?",
            (file.size, file.mtime_ns, root, os.fsencode(file.name)),
        )
        return True

    def _known(self, root: int, file: CorpusFile) -> tuple[int, int, bytes] | None:
        row: tuple[int, int, bytes, str, int] | None = self._db.execute(
            "select size, mtime_ns, hash, reader, version from all_files"
            " where root = ? and name = ?",
            (root, os.fsencode(file.name)),
        ).fetchone()
        if row is None or row[3:] != (file.reader, reader_version(file.reader)):
            return None
        return row[:3]

    def forget(self, root: int, name: str) -> None:
        """Drops a file, its claims and remarks: it is gone, or about to be read again."""
        place = (root, os.fsencode(name))
        self._touch("select id from all_claims where root = ? and name = ?", place)
        self._replace_file(*place, keep=False)
        for table in OF_FILES:
            self._db.execute(f"delete from {table} where root = ? and name = ?", place)

    def begin_file(self, root: int, file: CorpusFile) -> None:
        """Notes that *file* is being read: until it is read whole, the next run reads it again."""
        version = reader_version(file.reader)
        self._db.execute(
            "insert into files values (?, ?, ?, -1, x'', ?, ?)",
            (root, os.fsencode(file.name), file.size, file.reader, version),
        )

    def end_file(self, root: int, file: CorpusFile, hash: bytes) -> None:
        """Notes that *file*, with this content, was read whole."""
        self._db.execute(
            "update files set mtime_ns = ?, hash = ? where root = ? and name = ?",
            (file.mtime_ns, hash, root, os.fsencode(file.name)),
        )

    # -- remarks -------------------------------------------------------------------------------

    def put_remark(self, root: int, name: str, said: Problem | Note) -> None:
        """Notes what a reader said of a file."""
        place = (root, os.fsencode(name))
        (number,) = self._db.execute(
            "select count(*) from remarks where root = ? and name = ?", place
        ).fetchone()
        self._db.execute(
            "insert into remarks values (?, ?, ?, ?, ?, ?)",
            (*place, number, said.place, said.reason, isinstance(said, Problem)),
        )

    def remarks(self, root: int, names: Iterable[str] | None = None) -> Iterator[Remark]:
        """Everything said of the files of a root, or of those with these *names*, by file."""
        said = "select name, place, reason, fault from all_remarks where root = ?"
        if names is None:
            rows = self._db.execute(f"{said} order by name, number", (root,)).fetchall()
        else:
            called = f"{said} and name = ? order by number"
            rows = [
                row
                for name in sorted(map(os.fsencode, names))
                for row in self._db.execute(called, (root, name))
            ]
        for name, place, reason, fault in rows:
            yield Remark(os.fsdecode(name), place, reason, bool(fault))

    # -- claims --------------------------------------------------------------------------------

    def claim(self, claim: Claim) -> bool:
        """Notes a claim; whether it is the first on its id, so that `make_live` is to follow."""
        self._db.execute(
            "insert into claims values (?, ?, ?, ?, ?)",
            (claim.id, claim.name, claim.root, claim.place, claim.digest),
        )
        return self.owner(claim.id) == claim

    def owner(self, id: str) -> Claim | None:
        """The claim on *id* that counts."""
        row = self._db.execute(_OWNER.format("?"), (id,)).fetchone()
        return Claim(*row) if row else None

    def live(self, id: str) -> Claim | None:
        """The claim whose article the index holds under *id*."""
        row = self._db.execute(_LIVE.format("?"), (id,)).fetchone()
        return Claim(*row) if row else None

    def make_live(self, claim: Claim) -> None:
        """Notes that the index holds the article of *claim*."""
        self._replace_id(claim.id)
        values = (claim.id, claim.root, claim.name, claim.place, claim.digest)
        self._db.execute("insert or replace into live values (?, ?, ?, ?, ?)", values)

    def drop_live(self, id: str) -> None:
        """Notes that the index holds no article under *id*."""
        self._replace_id(id)
        self._db.execute("delete from live where id = ?", (id,))
        self._db.execute("delete from corrected where id = ?", (id,))

    def doubt(self, ids: Iterable[str]) -> int:
        """Has the articles of *ids* count as not in the index; how many of them did."""
        doubted = 0
        for id in ids:
            if self.live(id):
                doubted += 1
                self.drop_live(id)
            self._db.execute("insert or ignore into touched values (?)", (id,))
        return doubted

    def unsettled(self) -> list[str]:
        """Touched ids for which the index does not hold the article of the claim that counts."""
        owner, live = _OWNER.format("touched.id"), _LIVE.format("touched.id")
        self._db.execute(f"delete from touched where ({owner}) is ({live})")
        return [id for (id,) in self._db.execute("select id from touched order by id")]

    def duplicates(self, root: int, ids: Iterable[str] | None = None) -> list[tuple[Claim, Claim]]:
        """Each claim of a root that does not count, with the one that does; or those on *ids*."""
        losers = (
            "select c.id, c.root, c.name, c.place, c.digest, l.root, l.name, l.place, l.digest"
            " from all_claims c join all_live l on c.id = l.id"
            " where c.root = ? and (c.root, c.name, c.place) != (l.root, l.name, l.place)"
        )
        if ids is None:
            rows = self._db.execute(losers, (root,)).fetchall()
        else:
            of_one = f"{losers} and c.id = ?"
            rows = [row for id in ids for row in self._db.execute(of_one, (root, id))]
        rows.sort(key=lambda row: (row[2], row[3]))
        return [(Claim(*row[:5]), Claim(row[0], *row[5:])) for row in rows]

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

    def lives(self) -> Iterator[Claim]:
        """The claims whose articles the index holds, by id."""
        columns = "id, root, name, place, digest"
        for row in self._db.execute(f"select {columns} from all_live order by id"):
            yield Claim(*row)

    def live_count(self, root: int) -> int:
        """For how many ids the index holds an article of *root*."""
        row = self._db.execute("select count(*) from all_live where root = ?", (root,)).fetchone()
        return int(row[0])

    def live_ids(self, root: int) -> list[str]:
        """The ids for which the index holds an article of *root*."""
        rows = self._db.execute("select id from all_live where root = ? order by id", (root,))
        return [id for (id,) in rows]

    def put_corrected(self, id: str, corrections: Iterable[str]) -> None:
        """Notes which corrections changed the article that the index holds under *id*."""
        now = set(corrections)
        if not now and not self._any_corrected:
            return
        known = self._db.execute("select correction from all_corrected where id = ?", (id,))
        before = {correction for (correction,) in known.fetchall()}
        if before == now:
            return
        self._any_corrected = True
        self._replace_id(id)
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
            "select 1 from all_corrected c join all_live l on c.id = l.id"
            " where c.correction = ? and l.root = ? limit 1",
            (correction, root),
        ).fetchone()
        return row is not None

    def _touch(self, ids: str, arguments: tuple[object, ...]) -> None:
        self._db.execute(f"insert or ignore into touched {ids}", arguments)
