"""Every harness notices the bugs that it is there for: planted, a slice has to show them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import clocks, corruption, errors, full_disk, kills, power
from .errors import Failure
from .figures import Figures
from .indexer import Indexers
from .planted import BUGS, plant
from .scenarios import Scenario
from .strace import Call, points

pytestmark = pytest.mark.faults

_SEALED = "/draft/MANIFEST.json"  # made when everything else of a generation is there


@dataclass(frozen=True)
class Ground:
    """Where a bug is planted."""

    bug: str
    scenarios: dict[str, Scenario]
    indexers: Indexers
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    engine: str

    def calls(self, scenario: str, name: str, part: str) -> list[Call]:
        """The calls of one name on files with *part* in their paths."""
        with self.indexers.one() as indexer:
            found = points(indexer, self.scenarios[scenario], self.folder, self.bug)
        return [call for call in found if call.name == name and part in call.arguments]

    def killed(self, scenario: str, name: str, part: str) -> Figures:
        """Kills at up to six such calls."""
        some = self.calls(scenario, name, part)[:6]
        assert some
        where = self.scenarios[scenario]
        return kills.at_calls(self.indexers, where, some, self.folder, 1, self.bug)

    def failed(self, name: str, part: str) -> Figures:
        """Such calls of an update that fail."""
        failures = [Failure(call, "EIO", False) for call in self.calls("update", name, part)[:6]]
        assert failures
        where = self.scenarios["update"]
        return errors.at_calls(self.indexers, where, failures, self.folder, 1, self.bug)

    def powerless(self) -> Figures:
        """An update that loses power."""
        with self.indexers.one() as indexer:
            recording = power.record(indexer, self.scenarios["update"], self.folder, self.bug)
        return power.losses(self.indexers, recording, 8, self.folder, 1, after_all=1.0)

    def filled(self) -> Figures:
        """A first run on a disk that is too small."""
        first = self.scenarios["first"]
        return full_disk.walk(self.indexers, first, 65_536, self.folder, 1, self.bug)

    def struck(self) -> Figures:
        """Corruption that this process looks for."""
        plant(self.bug, self.monkeypatch.setattr)
        kept = corruption.kept(self.scenarios["merge"])
        return corruption.strikes(self.indexers, kept, 10, self.folder, 1)

    def struck_after(self) -> Figures:
        """Corruption of what an update has written."""
        with self.indexers.one() as indexer:
            after = corruption.followed(
                indexer, self.scenarios["first"], self.folder / "after", self.bug
            )
        return corruption.strikes(self.indexers, corruption.kept(after), 10, self.folder, 1)

    def jumped(self) -> Figures:
        """Clocks that jump."""
        plant(self.bug, self.monkeypatch.setattr)
        return clocks.jumps(self.engine, 3, 8, self.folder, 1)


UNTRUE = "acknowledged, but not there"

# The bug, the harness that has to notice it, and how it puts it.
SHOWN: list[tuple[str, Callable[[Ground], Figures], str]] = [
    ("no_sync", Ground.powerless, UNTRUE),
    ("folders_not_synced", Ground.powerless, UNTRUE),
    ("sync_may_fail", lambda at: at.failed("fsync", "/draft"), "acknowledged all the same"),
    ("failure_acknowledged", lambda at: at.failed("write", "/draft/"), UNTRUE),
    ("failure_acknowledged", Ground.filled, UNTRUE),
    ("old_removed_first", lambda at: at.killed("update", "rename", "/draft"), "cannot be read"),
    ("ledger_shared", lambda at: at.killed("merge", "openat", _SEALED), "wrong after the next run"),
    ("changed_in_place", lambda at: at.killed("merge", "write", ".trm"), "neither old nor new"),
    ("sizes_only", Ground.struck, "not found by verify"),
    ("spare_linked", Ground.struck_after, "leaves nothing that is whole"),
    ("newest_by_clock", Ground.jumped, "is not current"),
]


@pytest.mark.one_thread("the bugs are the store's, and some are shown by losses of power")
@pytest.mark.parametrize(("bug", "notice", "said"), SHOWN)
@pytest.mark.usefixtures("strace")
def test_a_planted_bug_is_noticed(
    bug: str,
    notice: Callable[[Ground], Figures],
    said: str,
    scenarios: dict[str, Scenario],
    indexers: Indexers,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    writable_name: str,
) -> None:
    if notice == Ground.filled and (reason := full_disk.why_not(folder)):
        pytest.skip(reason)
    figures = notice(Ground(bug, scenarios, indexers, folder, monkeypatch, writable_name))
    assert any(said in wrong for wrong in figures.wrong), [figures, figures.wrong]


def test_every_bug_is_planted() -> None:
    assert {bug for bug, _, _ in SHOWN} == set(BUGS)
