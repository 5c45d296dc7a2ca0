"""Articles into an index of OpenSearch: which field holds what, and how they are sent.

Words are told apart and stemmed by us. OpenSearch gets them joined by blanks, so that its own
analysis has only to part them again: terms are equal to those of the other engines by construction.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

from searchsvc import analysis
from searchsvc.article import Article
from searchsvc.engines.opensearch_client import BLOCKED, Client
from searchsvc.engines.opensearch_query import LONG, written
from searchsvc.errors import ClusterUnavailable, IndexNotWritten
from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS, texts, values

Json: TypeAlias = dict[str, Any]

VERSION = "OpenSearch, layout 1"
UNDATED = 1e18  # seconds: behind every date

_GAP = 1000  # positions between two values, more than any phrase may span
_LONGEST_VALUE = 8000  # characters of a value of a facet; Lucene takes no term of over 32 KB
_BLOCK_BYTES = 4 << 20  # of one request
_SENDERS = 2  # requests at a time
_SECONDS = 120.0  # for which refused items are sent again
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_LATER = (429, 502, 503, 504)
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def mapping(meta: Json) -> Json:
    """What stands where. For a text field `body` and a facet `people`:

    body            stems and how often
    body_written    folded words, with positions
    body_words      each folded word once, as a column: what patterns and fuzzy words stand for
    people_value    the values as they are, also as a column
    id              the id, also as a column
    day             the day; none where there is no date
    newest, oldest  columns, both in rising order: seconds before and since 1970
    article         the whole article as JSON, stored
    batch           the part of a build that it came with
    """
    word: Json = {"type": "keyword"}
    number: Json = {"type": "double", "index": False}
    properties: Json = {"id": word, "day": {"type": "date", "format": "strict_date"}}
    for name in TEXT_FIELDS:
        text = {"type": "text", "analyzer": "whitespace"}
        properties[name] = {**text, "index_options": "freqs"}
        properties[f"{name}_written"] = {**text, "position_increment_gap": _GAP}
        properties[f"{name}_words"] = {**word, "index": False}
    for name in FACET_FIELDS:
        properties[f"{name}_value"] = {**word, "ignore_above": _LONGEST_VALUE}
    properties |= {"newest": number, "oldest": number, "batch": {"type": "integer"}}
    properties["article"] = {"type": "keyword", "index": False, "doc_values": False}
    return {
        "dynamic": "strict",
        "_source": {"includes": ["article"]},
        "_meta": meta,
        "properties": properties,
    }


def document(article: Article, batch: int) -> Json:
    """*article* as `mapping` has it."""
    made: Json = {"id": article.id, "batch": batch}
    for name in TEXT_FIELDS:
        if found := [_joined(text) for text in texts(article, name)]:
            made[f"{name}_written"] = [words for words, _ in found]
            made[name] = [stems for _, stems in found]
            made[f"{name}_words"] = sorted({word for words, _ in found for word in words.split()})
    for name in FACET_FIELDS:
        if there := values(article, name):
            made[f"{name}_value"] = [written_value(value) for value in there]
    if article.day:
        made["day"] = article.day.isoformat()
    instant = article.instant
    made["newest"] = UNDATED if instant is None else -instant
    made["oldest"] = UNDATED if instant is None else instant
    made["article"] = _encode(article.to_dict())  # ASCII: half a surrogate pair comes through
    return made


def _joined(text: str) -> tuple[str, str]:
    """The words of *text* and their stems, each joined by blanks."""
    words, stems = analysis.joined(text)
    if LONG.search(words):
        return " ".join(map(written, words.split())), " ".join(map(written, stems.split()))
    return words, stems


def written_value(value: str) -> str:
    """*value* as it can be written: half a surrogate pair cannot."""
    return value.encode("utf-8", "replace").decode()


def line(id: str, article: Article | None, stamp: int, batch: int = 0) -> bytes:
    """One change, as `_bulk` takes it: the article under *id*, or none any more.

    It is refused where a change with a later *stamp* was made: it was long under way, then, or its
    writer was stopped while another one wrote.
    """
    action = "index" if article else "delete"
    lines = [_encode({action: {"_id": id, "version": stamp, "version_type": "external_gte"}})]
    if article:
        lines.append(_encode(document(article, batch)))
    return "".join(f"{one}\n" for one in lines).encode("ascii")


class Bulk:
    """Changes on their way to the index *name*. Each is acknowledged by the time `end` returns.

    Of two changes of one article the later one counts.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        wait: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._path = f"/{name}/_bulk"
        self._wait = wait
        self._chance = chance
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_SENDERS, "searchsvc-bulk")
        # Each sender has ids of its own, so that the order of their changes stays.
        self._blocks: list[dict[str, bytes]] = [{} for _ in range(_SENDERS)]
        self._sizes = [0] * _SENDERS
        self._sending: list[Future[None] | None] = [None] * _SENDERS

    def put(self, id: str, change: bytes) -> None:
        """Takes a change, waiting while two blocks are under way. Raises what `end` raises."""
        sender = hash(id) % _SENDERS
        self._blocks[sender][id] = change
        self._sizes[sender] += len(change)
        if self._sizes[sender] >= _BLOCK_BYTES:
            self._send(sender)

    def end(self) -> None:
        """Sends what is left. Raises IndexNotWritten, ClusterUnavailable and ClusterRefuses."""
        for sender in range(_SENDERS):
            self._send(sender)
        for sender in range(_SENDERS):
            self._finish(sender)

    def close(self) -> None:
        """Ends the senders; what was not sent stays unsent."""
        self._pool.shutdown(cancel_futures=True)

    def _send(self, sender: int) -> None:
        self._finish(sender)
        block, self._blocks[sender], self._sizes[sender] = self._blocks[sender], {}, 0
        if block:
            self._sending[sender] = self._pool.submit(self._deliver, block)

    def _finish(self, sender: int) -> None:
        future, self._sending[sender] = self._sending[sender], None
        if future:
            future.result()

    def _deliver(self, block: dict[str, bytes]) -> None:
        """Sends all of *block*, what is refused for now again and again."""
        end = time.monotonic() + _SECONDS
        longest = _FIRST_WAIT
        while True:
            left = end - time.monotonic()
            answer = self._client.ask("POST", self._path, b"".join(block.values()), seconds=left)
            refused = _refused(block, answer["items"])
            if not refused:
                return
            for item in answer["items"]:
                ((_, told),) = item.items()
                if BLOCKED in _reason(told):
                    raise self._client.blocked(_reason(told))
            pause = self._chance() * longest
            if time.monotonic() + pause >= end:
                raise ClusterUnavailable(
                    f"the cluster at {self._client.where} has no room for {len(refused):,} articles"
                    f" of a block of {len(answer['items']):,} at the moment"
                )
            self._wait(pause)
            longest = min(2 * longest, _LONGEST_WAIT)
            block = refused


def _refused(block: dict[str, bytes], items: Iterable[Json]) -> dict[str, bytes]:
    """The changes of *block* to be sent again. Raises IndexNotWritten if one is no good."""
    refused: dict[str, bytes] = {}
    answered = 0
    for id, item in zip(block, items, strict=False):
        ((_, told),) = item.items()
        if told["_id"] != id:
            raise IndexNotWritten(f"the cluster answers about {told['_id']!r}, not about {id!r}")
        answered += 1
        if told["status"] in _LATER:
            refused[id] = block[id]
        elif told["status"] == 409:
            raise IndexNotWritten(f"another process has written the article {id!r} meanwhile")
        elif told["status"] >= 300 and told.get("result") != "not_found":
            raise IndexNotWritten(f"the cluster does not take the article {id!r}: {_reason(told)}")
    if answered < len(block):
        raise IndexNotWritten(f"the cluster answered about {answered:,} of {len(block):,} articles")
    return refused


def _reason(told: Json) -> str:
    error = told.get("error") or {}
    return str(error.get("reason") or error.get("type") or f"status {told['status']}")
