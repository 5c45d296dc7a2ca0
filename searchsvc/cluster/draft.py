"""A generation in the making, in a cluster: a new index that is filled, or changes to one.

Both have a folder on this machine with the files that belong to the generation.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from searchsvc.article import Article
from searchsvc.cluster.files import ClusterFiles
from searchsvc.cluster.indices import Indices
from searchsvc.cluster.lock import ClusterLock
from searchsvc.engines.opensearch import OpenSearchEngine
from searchsvc.engines.opensearch_client import Client
from searchsvc.engines.opensearch_writer import Bulk, line
from searchsvc.errors import ClusterRefuses, ClusterUnavailable

Json: TypeAlias = dict[str, Any]


class _Draft:
    """What both have: the files, and the index that is written to."""

    trouble: str | None = None

    def __init__(
        self,
        client: Client,
        name: str,
        indices: Indices,
        files: ClusterFiles,
        lock: ClusterLock,
        meta: Json,
    ) -> None:
        self.name = name
        self._lock = lock
        self._client = client
        self._indices = indices
        self._files = files
        self._meta = meta
        self.stamp = max(round(time.time() * 1000), meta.get("stamp", 0) + 1)
        self._finished: OpenSearchEngine | None = None
        self._bulk = Bulk(client, name)
        self._folder = Path(tempfile.mkdtemp(prefix="searchsvc-draft-"))
        for file, facts in meta["files"].items():
            shutil.copyfile(files.get(facts), self._folder / file)

    def path(self, name: str) -> str:
        """Where the file *name* of this generation is, to be changed or made.

        It holds the previous one's copy.
        """
        return str(self._folder / name)

    def linked(self, name: str) -> str | None:
        """Where the file *name* of the previous generation is, to be read; None if it had none."""
        path = self._folder / name
        return str(path) if path.exists() else None

    def keep_files(self) -> Json:
        """Has the files in the cluster, and gives what is to be known of them."""
        return {path.name: self._files.put(path) for path in sorted(self._folder.iterdir())}

    def flush(self) -> None:
        """Has every change acknowledged, and seen by those who look at the index from now on."""
        self._bulk.end()
        self._client.ask("POST", f"/{self.name}/_refresh")

    def finished(self) -> OpenSearchEngine:
        """The index as it will be published; nothing is added or deleted after."""
        if self._finished is None:
            self.flush()
            count = self._indices.count(self.name)
            self._finished = OpenSearchEngine(self._client, self.name, count).open()
        return self._finished

    def _put(self, id: str, change: bytes) -> None:
        self._lock.look()  # who was stopped meanwhile may not be the one who writes any more
        self._bulk.put(id, change)

    def drop(self) -> None:
        """Lets go of everything on this machine."""
        self._bulk.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Build(_Draft):
    """An index that is filled: *batch* is the part of it that comes now, *begun* what is there."""

    def __init__(
        self,
        client: Client,
        name: str,
        indices: Indices,
        files: ClusterFiles,
        lock: ClusterLock,
        meta: Json,
        is_resumed: bool,
    ) -> None:
        super().__init__(client, name, indices, files, lock, meta)
        self.doubted: tuple[str, ...] = ()
        self._batch = int(meta["batch"]) + 1
        self.begun = OpenSearchEngine(client, name, meta["saved"]).open() if is_resumed else None

    @property
    def is_resumed(self) -> bool:
        """Whether it goes on where an interrupted build was."""
        return self.begun is not None

    def add(self, article: Article) -> None:
        """Puts an article in; its id must not be there, or be deleted first."""
        self._put(article.id, line(article.id, article, self.stamp, self._batch))

    def delete(self, id: str) -> None:
        """Takes the article with this id out, if it is there."""
        self._put(id, line(id, None, self.stamp))

    def save(self) -> None:
        """Makes a checkpoint, from which the next build goes on if this one is interrupted."""
        self.flush()
        self._meta |= {
            "files": self.keep_files(),
            "batch": self._batch,
            "saved": self._indices.count(self.name),
            "stamp": self.stamp,
        }
        self._lock.check()  # else another may have published the index meanwhile
        self._indices.put_meta(self.name, self._meta)
        self._batch += 1

    def drop(self) -> None:
        if self.begun:
            with suppress(ClusterUnavailable, ClusterRefuses):
                self.begun.close()
        super().drop()


class Changes(_Draft):
    """Changes to the index that is searched, kept on this machine until they are to be made.

    *doubted* are articles that an interrupted run was at: what the index holds of them is not what
    the ledger says.
    """

    is_resumed = False

    def __init__(
        self,
        client: Client,
        name: str,
        indices: Indices,
        files: ClusterFiles,
        lock: ClusterLock,
        meta: Json,
        begun: OpenSearchEngine,
    ) -> None:
        super().__init__(client, name, indices, files, lock, meta)
        self.begun: OpenSearchEngine | None = begun
        self._places: dict[str, int] = {}  # of the last change of each article, in the file
        self._spool = tempfile.TemporaryFile(prefix="searchsvc-changes-")  # noqa: SIM115
        self.doubted: tuple[str, ...] = ()
        if facts := meta.get("writing"):
            self.doubted = tuple(json.loads(files.get(facts).read_bytes()))
        self._noted = set(self.doubted)

    def add(self, article: Article) -> None:
        """Puts an article in; its id must not be there, or be deleted first."""
        self._keep(article.id, line(article.id, article, self.stamp))

    def delete(self, id: str) -> None:
        """Takes the article with this id out, if it is there."""
        self._keep(id, line(id, None, self.stamp))

    def save(self) -> None:
        """Nothing: what is changed is changed at the end."""

    def flush(self) -> None:
        """Makes the changes, after a note of the articles that they are about."""
        if self._places:
            self._lock.check()
            self._noted.update(self._places)
            note = self._folder / "writing.json"
            note.write_text(json.dumps(sorted(self._noted)), "utf-8")
            at_work = {"writing": self._files.put(note), "stamp": self.stamp}
            self._indices.put_meta(self.name, self._meta | at_work)
            note.unlink()
            for id, change in self._changes():
                self._put(id, change)
            self._places.clear()
        super().flush()

    def drop(self) -> None:
        self._spool.close()
        super().drop()

    def _keep(self, id: str, change: bytes) -> None:
        self._places[id] = self._spool.tell()
        self._spool.write(len(change).to_bytes(8, "big") + change)

    def _changes(self) -> Iterator[tuple[str, bytes]]:
        for id, place in self._places.items():
            self._spool.seek(place)
            size = int.from_bytes(self._spool.read(8), "big")
            yield id, self._spool.read(size)
