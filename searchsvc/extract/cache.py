"""The names found in texts, kept so that they need not be found again: `names.sqlite`.

    SHA-256 of title, body and dateline, and who found them (`rule:<version>`, `model:<name>`)
        -> entities, before tags and corrections

It is no part of a generation and may be deleted at any time; it empties itself when the rules are
of another version, on which what a model adds depends too. Nothing that is wrong with it is an
error: what cannot be read is found anew. zlib's checksum tells entries that have gone bad.
"""

import hashlib
import json
import sqlite3
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from searchsvc.article import Article, Entity, Mention
from searchsvc.extract import rules

_TABLE = """
create table if not exists names (
    origin text, text blob, entities blob, primary key (origin, text)) without rowid
"""
_PATIENCE = 2.0  # seconds for a lock; a commit takes a few hundredths of one
_COMMIT_EVERY = 2000  # entries; what a run that is killed may lose


class NamesCache:
    """The cache in the file *path*, made if it is not there, unless *read_only*."""

    def __init__(self, path: Path, read_only: bool = False) -> None:
        self._path = path
        self._read_only = read_only
        self._used: dict[str, set[bytes]] = {}  # texts by origin
        self._written = 0
        self._db: sqlite3.Connection | None = None
        try:
            self._open()
        except sqlite3.Error as error:
            self._give_up(error)
            with suppress(sqlite3.Error):
                if not path.exists() and not read_only:
                    self._open()

    def _give_up(self, error: sqlite3.Error) -> None:
        """Goes on without a cache; a file that is no database, or no longer, is removed."""
        self.close()
        is_elsewhere = isinstance(error, sqlite3.OperationalError)  # locked, or nowhere to write
        if not is_elsewhere and not self._read_only:
            with suppress(OSError):
                self._path.unlink()

    def _open(self) -> None:
        mode = "ro" if self._read_only else "rwc"
        if not self._read_only:
            with suppress(OSError):  # SQLite will say so
                self._path.touch(mode=0o600)  # what articles say is for their owner alone
        uri = f"{self._path.absolute().as_uri()}?mode={mode}"
        self._db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_PATIENCE)
        # After a loss of power it may be broken, which costs nothing but the time to fill it.
        self._db.execute("pragma synchronous = off")
        (version,) = self._db.execute("pragma user_version").fetchone()
        if self._read_only:
            if version != rules.VERSION:
                self.close()
        else:
            self._db.execute(
                "pragma cache_spill = off"
            )  # which would keep readers out till the end
            self._db.execute(_TABLE)
            if version != rules.VERSION:  # readers are to see it at once
                self._db.execute("delete from names")
                self._db.execute(f"pragma user_version = {rules.VERSION}")
            self._db.execute("begin immediate")

    def get(self, article: Article, origin: str) -> tuple[Entity, ...] | None:
        """The names that *origin* found in the text of *article*; None if that is not known."""
        if self._db is None:
            return None
        try:
            row = self._db.execute(
                "select entities from names where origin = ? and text = ?",
                (origin, _digest(article)),
            ).fetchone()
            return _unpacked(row[0]) if row else None
        except sqlite3.OperationalError as error:  # locked: not to be waited for at every article
            self._give_up(error)
        except (sqlite3.Error, zlib.error, ValueError, TypeError):
            pass
        return None

    def put(self, article: Article, origin: str, entities: tuple[Entity, ...]) -> None:
        """Keeps the names that *origin* found in the text of *article*."""
        self.keep(Entry.of(article, origin, entities))

    def keep(self, entry: "Entry") -> None:
        """Keeps *entry*, or notes that what was kept is still of use."""
        self._used.setdefault(entry.origin, set()).add(entry.text)
        if self._db is None or self._read_only or not entry.packed:
            return
        try:
            self._db.execute(
                "insert or replace into names values (?, ?, ?)",
                (entry.origin, entry.text, entry.packed),
            )
            self._written += 1
            if self._written % _COMMIT_EVERY == 0:
                self._db.execute("commit")
                self._db.execute("begin immediate")
        except sqlite3.Error as error:
            self._give_up(error)

    def keep_used(self) -> None:
        """Drops what the rules found in other texts. What a model found stays: it took long."""
        if self._db is None or self._read_only:
            return
        with suppress(sqlite3.Error):
            self._db.execute("create temp table used (origin text, text blob)")
            rows = ((origin, text) for origin, texts in self._used.items() for text in texts)
            self._db.executemany("insert into used values (?, ?)", rows)
            self._db.execute("create index temp.used_by_text on used (origin, text)")
            self._db.execute(
                "delete from names where origin like 'rule:%'"
                " and (origin, text) not in (select origin, text from used)"
            )

    def close(self) -> None:
        """Writes what is left, and lets go of the file."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("commit")
            self._db.close()
            self._db = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the cache keeps of a text: who found names in it, and which; b"" if it has them."""

    text: bytes
    origin: str
    packed: bytes = b""

    @classmethod
    def of(
        cls, article: Article, origin: str, entities: tuple[Entity, ...] | None = None
    ) -> "Entry":
        """The entry for the text of *article*; without *entities*, one that the cache has."""
        return cls(_digest(article), origin, b"" if entities is None else _packed(entities))


def _digest(article: Article) -> bytes:
    # The lengths part the texts: no two articles come to the same bytes.
    texts = (article.title, article.body, article.dateline)
    head = f"{len(texts[0])} {len(texts[1])}\n"
    return hashlib.sha256((head + "".join(texts)).encode("utf-8", "surrogatepass")).digest()


def _packed(entities: tuple[Entity, ...]) -> bytes:
    rows = [
        [
            e.field,
            e.name,
            e.key,
            e.origin,
            e.aliases,
            [(m.field, m.start, m.end) for m in e.mentions],
            e.ambiguous,
            e.country,
            e.kind,
            e.latitude,
            e.longitude,
        ]
        for e in entities
    ]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


def _unpacked(packed: bytes) -> tuple[Entity, ...]:
    rows = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"))
    return tuple(
        Entity(
            field=field,
            name=name,
            key=key,
            origin=origin,
            aliases=tuple(aliases),
            mentions=tuple(Mention(*mention) for mention in mentions),
            ambiguous=ambiguous,
            country=country,
            kind=kind,
            latitude=latitude,
            longitude=longitude,
        )
        for field, name, key, origin, aliases, mentions, ambiguous, country, kind, latitude,
            longitude in rows
    )  # fmt: skip
