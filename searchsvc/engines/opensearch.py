"""OpenSearch: a cluster, for archives that outgrow one machine (https://opensearch.org).

An engine looks at one state of an index, a point in time, which nodes keep for it as long as it is
asked now and then. When the nodes that kept it are gone, another one is taken.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from cachetools import LRUCache

from searchsvc.article import Article
from searchsvc.engines import opensearch_query as compiled
from searchsvc.engines.base import Bucket, Hit, SearchRequest, SearchResult, Sort
from searchsvc.engines.opensearch_client import REQUEST_SECONDS, Client
from searchsvc.engines.opensearch_query import Json
from searchsvc.engines.opensearch_writer import written_value
from searchsvc.engines.word_lists import Listed, WordLists
from searchsvc.errors import ClusterRefuses, ClusterUnavailable, CursorExpired
from searchsvc.query.tree import Days, Query

# Values of a facet, and words at a time: a cluster lists 65,535 in one answer.
MOST_BUCKETS = 60_000
_SOME_BUCKETS = 10_000  # of each of several facets
_TOLD_LETTERS = 20  # of a word: a regular expression may have 1,000 characters

_KEPT_FOR = "5m"  # a point in time, since it was last asked; a node keeps its copy for as long
_WINDOW = 10_000  # hits that a cluster goes through at once
_MOST_ENDS = 10_000  # of pages and steps, of which is known what the next one begins behind
_SECONDS = 10.0  # for a search that has no time of its own
_REST_SECONDS = 2.0  # after which another state is asked for again
_MORE_SECONDS = 2.0  # for the way there and back
# What is answered for a point in time that no node has any more, or whose node is not there.
_LOST = (404, 500)


class OpenSearchEngine:
    """A state of the index *name*, with so many *articles*, open for reading."""

    def __init__(self, client: Client, name: str, articles: int) -> None:
        self._client = client
        self._name = name
        self._articles = articles
        self._lists = WordLists()
        self._lock = threading.Lock()
        self._state: str | None = None  # the point in time
        self._ends: LRUCache[tuple[bytes, int], Any] = LRUCache(_MOST_ENDS)
        self._in_vain = float("-inf")  # when another state was asked for last, and not to be had
        self.is_past = False  # the index has been changed since: no other state is this one

    def open(self) -> "OpenSearchEngine":
        """Itself, looking at the index as it is now."""
        self._point()
        return self

    # -- the Engine protocol -------------------------------------------------------------------

    def search(self, request: SearchRequest) -> SearchResult:
        if request.seconds is not None and request.seconds <= 0:
            nothing: dict[str, tuple[Bucket, ...]] = dict.fromkeys(request.facets, ())
            return SearchResult(total=0, hits=(), facets=nothing, partial=True)
        body = self._body(request)
        is_partial = False
        if request.offset + request.limit > _WINDOW:
            is_partial = self._begin_behind(body, request)
        else:
            body["from"] = request.offset
        answer = self._ask(body, request.seconds)
        self._note_end(body, request.offset, answer)
        return SearchResult(
            total=int(answer["hits"]["total"]["value"]),
            hits=tuple(
                Hit(Article.from_json(hit["_source"]["article"]), hit["_score"] or 0.0)
                for hit in answer["hits"]["hits"]
            ),
            facets={name: self._buckets(name, body, answer) for name in request.facets},
            partial=is_partial or _is_partial(answer),
        )

    def get(self, id: str) -> Article | None:
        query = {"constant_score": {"filter": {"term": {"id": id}}}}
        answer = self._ask({"size": 1, "query": query, "_source": ["article"]}, None)
        for hit in answer["hits"]["hits"]:
            return Article.from_json(hit["_source"]["article"])
        if _is_partial(answer):
            raise ClusterUnavailable(f"a part of the index {self._name!r} is missing just now")
        return None

    def count(self) -> int:
        return self._articles

    def terms(self, field: str, prefix: str) -> Listed:
        return self._lists.of(field, prefix, lambda: self._listed(field, prefix))

    def close(self) -> None:
        """Has the nodes let go of the state."""
        with self._lock:
            state, self._state = self._state, None
        if state:
            self._let_go(state)

    # -- a search --------------------------------------------------------------------------------

    def _body(self, request: SearchRequest) -> Json:
        query: Query = request.query
        filters: list[Json] = []
        if request.since or request.until:
            filters.append(compiled.of(Days(request.since, request.until)))
        chosen = {
            name: {"terms": {f"{name}_value": [written_value(value) for value in wanted]}}
            for name, wanted in request.filters.items()
            if wanted
        }
        body: Json = {
            "size": request.limit,
            "query": {"bool": {"must": [compiled.of(query)], "filter": filters}},
            "sort": _order(request.sort),
            "track_scores": True,
            "track_total_hits": True,
            "_source": ["article"],
        }
        if chosen:
            body["post_filter"] = {"bool": {"filter": list(chosen.values())}}
        if request.facets:
            body["aggs"] = {name: _facet(name, chosen) for name in request.facets}
        return body

    def _buckets(self, name: str, body: Json, answer: Json) -> tuple[Bucket, ...]:
        """The values of a facet in the *answer* to *body*."""
        found = answer["aggregations"][name]["values"]
        if found["sum_other_doc_count"]:  # there are more, and counts may leave some shards out
            facet = body["aggs"][name]
            facet["aggs"]["values"]["terms"]["size"] = MOST_BUCKETS
            alone = {"size": 0, "query": body["query"], "aggs": {name: facet}}
            whole = self._ask(alone, None)
            answer["timed_out"] = answer["timed_out"] or _is_partial(whole)
            found = whole["aggregations"][name]["values"]
        return tuple(Bucket(bucket["key"], bucket["doc_count"]) for bucket in found["buckets"])

    def _begin_behind(self, body: Json, request: SearchRequest) -> bool:
        """Has *body* ask for what comes behind the hit before the page, or for no hit if there is
        none; and says whether some part of them was missing, or time ran out on the way there."""
        place, after = self._end_before(body, request.offset)
        body["size"] = min(_WINDOW, request.limit)
        is_partial = False
        end = time.monotonic() + (request.seconds or _SECONDS)
        walking = {k: v for k, v in body.items() if k not in ("aggs", "_source")}
        while place < request.offset:
            step = min(_WINDOW, request.offset - place)
            walking |= {"size": step, "_source": False}
            if after is not None:
                walking["search_after"] = after
            answer = self._ask(walking, max(0.001, end - time.monotonic()))
            is_partial = is_partial or _is_partial(answer) or time.monotonic() > end
            self._note_end(walking, place, answer)
            hits = answer["hits"]["hits"]
            place += len(hits)
            if len(hits) < step or is_partial:
                body["size"] = 0
                return is_partial
            after = hits[-1]["sort"]
        if after is not None:
            body["search_after"] = after
        return is_partial

    def _end_before(self, body: Json, offset: int) -> tuple[int, Any]:
        """The last place up to *offset* of which is known what the hits from there on come behind,
        and that."""
        asked = _asked(body)
        with self._lock:
            for place in (offset, *range(offset // _WINDOW * _WINDOW, 0, -_WINDOW)):
                if after := self._ends.get((asked, place)):
                    return place, after
        return 0, None

    def _note_end(self, body: Json, offset: int, answer: Json) -> None:
        hits = answer["hits"]["hits"]
        if _is_partial(answer):  # its last hit may be another one
            return
        if hits and offset + len(hits) >= _WINDOW // 2:  # nobody walks through what is near
            with self._lock:
                self._ends[_asked(body), offset + len(hits)] = hits[-1]["sort"]

    def _ask(self, body: Json, seconds: float | None) -> Json:
        """Searches the state; another one is taken where nodes have lost it.

        An answer of which a part is missing says so, where no other is to be had.
        """
        state = self._point()
        answer = self._search_in(state, body, seconds)
        if answer is not None and (not _lacks(answer) or not self._may_be_retaken()):
            return answer
        try:
            state = self._retaken(state, (seconds or _SECONDS) + _MORE_SECONDS)
        except ClusterUnavailable:
            if answer is None:
                raise
            return answer
        again = self._search_in(state, body, seconds)
        if again is None:
            raise ClusterUnavailable(f"the index {self._name!r} cannot be searched just now")
        return again

    def _search_in(self, state: str, body: Json, seconds: float | None) -> Json | None:
        """What the state answers; None if it is lost."""
        own = seconds or _SECONDS
        asked = {**body, "pit": {"id": state, "keep_alive": _KEPT_FOR}}
        asked["timeout"] = f"{max(1, round(own * 1000))}ms"
        answer: Json | None = self._client.ask(
            "POST",
            "/_search",
            asked,
            parameters={"search_type": "dfs_query_then_fetch"},
            # One that nobody waits for may take all of its time on any node.
            seconds=(own + _MORE_SECONDS) * (1 if seconds else 2),
            or_none=_LOST,
        )
        return answer

    def _may_be_retaken(self) -> bool:
        """Whether another state would be the same, and none was asked for in vain just now."""
        return not self.is_past and time.monotonic() > self._in_vain + _REST_SECONDS

    def _point(self) -> str:
        with self._lock:
            if self._state is None:
                self._take(REQUEST_SECONDS)
            return str(self._state)

    def _retaken(self, lost: str, seconds: float) -> str:
        """A state that is not the one that was *lost*, of which nodes let go what they have."""
        with self._lock:
            if self._state != lost and self._state is not None:  # another thread has one
                return self._state
            try:
                self._take(seconds)
            except ClusterUnavailable:
                self._in_vain = time.monotonic()
                raise
            taken = str(self._state)
        with suppress(ClusterUnavailable, ClusterRefuses):
            self._let_go(lost)
        return taken

    def _take(self, seconds: float) -> None:
        if self.is_past:  # what is there now is something else
            raise CursorExpired(
                "the cluster no longer has the state of the index that this cursor walks"
                " through; begin anew without the cursor"
            )
        opened = self._client.ask(
            "POST",
            f"/{self._name}/_search/point_in_time",
            parameters={"keep_alive": _KEPT_FOR, "allow_partial_pit_creation": "false"},
            seconds=seconds,
        )
        self._state = str(opened["pit_id"])
        self._ends.clear()  # another copy may score otherwise

    def _let_go(self, state: str) -> None:
        body = {"pit_id": [state]}
        path = "/_search/point_in_time"
        self._client.ask("DELETE", path, body, seconds=1.0, or_none=(404, 500, 503))

    # -- words -----------------------------------------------------------------------------------

    def _listed(self, field: str, prefix: str) -> Iterator[tuple[str, int]]:
        """Words of *field* that begin with *prefix*, some thousand at a time."""
        wanted = f"{_literal(prefix)}.*"
        last = ""
        having: Json = {"prefix": {f"{field}_written": prefix}} if prefix else {"match_all": {}}
        while True:
            words: Json = {
                "field": f"{field}_words",
                "include": wanted,
                # 2.19 fails by its own ordinals where no word begins so.
                "execution_hint": "map",
                "size": MOST_BUCKETS,
                "order": {"_key": "asc"},
            }
            query = {"constant_score": {"filter": having}}
            asked = {"size": 0, "query": query, "aggs": {"words": {"terms": words}}}
            answer = self._ask(asked, None)
            if _is_partial(answer):
                raise ClusterUnavailable(f"a part of the index {self._name!r} is missing just now")
            found = answer["aggregations"]["words"]
            new = [bucket for bucket in found["buckets"] if bucket["key"] > last]
            for bucket in new:
                yield bucket["key"], bucket["doc_count"]
            if not new or not found["sum_other_doc_count"]:
                return
            last = new[-1]["key"]
            wanted = _from(prefix, last)


def _order(sort: Sort) -> list[Json]:
    column = "oldest" if sort is Sort.OLDEST else "newest"
    by_date: list[Json] = [{column: "asc"}, {"id": "asc"}]
    return [{"_score": "desc"}, *by_date] if sort is Sort.RELEVANCE else by_date


def _facet(name: str, chosen: dict[str, Json]) -> Json:
    """The values of a facet, counted among what is found under the other filters chosen."""
    others = [query for other, query in chosen.items() if other != name]
    order = [{"_count": "desc"}, {"_key": "asc"}]
    terms = {"field": f"{name}_value", "size": _SOME_BUCKETS, "order": order}
    return {"filter": {"bool": {"filter": others}}, "aggs": {"values": {"terms": terms}}}


def _is_partial(answer: Json) -> bool:
    return bool(answer["timed_out"] or answer["_shards"]["failed"])


def _lacks(answer: Json) -> bool:
    """Whether a shard did not answer: its node may not have the state any more."""
    return bool(answer["_shards"].get("failures", ()))


def _literal(text: str) -> str:
    """*text* in Lucene's regular expressions."""
    return re.sub(r"([.?+*|{}\[\]()\"\\#@&<>~^$-])", r"\\\1", text)


def _from(prefix: str, word: str) -> str:
    """A regular expression for what begins with *prefix* and sorts behind *word*.

    And for *word* itself, and what shares more letters with it than a cluster lets us tell.
    """
    rest = word[len(prefix) :][:_TOLD_LETTERS]
    parts = [f"{_literal(rest)}.*"]
    for place, letter in enumerate(rest):
        parts.append(f"{_literal(rest[:place])}[^\0-{_literal(letter)}].*")
    return f"{_literal(prefix)}({'|'.join(parts)})"


def _asked(body: Json) -> bytes:
    """What decides which hit is at which place, in short: a pattern may be 10,000 words."""
    parts = [body[key] for key in ("query", "post_filter", "sort") if key in body]
    return hashlib.sha256(json.dumps(parts).encode()).digest()
