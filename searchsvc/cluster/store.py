"""Generations of an index in a cluster, one of them current: searched, and written anew.

A generation is an index and the number of the run that changed it last: `2r17`. What an index says
of itself, indices.py tells.

An index may be filled *into* another alias, `searchsvc-into-spring`, by several processes;
`publish` turns the alias that is searched to it when all of them are through.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from searchsvc.cluster.draft import Build, Changes
from searchsvc.cluster.files import ClusterFiles
from searchsvc.cluster.indices import REBUILD, Indices, versions
from searchsvc.cluster.lock import ClusterLock
from searchsvc.engines.opensearch import OpenSearchEngine
from searchsvc.engines.opensearch_client import Client
from searchsvc.errors import (
    ClusterRefuses,
    ClusterUnavailable,
    CorpusShrunk,
    IndexDamaged,
    IndexMissing,
    IndexOutdated,
)
from searchsvc.generation import Damage

Json: TypeAlias = dict[str, Any]

LOOK_SECONDS = 0.5  # between two looks at what is current
OPEN_BEFORE = 15  # generations, whose engines stay open; a node keeps 300 states of shards in all
SHARDS = 1


@dataclass(frozen=True, slots=True)
class ClusterGeneration:
    """A published generation, its engine open."""

    name: str
    engine: OpenSearchEngine
    index: str
    meta: Json
    fallback: str | None = None
    notice: str | None = None
    about: None = None

    @property
    def identity(self) -> str:
        """Its name and the stamp of who wrote it: a name may come again, as after a restore."""
        return f"{self.name}.{self.meta['stamp']:x}"


class ClusterStore:
    """The generations behind the alias *name*; *root* is a folder for copies of its ledgers."""

    def __init__(
        self,
        root: Path,
        client: Client,
        name: str = "searchsvc",
        shards: int = SHARDS,
        clock: Callable[[], float] = time.time,
        into: str = "",
    ) -> None:
        self.root = root
        self._client = client
        self._name = name
        self._alias = f"{name}-into-{into}" if into else name
        self._shards = shards
        self._clock = clock
        self._indices = Indices(client, name, self._alias)
        self._files = ClusterFiles(client, f"{name}-files", root / "ledgers")
        self._lock = threading.RLock()
        self._open: dict[str, ClusterGeneration] = {}
        self._served: ClusterGeneration | None = None
        self._looked = float("-inf")
        self._is_checked = False  # the version of the cluster

    # -- reading -------------------------------------------------------------------------------

    def current(self) -> ClusterGeneration:
        """The newest generation, open; a new one is picked up within half a second.

        Raises IndexMissing, IndexOutdated, IndexDamaged, ClusterUnavailable and ClusterRefuses.
        """
        with self._lock:
            if not self._served or time.monotonic() > self._looked + LOOK_SECONDS:
                self._served = self._opened(*self._published())
                self._looked = time.monotonic()
            return self._served

    notice: str | None = None  # a cluster looks after its copies itself; see `status`

    def generation(self, name: str) -> ClusterGeneration | None:
        """A generation that is still open here, or current; None if it is gone."""
        with self._lock:
            if name in self._open:
                return self._open[name]
            current = self.current()
            return current if current.name == name else None

    def articles(self) -> int:
        """How many articles the newest generation has, also if it cannot be opened; 0 if none."""
        with suppress(IndexMissing, IndexDamaged):
            return int(self._found()[1]["articles"])
        return 0

    def file(self, name: str) -> str | None:
        """Where a copy of the file *name* of the current generation is; None without an index."""
        with suppress(IndexMissing):
            current = self.current()
            facts = current.meta["files"].get(name)
            return str(self._files.get(facts) if facts else self.root / "ledgers" / name)
        return None

    @contextmanager
    def share(self, name: str, wait: bool) -> Iterator[None]:
        """The right to bring in the share of a corpus called *name*; others bring in theirs."""
        what = f"share-{name.replace('/', '-of-')}-{self._alias.removeprefix(self._name)}"
        with ClusterLock(self._client, f"{self._name}-locks", what).held(wait):
            yield
            if self._alias != self._name:
                self._note_share(name)

    def _note_share(self, name: str) -> None:
        """Has the index say that a share is in it, for `publish`."""
        with self._locked(True):
            index, meta = self._found()
            shares = sorted({*meta.get("shares", ()), name})
            self._indices.put_meta(index, meta | {"shares": shares})
            self._looked = float("-inf")

    def interrupted(self, fresh: bool) -> str | None:
        """The purpose of a build that was saved and not ended; None if there is none to go on."""
        found = self._indices.saved() if fresh or not self._indices.is_there() else None
        return str(found[1]["purpose"]) if found else None

    def verify(self, pause: Callable[[int], None] = lambda size: None) -> list[Damage]:
        """Nothing: nodes compare the checksums of what they read, and heal from copies."""
        return []

    def put_aside(self) -> list[Damage]:
        """Nothing, as `verify`."""
        return []

    def status(self) -> dict[str, Any]:
        """What is served, and how the cluster is.

        Raises what `current` raises.
        """
        current = self.current()
        health = self._client.ask("GET", f"/_cluster/health/{current.index}")
        sizes = self._client.ask("GET", f"/{current.index}/_stats/store")
        published = current.meta["published"]
        return {
            "index": f"{self._name} at {self._client.where}",
            "engine": "opensearch",
            "generation": current.name,
            "published": dt.datetime.fromtimestamp(published, dt.UTC).isoformat(timespec="seconds"),
            "age_seconds": round(self._clock() - published),
            "articles": current.meta["articles"],
            "bytes": sizes["_all"]["primaries"]["store"]["size_in_bytes"],
            "kept": sorted(self._indices.all()),
            "cluster": health["status"],
            "nodes": health["number_of_nodes"],
            "shards": health["active_primary_shards"],
            "missing_shards": health["unassigned_shards"],
            "writing": "writing" in current.meta,
            "notice": None,
        }

    def close(self) -> None:
        """Lets go of the states that are open, and of the connections."""
        with suppress(ClusterUnavailable, ClusterRefuses):
            for one in self._open.values():
                one.engine.close()
        self._client.close()

    def _published(self) -> tuple[str, Json]:
        """The index that is searched, and what it says of itself. Raises IndexOutdated, too."""
        index, meta = self._found()
        for key, ours in versions().items():
            if meta["versions"].get(key) != ours:
                raise IndexOutdated(
                    f"the index {index!r} was made for {key} {meta['versions'].get(key)!r}, this is"
                    f" {ours!r}",
                    REBUILD,
                )
        return index, meta

    def _found(self) -> tuple[str, Json]:
        """The index that is searched, of whatever version."""
        self._check_version()
        return self._indices.published()

    def _check_version(self) -> None:
        if not self._is_checked:
            self._client.check_version()
            self._is_checked = True

    def _opened(self, index: str, meta: Json) -> ClusterGeneration:
        name = f"{meta['number']}r{meta['run']}"
        known = self._open.get(name)
        if known is None or known.meta["published"] != meta["published"]:
            if known:  # of another index, which had the name before
                known.engine.close()
            engine = OpenSearchEngine(self._client, index, meta["articles"]).open()
            return self._keep_open(ClusterGeneration(name, engine, index, meta))
        if known.meta != meta or known.engine.is_past:  # it is being changed, or current again
            known = self._keep_open(replace(known, meta=meta))
        return known

    def _keep_open(self, opened: ClusterGeneration) -> ClusterGeneration:
        others = [one for one in self._open.values() if one.name != opened.name]
        for one in others[:-OPEN_BEFORE]:  # nodes keep a few hundred states, of all who look
            with suppress(ClusterUnavailable, ClusterRefuses):
                one.engine.close()
        for one in others:
            one.engine.is_past = True
        opened.engine.is_past = False
        self._open = {one.name: one for one in (*others[-OPEN_BEFORE:], opened)}
        return opened

    # -- writing -------------------------------------------------------------------------------

    @contextmanager
    def write(
        self, *, fresh: bool = False, wait: bool = False, purpose: str | None = None
    ) -> Iterator[Build | Changes]:
        """A draft of the next generation, current when the block ends without an exception.

        It changes the current one, or fills an index of its own if *fresh* or if there is none; or
        goes on where an interrupted build for the same *purpose* was saved. Raises IndexLocked,
        unless it is to *wait* until nobody else writes, IndexOutdated, ClusterUnavailable and
        ClusterRefuses.
        """
        self._check_version()
        with self._locked(wait) as lock:
            self._looked = float("-inf")
            before = None
            if not fresh:
                with suppress(IndexMissing):
                    before = self.current()
            draft: Build | Changes
            if before:
                draft = Changes(
                    self._client,
                    before.index,
                    self._indices,
                    self._files,
                    lock,
                    before.meta,
                    before.engine,
                )
            else:
                draft = self._build(purpose, lock)
            try:
                yield draft
                lock.check()
                self._publish(draft, before, lock)
            except BaseException:
                draft.drop()
                raise
            draft.drop()
            try:  # the write is done; what follows is for later
                self._collect()
            except (ClusterUnavailable, ClusterRefuses) as error:
                draft.trouble = f"what is old could not be seen to: {error}"

    def _locked(self, wait: bool) -> AbstractContextManager[ClusterLock]:
        what = self._alias.removeprefix(self._name).lstrip("-") or "write"
        return ClusterLock(self._client, f"{self._name}-locks", what).held(wait)

    def _build(self, purpose: str | None, lock: ClusterLock) -> Build:
        """An index to be filled: one that was begun for the same, or a new one."""
        found = self._indices.resume(purpose)
        index, meta = found or self._indices.new(purpose, self._shards)
        return Build(self._client, index, self._indices, self._files, lock, meta, found is not None)

    def _publish(
        self, draft: Build | Changes, before: ClusterGeneration | None, lock: ClusterLock
    ) -> None:
        engine = draft.finished()
        meta = {
            "versions": versions(),
            "number": int(draft.name.rpartition("-")[2]),
            "alias": self._alias,
            "run": before.meta["run"] + 1 if before else 1,
            "published": self._clock(),
            "stamp": draft.stamp,
            "articles": engine.count(),
            "files": draft.keep_files(),
            "shares": before.meta.get("shares", []) if before else [],
        }
        lock.check()
        self._indices.put_meta(draft.name, meta)
        if before is None:
            self._indices.turn(draft.name)
        with self._lock:
            name = f"{meta['number']}r{meta['run']}"
            self._served = self._keep_open(ClusterGeneration(name, engine, draft.name, meta))
            self._looked = time.monotonic()

    def publish(self, into: str, may_shrink: bool = False) -> ClusterGeneration:
        """Has the index that was filled *into* this name searched from now on.

        Raises IndexMissing if there is none, IndexLocked while a share is brought in, IndexDamaged
        after one that was killed, and CorpusShrunk if it has half of the articles or less, unless
        it *may_shrink*.
        """
        other = ClusterStore(self.root, self._client, self._name, into=into)
        with self._locked(False), other._locked(False):
            index, meta = other._published()
            if "writing" in meta:
                said = f"{other._alias!r} was left in the middle of an update"
                raise IndexDamaged(f"{said}; run its share again, then publish it")
            if not may_shrink:
                self._look_at_whole(other, meta)
            now = {"alias": self._name, "published": self._clock()}
            self._indices.put_meta(index, meta | now)
            self._indices.turn(index, other._alias)
            self._looked = float("-inf")
            with suppress(ClusterUnavailable, ClusterRefuses):  # it is done; this is for later
                self._collect()
            return self.current()

    def _look_at_whole(self, other: "ClusterStore", meta: Json) -> None:
        """Raises CorpusShrunk if what is in *other*, which says *meta*, is but a part."""
        if missing := _missing_shares(meta.get("shares", [])):
            some = ", ".join(missing[:5]) + ", …" * (len(missing) > 5)
            raise CorpusShrunk(
                f"{other._alias!r} lacks the shares {some}; bring them in, as with"
                f" {other._indices.filling} --partition {missing[0]}, or, if this is meant: --yes"
            )
        if meta["articles"] * 2 <= self.articles():
            raise CorpusShrunk(
                f"{other._alias!r} has {meta['articles']:,} articles, and what is searched"
                f" {self.articles():,}; is it whole? If this is meant: --yes"
            )

    def _collect(self) -> None:
        """Removes indices and files that nobody can need any more."""
        if self._alias != self._name:
            return
        staying = self._indices.remove_old(self.current().index)
        if any(meta.get("alias") != self._alias for meta in staying):
            return  # another is being filled: its files may be there, and not yet be named
        used = {
            facts["sha256"]
            for meta in staying
            for facts in (*meta.get("files", {}).values(), meta.get("writing"))
            if facts
        }
        self._files.collect(used)


def _missing_shares(done: list[str]) -> list[str]:
    """The shares that lack to one whole parting of a corpus; none if *done* has no share.

    >>> _missing_shares(["1/3", "3/3"]), _missing_shares(["1/2", "2/2", "1/3"])
    (['2/3'], [])
    """
    counts = {int(share.partition("/")[2]) for share in done}
    lacking = [
        [share for number in range(1, count + 1) if (share := f"{number}/{count}") not in done]
        for count in sorted(counts)
    ]
    return min(lacking, key=len, default=[])
