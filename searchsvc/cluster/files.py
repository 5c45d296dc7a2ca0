"""Files kept in a cluster, by what they hold: the ledgers that belong to generations of an index.

A copy of each that was needed is kept on this machine, and looked at before it is used.
"""

import base64
import hashlib
import os
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from searchsvc.engines.opensearch_client import Client
from searchsvc.errors import IndexDamaged

# Size and SHA-256 of a file, by its name.
Facts: TypeAlias = dict[str, Any]

_PART = 4 << 20  # bytes of a document
_KEPT_SECONDS = 24 * 60 * 60.0  # for which a copy stays that another process may be at
_MAPPING = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
    "mappings": {
        "dynamic": "strict",
        "properties": {"sha256": {"type": "keyword"}, "part": {"type": "binary"}},
    },
}


class ClusterFiles:
    """The files in the index *name*, with copies in the folder *kept*."""

    def __init__(self, client: Client, name: str, kept: Path) -> None:
        self._client = client
        self._name = name
        self._kept = kept

    def put(self, path: Path) -> Facts:
        """Keeps the file at *path*, and gives what `get` needs to know."""
        facts = _facts(path)
        if self._part(facts["sha256"], facts["parts"] - 1) is None:
            self._client.make_index(self._name, _MAPPING)
            with path.open("rb") as file:
                for number in range(facts["parts"]):
                    part = base64.b64encode(file.read(_PART)).decode()
                    document = {"sha256": facts["sha256"], "part": part}
                    self._client.ask(
                        "PUT", f"/{self._name}/_doc/{facts['sha256']}-{number}", document
                    )
        return facts

    def get(self, facts: Facts) -> Path:
        """Where the file with these facts is on this machine. Nobody may change it there."""
        path = self._kept / str(facts["sha256"])
        if path.exists() and _facts(path) == facts:
            return path
        self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._kept, delete=False) as file:
            for number in range(facts["parts"]):
                part = self._part(facts["sha256"], number)
                if part is None:
                    raise IndexDamaged(f"{self._name!r} lacks a part of {facts['sha256']}")
                file.write(part)
        if _facts(Path(file.name)) != facts:
            raise IndexDamaged(f"{self._name!r} does not hold what was written: {facts['sha256']}")
        os.replace(file.name, path)
        return path

    def collect(self, used: Collection[str]) -> None:
        """Removes all files but those with a hash that is *used*."""
        if self._kept.is_dir():
            for path in self._kept.iterdir():
                with suppress(FileNotFoundError):  # others look after it, too
                    is_old = path.stat().st_mtime < time.time() - _KEPT_SECONDS
                    if is_old and path.name not in used:
                        path.unlink()
        for id in list(self._unused(used)):
            self._client.ask("DELETE", f"/{self._name}/_doc/{id}", or_none=(404,))

    def _unused(self, used: Collection[str]) -> Iterator[str]:
        self._client.ask("POST", f"/{self._name}/_refresh", or_none=(404,))
        query = {"bool": {"must_not": {"terms": {"sha256": sorted(used)}}}}
        asked = {"size": 1000, "_source": False, "query": query}
        found = self._client.ask("POST", f"/{self._name}/_search", asked, or_none=(404,))
        for hit in found["hits"]["hits"] if found else ():
            yield hit["_id"]

    def _part(self, sha256: str, number: int) -> bytes | None:
        path = f"/{self._name}/_doc/{sha256}-{number}"
        found = self._client.ask("GET", path, or_none=(404,))
        return base64.b64decode(found["_source"]["part"]) if found else None


def _facts(path: Path) -> Facts:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    return {"sha256": digest, "size": size, "parts": max(1, -(-size // _PART))}
