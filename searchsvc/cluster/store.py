"""Generations of an index in a cluster, one of them current: searched, and written anew.

A generation is an index and the number of the run that changed it last: `2r17`. Which index is
searched, an alias says; what was published, `_meta` in its mapping:

    versions   of store, engine, schema and analysis
    number     of the index; `run` of the last change of it
    published  seconds since 1970; `articles` by then
    files      the ledger's, see files.py
    alias      that a build is for, and its `purpose`; `batch` how far it was saved
    writing    while articles are being changed: the file that lists them

An index may be filled *into* another alias, `searchsvc-into-spring`, by several processes;
`publish` turns the alias that is searched to it when all of them are through.
"""

import datetime as dt
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from searchsvc.analysis import ANALYSIS_VERSION
from searchsvc.cluster.draft import Build, Changes, put_meta
from searchsvc.cluster.files import ClusterFiles
from searchsvc.cluster.lock import ClusterLock
from searchsvc.engines.opensearch import OpenSearchEngine
from searchsvc.engines.opensearch_client import Client
from searchsvc.engines.opensearch_writer import VERSION as ENGINE_VERSION
from searchsvc.engines.opensearch_writer import Bulk, line, mapping
from searchsvc.errors import (
    ClusterRefuses,
    ClusterUnavailable,
    CorpusShrunk,
    IndexDamaged,
    IndexMissing,
    IndexOutdated,
)
from searchsvc.generation import Damage
from searchsvc.schema import SCHEMA_VERSION

Json: TypeAlias = dict[str, Any]

LOOK_SECONDS = 0.5  # between two looks at what is current
OPEN_BEFORE = 15  # generations, whose engines stay open; a node keeps 300 states of shards in all
SHARDS = 1
REPLICAS = "0-1"  # as many as there are nodes for, at most one

_REBUILD = "searchsvc reindex"
_VERSION = 1  # of what `_meta` says


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

    def share(self, name: str, wait: bool) -> AbstractContextManager[object]:
        """The right to bring in the share of a corpus called *name*; others bring in theirs."""
        what = f"share-{name.replace('/', '-of-')}-{self._alias.removeprefix(self._name)}"
        return ClusterLock(self._client, f"{self._name}-locks", what).held(wait)

    def interrupted(self, fresh: bool) -> str | None:
        """The purpose of a build that was saved and not ended; None if there is none to go on."""
        found = self._unfinished() if fresh or not self._is_there() else None
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
            "kept": sorted(self._indices()),
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
        for key, ours in _versions().items():
            if meta["versions"].get(key) != ours:
                raise IndexOutdated(
                    f"the index {index!r} was made for {key} {meta['versions'].get(key)!r}, this is"
                    f" {ours!r}",
                    _REBUILD,
                )
        return index, meta

    def _found(self) -> tuple[str, Json]:
        """The index that is searched, of whatever version."""
        self._check_version()
        found = self._client.ask("GET", f"/{self._alias}/_mapping", or_none=(404,))
        if not found:
            said = f"there is no index {self._alias!r} in the cluster at {self._client.where}"
            raise IndexMissing(f"{said}; make one: searchsvc index")
        if len(found) > 1:
            raise IndexDamaged(f"{self._alias!r} stands for {', '.join(sorted(found))}", _REBUILD)
        ((index, told),) = found.items()
        meta = told["mappings"].get("_meta", {})
        if index == self._alias or "run" not in meta:
            said = f"{index!r} in the cluster at {self._client.where} is no index of ours"
            raise ClusterRefuses(f"{said}; choose another name with opensearch_index")
        return index, meta

    def _check_version(self) -> None:
        if not self._is_checked:
            self._client.check_version()
            self._is_checked = True

    def _is_there(self) -> bool:
        return bool(self._client.ask("GET", f"/{self._alias}/_mapping", or_none=(404,)))

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
                draft = Changes(self._client, before.index, self._files, before.meta, before.engine)
            else:
                draft = self._build(purpose)
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

    def _build(self, purpose: str | None) -> Build:
        """An index to be filled: one that was begun for the same, or a new one."""
        found = self._unfinished()
        is_resumed = found is not None and purpose is not None and found[1]["purpose"] == purpose
        for name, (meta, _) in self._indices().items():
            is_left = "run" not in meta and meta.get("alias") == self._alias
            if is_left and not (is_resumed and found and name == found[0]):
                self._client.ask("DELETE", f"/{name}", or_none=(404,))
        if found and is_resumed:
            index, meta = found
            self._drop_after(index, meta["batch"])
            count = int(self._client.ask("GET", f"/{index}/_count")["count"])
            begun = OpenSearchEngine(self._client, index, count).open()
            return Build(self._client, index, self._files, meta, begun)
        index, meta = self._new_index(purpose)
        return Build(self._client, index, self._files, meta, None)

    def _new_index(self, purpose: str | None) -> tuple[str, Json]:
        """An index that holds nothing, with the next number, and what it says of itself."""
        settings = {
            "number_of_shards": self._shards,
            "auto_expand_replicas": REPLICAS,
            "refresh_interval": "-1",  # what is written is seen when it is whole
        }
        while True:
            there = self._indices()
            number = max((int(name.rpartition("-")[2]) for name in there), default=0) + 1
            index = f"{self._name}-{number:06}"
            meta = {
                "versions": _versions(),
                "number": number,
                "alias": self._alias,
                "purpose": purpose,
                "batch": 0,
                "files": {},
            }
            made = {"settings": settings, "mappings": mapping(meta)}
            try:
                self._client.ask("PUT", f"/{index}", made)
            except ClusterRefuses:
                if index not in self._indices():  # else another build has taken the number
                    raise
            else:
                return index, meta

    def _unfinished(self) -> tuple[str, Json] | None:
        """An index that a build was saved in, and what it says of itself."""
        for index, (meta, _) in self._indices().items():
            is_saved = "run" not in meta and meta.get("batch") and meta["alias"] == self._alias
            if is_saved and meta["versions"] == _versions():
                return index, meta
        return None

    def _indices(self) -> dict[str, tuple[Json, list[str]]]:
        """All indices of ours by name, with what they say of themselves, and their aliases."""
        found = self._client.ask("GET", f"/{self._name}-*") or {}
        return {
            index: (found[index]["mappings"].get("_meta", {}), list(found[index]["aliases"]))
            for index in sorted(found)
            if re.fullmatch(re.escape(self._name) + r"-[0-9]{6,}", index)
        }

    def _drop_after(self, index: str, batch: int) -> None:
        """Takes out what came after a build was saved."""
        bulk = Bulk(self._client, index)
        try:
            while True:
                self._client.ask("POST", f"/{index}/_refresh")
                query = {"range": {"batch": {"gt": batch}}}
                asked = {"size": 10_000, "_source": False, "query": query}
                found = self._client.ask("POST", f"/{index}/_search", asked)["hits"]["hits"]
                if not found:
                    return
                for hit in found:
                    bulk.put(hit["_id"], line(hit["_id"], None))
                bulk.end()
        finally:
            bulk.close()

    def _publish(
        self, draft: Build | Changes, before: ClusterGeneration | None, lock: ClusterLock
    ) -> None:
        engine = draft.finished()
        meta = {
            "versions": _versions(),
            "number": int(draft.name.rpartition("-")[2]),
            "alias": self._alias,
            "run": before.meta["run"] + 1 if before else 1,
            "published": self._clock(),
            "articles": engine.count(),
            "files": draft.keep_files(),
        }
        lock.check()
        put_meta(self._client, draft.name, meta)
        if before is None:
            self._turn(self._alias, draft.name)
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
            if not may_shrink and meta["articles"] * 2 <= self.articles():
                raise CorpusShrunk(
                    f"{other._alias!r} has {meta['articles']:,} articles, and what is searched"
                    f" {self.articles():,}; are all shares there? If this is meant: --yes"
                )
            put_meta(self._client, index, meta | {"alias": self._name})
            self._turn(self._name, index, other._alias)
            self._looked = float("-inf")
            self._collect()
            return self.current()

    def _turn(self, alias: str, index: str, *dropped: str) -> None:
        """Has *alias* stand for *index* alone, and *dropped* ones for nothing, in one step."""
        ours = f"{self._name}-*"
        turned: list[Json] = [
            {"remove": {"index": ours, "alias": one, "must_exist": False}}
            for one in (alias, *dropped)
        ]
        turned.append({"add": {"index": index, "alias": alias}})
        self._client.ask("POST", "/_aliases", {"actions": turned})

    def _collect(self) -> None:
        """Removes indices and files that nobody can need any more."""
        if self._alias != self._name:
            return
        current = self.current().index
        indices = self._indices()
        spare = [
            name
            for name, (meta, aliases) in indices.items()
            if not aliases and meta.get("alias") == self._alias
        ]
        before = [name for name in spare if name < current][-1:]
        for name in spare:
            if name not in before and "run" in indices[name][0]:
                self._client.ask("DELETE", f"/{name}", or_none=(404,))
                del indices[name]
        if any(meta.get("alias") != self._alias for meta, _ in indices.values()):
            return  # another is being filled: its files may be there, and not yet be named
        used = {
            facts["sha256"]
            for meta, _ in indices.values()
            for facts in (*meta.get("files", {}).values(), meta.get("writing"))
            if facts
        }
        self._files.collect(used)


def _versions() -> Json:
    return {
        "store": _VERSION,
        "engine": ENGINE_VERSION,
        "schema": SCHEMA_VERSION,
        "analysis": ANALYSIS_VERSION,
    }
