"""A published generation, open: what searches hold on to while newer ones are published."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from searchsvc.engines.base import Engine
from searchsvc.generation import Manifest


@dataclass(frozen=True, slots=True)
class DirectoryGeneration:
    """A published generation, its engine open.

    `reason` is why it is served and not the newest, None if it is.
    """

    name: str
    engine: Engine
    manifest: Manifest
    folder: Path
    inode: int
    clock: Callable[[], float]
    reason: str | None = None

    @property
    def identity(self) -> str:
        """Its name and when it was published: a name may come again, as after a restore."""
        return f"{self.name}.{round(self.manifest['published'] * 1000):x}"

    @property
    def is_spare(self) -> bool:
        """Whether it is the copy of a generation that is gone."""
        return self.folder.name.startswith("spare-")

    @property
    def fallback(self) -> str | None:
        """For readers: that it is not the newest, and its age; None as long as it is."""
        if self.reason is None:
            return None
        age = _spoken(self.clock() - self.manifest["published"])
        said = "the newest state of the index is damaged"
        return f"{said}; generation {self.name} is served, {age} old"

    @property
    def notice(self) -> str | None:
        """For operators: what is damaged, and what is served instead; None if all is well."""
        if self.fallback:
            return f"{self.reason}: {self.fallback}"
        if self.is_spare:
            return f"generation {self.name} is damaged; its spare copy, which is equal, is served"
        return None

    @property
    def about(self) -> Hashable:
        """What `notice` is about: equal as long as there is nothing new to say but its age."""
        return self.folder.name, self.reason

    @property
    def lineage(self) -> str:
        """Generations that may share files have one lineage; a spare begins its own."""
        return self.folder.name if self.is_spare else str(self.manifest["lineage"])

    def is_there(self) -> bool:
        """Whether it is still where it was opened, and not another in its place."""
        try:
            return self.folder.stat().st_ino == self.inode
        except FileNotFoundError:
            return False


def _spoken(seconds: float) -> str:
    """A time span as it is said: its largest unit.

    >>> _spoken(42), _spoken(7300), _spoken(200_000)
    ('42 seconds', '2 hours', '2 days')
    """
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{seconds:.0f} seconds"
