"""The indices of one name in a cluster: which is searched, which are in the making, which are old.

Which index is searched, an alias says; what was published, `_meta` in its mapping:

    versions   of store, engine, schema and analysis
    number     of the index; `run` of the last change of it
    published  seconds since 1970; `articles` by then
    stamp      of the last writer, greater than those before; a version of every article it wrote
    files      the ledger's, see files.py
    alias      that a build is for, and its `purpose`; `batch` how far it was saved, with `saved`
               articles
    shares     of the corpus that were brought in, of an index that is filled into another alias
    writing    while articles are being changed: the file that lists them
"""

import re
from typing import Any, TypeAlias

from searchsvc.analysis import ANALYSIS_VERSION
from searchsvc.engines.opensearch_client import Client
from searchsvc.engines.opensearch_writer import VERSION as ENGINE_VERSION
from searchsvc.engines.opensearch_writer import Bulk, line, mapping
from searchsvc.errors import ClusterRefuses, ClusterUnavailable, IndexDamaged, IndexMissing
from searchsvc.schema import SCHEMA_VERSION

Json: TypeAlias = dict[str, Any]

REPLICAS = "0-1"  # as many as there are nodes for, at most one
REBUILD = "searchsvc reindex"
_LOOK_SECONDS = 5.0  # for what is searched; people wait for it
_VERSION = 1  # of what `_meta` says


def versions() -> Json:
    """Of what an index is made for."""
    return {
        "store": _VERSION,
        "engine": ENGINE_VERSION,
        "schema": SCHEMA_VERSION,
        "analysis": ANALYSIS_VERSION,
    }


class Indices:
    """The indices `name-000001` and on, of which *alias* stands for one."""

    def __init__(self, client: Client, name: str, alias: str) -> None:
        self._client = client
        self._name = name
        self._alias = alias
        into = alias.removeprefix(f"{name}-into-")
        # The command that fills it, where it is not the one that is searched.
        self.filling = "" if alias == name else f"searchsvc reindex --into {into}"

    def is_there(self) -> bool:
        """Whether the alias stands for anything."""
        return bool(self._client.ask("GET", f"/{self._alias}/_mapping", or_none=(404,)))

    def published(self) -> tuple[str, Json]:
        """The index that the alias stands for, of whatever version, and what it says of itself.

        Raises IndexMissing, IndexDamaged and ClusterRefuses.
        """
        path = f"/{self._alias}/_mapping"
        found = self._client.ask("GET", path, seconds=_LOOK_SECONDS, or_none=(404,))
        if not found:
            said = f"there is no index {self._alias!r} in the cluster at {self._client.where}"
            raise IndexMissing(f"{said}; make one: {self.filling or 'searchsvc index'}")
        if len(found) > 1:
            raise IndexDamaged(f"{self._alias!r} stands for {', '.join(sorted(found))}", REBUILD)
        ((index, told),) = found.items()
        meta = told["mappings"].get("_meta", {})
        if index == self._alias or "run" not in meta:
            said = f"{index!r} in the cluster at {self._client.where} is no index of ours"
            raise ClusterRefuses(f"{said}; choose another name with opensearch_index")
        return index, meta

    def all(self) -> dict[str, tuple[Json, list[str]]]:
        """Every index by its name, with what it says of itself, and its aliases."""
        found = self._client.ask("GET", f"/{self._name}-*") or {}
        return {
            index: (found[index]["mappings"].get("_meta", {}), list(found[index]["aliases"]))
            for index in sorted(found)
            if re.fullmatch(re.escape(self._name) + r"-[0-9]{6,}", index)
        }

    def put_meta(self, index: str, meta: Json) -> None:
        """Has an index say *meta* of itself, in one step."""
        self._client.ask("PUT", f"/{index}/_mapping", {"_meta": meta})

    def count(self, index: str) -> int:
        """The articles of an index, as whoever looks now sees it.

        Raises ClusterUnavailable where a part of it is missing.
        """
        return int(_whole(self._client.ask("GET", f"/{index}/_count"))["count"])

    def turn(self, index: str, *dropped: str) -> None:
        """Has the alias stand for *index* alone, and *dropped* ones for nothing, in one step."""
        turned: list[Json] = [
            {"remove": {"index": f"{self._name}-*", "alias": alias, "must_exist": False}}
            for alias in (self._alias, *dropped)
        ]
        turned.append({"add": {"index": index, "alias": self._alias}})
        self._client.ask("POST", "/_aliases", {"actions": turned})

    # -- in the making -------------------------------------------------------------------------

    def new(self, purpose: str | None, shards: int) -> tuple[str, Json]:
        """An index that holds nothing, with the next number, and what it says of itself."""
        settings = {
            "number_of_shards": shards,
            "auto_expand_replicas": REPLICAS,
            "refresh_interval": "-1",  # what is written is seen when it is whole
        }
        while True:
            number = max(map(_number, self.all()), default=0) + 1
            index = f"{self._name}-{number:06}"
            meta = {
                "versions": versions(),
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
                if index not in self.all():  # else another build has taken the number
                    raise
            else:
                return index, meta

    def saved(self) -> tuple[str, Json] | None:
        """An index that a build was saved in, and what it says of itself."""
        for index, (meta, aliases) in self.all().items():
            is_begun = self._is_begun(meta, aliases)
            if is_begun and meta["batch"] and meta["versions"] == versions():
                return index, meta
        return None

    def resume(self, purpose: str | None) -> tuple[str, Json] | None:
        """What was `saved` for *purpose*, as it was then; other builds for the alias are removed.

        None if there is nothing of it, or if what was saved is there no more.
        """
        found = self.saved() if purpose is not None else None
        if found and (found[1]["purpose"] != purpose or not self._is_as_saved(*found)):
            found = None
        for index, (meta, aliases) in self.all().items():
            if self._is_begun(meta, aliases) and not (found and index == found[0]):
                self.remove(index)
        return found

    def _is_begun(self, meta: Json, aliases: list[str]) -> bool:
        """Whether an index that says *meta* is in the making, for the alias."""
        return not aliases and "run" not in meta and meta.get("alias") == self._alias

    def _is_as_saved(self, index: str, meta: Json) -> bool:
        """Takes out what came after an index was saved, and says whether that is all.

        It is not if a build went on here and wrote some of the saved articles again.
        """
        self._drop_after(index, meta["batch"])
        return self.count(index) == int(meta.get("saved", -1))

    def _drop_after(self, index: str, batch: int) -> None:
        bulk = Bulk(self._client, index)
        try:
            while True:
                self._client.ask("POST", f"/{index}/_refresh")
                query = {"range": {"batch": {"gt": batch}}}
                asked = {"size": 10_000, "_source": False, "version": True, "query": query}
                answer = _whole(self._client.ask("POST", f"/{index}/_search", asked))
                found = answer["hits"]["hits"]
                if not found:
                    return
                for hit in found:
                    bulk.put(hit["_id"], line(hit["_id"], None, hit["_version"]))
                bulk.end()
        finally:
            bulk.close()

    # -- what is old ---------------------------------------------------------------------------

    def remove(self, index: str) -> None:
        """Removes an index and all its articles."""
        self._client.ask("DELETE", f"/{index}", or_none=(404,))

    def remove_old(self, current: str) -> list[Json]:
        """Removes what nobody needs but *current*; gives what those that stay say of themselves.

        The one that was searched before stays, and whatever is in the making.
        """
        there = self.all()
        ours = [
            index
            for index, (meta, aliases) in there.items()
            if not aliases and meta.get("alias") == self._alias and "run" in meta
        ]
        ours.sort(key=lambda index: float(there[index][0]["published"]))
        before = next((index for index in reversed(ours) if index != current), None)
        for index in ours:
            if index not in (before, current):
                self.remove(index)
                del there[index]
        return [meta for meta, _ in there.values()]


def _number(index: str) -> int:
    return int(index.rpartition("-")[2])


def _whole(answer: Json) -> Json:
    """*answer*, if no part of the index was missing. Raises ClusterUnavailable."""
    if answer["_shards"]["failed"] or answer.get("timed_out"):
        raise ClusterUnavailable("a part of the index that is written is missing just now")
    return answer
