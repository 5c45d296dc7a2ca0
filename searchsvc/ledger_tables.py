"""The tables of the ledger, in SQLite.

An update must cost what it changes, so they are two files: a base, which generations share and
nobody changes, and what has changed since. When that has grown, both are written as a new base.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

# {0} is the database that the tables are made in.
_KEPT = """
create table {0}.roots (
    root integer primary key, path blob unique, gone integer not null default 0);
create table {0}.naming (root integer primary key, found_by text, corrections text);
create table {0}.files (
    root integer, name blob, size integer, mtime_ns integer, hash blob, reader text,
    version integer, primary key (root, name)) without rowid;
create table {0}.remarks (
    root integer, name blob, number integer, place text, reason text, fault integer,
    primary key (root, name, number)) without rowid;
create table {0}.claims (
    id text, name blob, root integer, place integer, digest blob,
    primary key (id, name, root, place)) without rowid;
create index {0}.claims_by_file on claims (root, name);
create table {0}.live (id text primary key, root integer, name blob, place integer, digest blob)
    without rowid;
create table {0}.corrected (
    id text, correction text, primary key (id, correction)) without rowid;
create index {0}.corrected_by_correction on corrected (correction);
create table {0}.touched (id text primary key) without rowid;
"""
# Rows of the base that no longer count, by what they are about.
_REPLACED = """
create table main.replaced_files (root integer, name blob, primary key (root, name)) without rowid;
create table main.replaced_ids (id text primary key) without rowid;
"""
_SMALL = ("roots", "naming", "touched")  # copied whole when a base gets changes
OF_FILES = ("files", "remarks", "claims")
_OF_IDS = ("live", "corrected")
_MOST_PAGES = 250  # of changes, besides a quarter of the base, before both become a new base


class LedgerTables:
    """The tables in the SQLite file *path*, over those in the file *base*, if there is one.

    `all_…` are views of both together: of `files`, `remarks`, `claims`, `live` and `corrected`.
    """

    def __init__(self, path: str, base: str | None = None, copy_of: str | None = None) -> None:
        self._base = base
        self._path = path
        # Without uri the base could be attached as one only where SQLite has them on for all.
        self._db = sqlite3.connect(path, isolation_level=None, uri=True)
        try:
            self._open(copy_of)
        except BaseException:
            self.close()
            raise

    def _open(self, copy_of: str | None) -> None:
        # The generation is synced when it is published; until then nobody else sees this file.
        self._db.execute("pragma synchronous = off")
        self._db.execute("pragma journal_mode = memory")
        if copy_of is not None and os.path.exists(copy_of):
            with closing(sqlite3.connect(f"{_uri(copy_of)}?mode=ro", uri=True)) as source:
                source.backup(self._db)
        if self._base is not None:
            self._db.execute("attach ? as base", (f"{_uri(self._base)}?immutable=1",))
        if not self._db.execute("select 1 from sqlite_master where name = 'roots'").fetchone():
            self._db.executescript(_KEPT.format("main") + _REPLACED)
            for table in _SMALL if self._base is not None else ():
                self._db.execute(f"insert into main.{table} select * from base.{table}")
        for table in (*OF_FILES, *_OF_IDS):
            self._db.execute(f"create temp view all_{table} as {self._view(table)}")
        self._db.execute("begin")
        self._changes_before = self._db.total_changes

    def _view(self, table: str) -> str:
        """All rows of *table*: those that changed, and those of the base that still count."""
        if self._base is None:
            return f"select * from main.{table}"
        if table in OF_FILES:
            gone = "select 1 from replaced_files r where r.root = b.root and r.name = b.name"
        else:
            gone = "select 1 from replaced_ids r where r.id = b.id"
        return (
            f"select * from main.{table} union all"
            f" select * from base.{table} b where not exists ({gone})"
        )

    @property
    def changed(self) -> bool:
        """Whether anything that stays was changed."""
        return self._db.total_changes > self._changes_before

    def commit(self) -> None:
        """Writes what was changed."""
        self._db.execute("commit")
        self._db.execute("begin")

    def finish(self) -> None:
        """Writes what was changed, and lets go; changes that have grown become part of the base."""
        self._db.execute("commit")
        if self._base is not None and self._pages("main") > _MOST_PAGES + self._pages("base") // 4:
            self._fold(self._base)
            self.close()
            os.unlink(self._path)
        else:
            self.close()

    def close(self) -> None:
        """Lets go of the files; what was changed since the last commit is lost."""
        self._db.close()

    def _pages(self, database: str) -> int:
        pages: int = self._db.execute(f"pragma {database}.page_count").fetchone()[0]
        return pages

    def _fold(self, base: str) -> None:
        # Other generations have the same file under their own names, and we have it open.
        os.unlink(base)
        self._db.execute("attach ? as folded", (base,))
        self._db.execute("pragma folded.synchronous = off")
        self._db.execute("pragma folded.journal_mode = off")
        self._db.executescript(_KEPT.format("folded"))
        self._db.execute("begin")
        for table in _SMALL:
            self._db.execute(f"insert into folded.{table} select * from main.{table}")
        for table in (*OF_FILES, *_OF_IDS):
            self._db.execute(f"insert into folded.{table} select * from all_{table} order by 1, 2")
        self._db.execute("commit")

    # -- rows of the base that change ------------------------------------------------------------

    def _replace_file(self, root: int, name: bytes, keep: bool) -> None:
        """Has the base's rows about a file count no more; *keep*: they are ours from then on."""
        self._replace("files", OF_FILES, {"root": root, "name": name}, keep)

    def _replace_id(self, id: str) -> None:
        """Makes the base's rows about an id ours."""
        self._replace("ids", _OF_IDS, {"id": id}, keep=True)

    def _replace(
        self, what: str, tables: tuple[str, ...], key: dict[str, object], keep: bool
    ) -> None:
        if self._base is None:
            return
        columns, values = ", ".join(key), tuple(key.values())
        where = " and ".join(f"{column} = ?" for column in key)

        def has(table: str) -> bool:
            row = self._db.execute(f"select 1 from {table} where {where} limit 1", values)
            return row.fetchone() is not None

        if has(f"replaced_{what}") or not any(has(f"base.{table}") for table in tables):
            return
        if keep:
            for table in tables:
                ours = f"insert into main.{table} select * from base.{table} where {where}"
                self._db.execute(ours, values)
        marks = ", ".join("?" * len(key))
        self._db.execute(f"insert into replaced_{what} ({columns}) values ({marks})", values)


def _uri(path: str) -> str:
    return Path(path).absolute().as_uri()
