"""OpenSearch: a cluster, for archives that outgrow one machine (https://opensearch.org).

An engine looks at one state of an index, a point in time, which nodes keep for it as long as it is
asked now and then. When the nodes that kept it are gone, another one is taken.
"""

import re
import threading
from collections.abc import Iterator
from typing import Any

from searchsvc.article import Article
from searchsvc.engines import opensearch_query as compiled
from searchsvc.engines.base import Bucket, Hit, SearchRequest, SearchResult, Sort
from searchsvc.engines.opensearch_client import REQUEST_SECONDS, Client
from searchsvc.engines.opensearch_query import Json
from searchsvc.engines.opensearch_writer import written_value
from searchsvc.engines.word_lists import Listed, WordLists
from searchsvc.errors import ClusterUnavailable, CursorExpired
from searchsvc.query.tree import Days, Query

# Values of a facet, and words at a time: a cluster lists 65,535 in one answer.
MOST_BUCKETS = 60_000
_SOME_BUCKETS = 10_000  # of each of several facets

_KEPT_FOR = "10m"  # a point in time, since it was last asked
_WINDOW = 10_000  # hits that a cluster goes through at once
_SECONDS = 10.0  # for a search that has no time of its own
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
        after = None
        is_partial = False
        if request.offset + request.limit > _WINDOW:
            after, body["size"], is_partial = self._after(body, request)
        else:
            body["from"] = request.offset
        if after is _BEHIND_THE_LAST:
            body["size"] = 0
        elif after is not None:
            body["search_after"] = after
        answer = self._ask(body, request.seconds)
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
            body = {"pit_id": [state]}
            path = "/_search/point_in_time"
            self._client.ask("DELETE", path, body, seconds=1.0, or_none=(404, 503))

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

    def _after(self, body: Json, request: SearchRequest) -> tuple[Any, int, bool]:
        """The sort values of the hit before the page, how many hits the page may have, and whether
        some part was missing on the way."""
        place = 0
        after = None
        is_partial = False
        walking = {k: v for k, v in body.items() if k not in ("aggs", "_source")}
        while place < request.offset:
            step = min(_WINDOW, request.offset - place)
            walking |= {"size": step, "_source": False}
            if after is not None:
                walking["search_after"] = after
            answer = self._ask(walking, request.seconds)
            is_partial = is_partial or _is_partial(answer)
            hits = answer["hits"]["hits"]
            place += len(hits)
            if len(hits) < step:
                return _BEHIND_THE_LAST, 0, is_partial
            after = hits[-1]["sort"]
        return after, min(_WINDOW, request.limit), is_partial

    def _ask(self, body: Json, seconds: float | None) -> Json:
        """Searches the state; another one is taken where nodes have lost it."""
        partly: Json | None = None
        for is_again in (False, True):
            try:
                state = self._point((seconds or _SECONDS) + _MORE_SECONDS)
            except ClusterUnavailable:
                if partly:  # a part is missing, and is not to be had
                    return partly
                raise
            asked = {**body, "pit": {"id": state, "keep_alive": _KEPT_FOR}}
            asked["timeout"] = f"{max(1, round((seconds or _SECONDS) * 1000))}ms"
            answer: Json | None = self._client.ask(
                "POST",
                "/_search",
                asked,
                parameters={"search_type": "dfs_query_then_fetch"},
                seconds=(seconds or _SECONDS) + _MORE_SECONDS,
                or_none=_LOST,
            )
            if answer is not None and (is_again or not _has_lost(answer)):
                return answer
            partly = answer
            with self._lock:
                self._state = None
        raise ClusterUnavailable(f"the index {self._name!r} cannot be searched just now")

    def _point(self, seconds: float = REQUEST_SECONDS) -> str:
        with self._lock:
            if self._state is None and self.is_past:  # what is there now is something else
                raise CursorExpired(
                    "the cluster no longer has the state of the index that this cursor walks"
                    " through; begin anew without the cursor"
                )
            if self._state is None:
                opened = self._client.ask(
                    "POST",
                    f"/{self._name}/_search/point_in_time",
                    parameters={"keep_alive": _KEPT_FOR, "allow_partial_pit_creation": "false"},
                    seconds=seconds,
                )
                self._state = str(opened["pit_id"])
            return self._state

    # -- words -----------------------------------------------------------------------------------

    def _listed(self, field: str, prefix: str) -> Iterator[tuple[str, int]]:
        """Words of *field* that begin with *prefix*, some thousand at a time."""
        wanted = f"{_literal(prefix)}.*"
        having: Json = {"prefix": {f"{field}_written": prefix}} if prefix else {"match_all": {}}
        while wanted:
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
            for bucket in found["buckets"]:
                yield bucket["key"], bucket["doc_count"]
            wanted = _behind(prefix, bucket["key"]) if found["sum_other_doc_count"] else ""


_BEHIND_THE_LAST = object()  # there is no such page


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


def _has_lost(answer: Json) -> bool:
    """Whether some node does not have the state any more."""
    failures = answer["_shards"].get("failures", ())
    return bool(failures)


def _literal(text: str) -> str:
    """*text* in Lucene's regular expressions."""
    return re.sub(r"([.?+*|{}\[\]()\"\\#@&<>~^$-])", r"\\\1", text)


def _behind(prefix: str, word: str) -> str:
    """A regular expression for what begins with *prefix* and sorts behind *word*."""
    parts = [f"{_literal(word)}.+"]
    for place in range(len(prefix), len(word)):
        parts.append(f"{_literal(word[:place])}[^\0-{_literal(word[place])}].*")
    return "|".join(parts)
