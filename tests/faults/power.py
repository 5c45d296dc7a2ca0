"""Losses of power: a run is recorded once, and repeated up to any step on a disk that then loses.

What was acknowledged before the run was synced before it began. After its last step the run is
acknowledged, and what it wrote has to be there whatever was not synced is lost.
"""

import codecs
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .disk import Disk, File, Folder, files
from .figures import Figures, scratch
from .indexer import Indexer, Indexers
from .scenarios import Scenario, copy_linked
from .strace import Call, calls

_TRACED = (
    "openat,read,write,pwrite64,lseek,ftruncate,sendfile,copy_file_range,rename,renameat,renameat2"
    ",link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync"
)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLACE = re.compile(r"(?:\b(\d+)|AT_FDCWD)<((?:[^>\\]|\\.)*)>")
_NUMBER = re.compile(r"(?:^|, )\[?(-?\d+)\]?(?=,|$| =>)")


@dataclass(frozen=True)
class Recording:
    """The steps of a run, and the folder that holds the index folder as it was before them."""

    scenario: Scenario
    steps: Sequence[Call]
    place: str  # where the run thought that folder was
    before: Path


def record(indexer: Indexer, scenario: Scenario, folder: Path, planted: str = "") -> Recording:
    """A run, recorded. That nothing is missing in it is made sure of by repeating it."""
    before, place = folder / f"{scenario.name}-before", folder / f"{scenario.name}-recorded"
    before.mkdir(parents=True)
    place.mkdir()
    index = scenario.copy(place / "index")
    copy_linked(index, before / "index")
    log = folder / f"{scenario.name}.log"
    options = ["-o", str(log), "-y", "-s", str(1 << 24), "-e", f"trace={_TRACED}"]
    outcome = scenario.run(indexer, index, strace=options, planted=planted)
    assert outcome.is_acknowledged, outcome
    steps = [call for call in calls(log) if not call.result.startswith(("-", "?"))]
    recording = Recording(scenario, steps, str(place), before)
    with scratch(folder, "repeated") as scratched:
        _Repeat(recording).until(len(steps)).write_to(scratched / "all")
        assert dict(files(scratched / "all")) == dict(files(place)), "the recording is not whole"
    return recording


class _Repeat:
    """Takes a disk through the steps of a recording."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._disk = Disk(recording.before)
        self._open: dict[str, tuple[File, int]] = {}  # by descriptor: the file, and the place

    def until(self, count: int) -> Disk:
        """The disk after so many steps."""
        for step in self._recording.steps[:count]:
            self._do(step)
        return self._disk

    def _path(self, path: str) -> str:
        """*path* on the disk that the run is repeated on."""
        return path.replace(self._recording.place, str(self._recording.before), 1)

    def _do(self, step: Call) -> None:
        bare = _TEXT.sub('""', step.arguments)
        places = [(number, self._path(path)) for number, path in _PLACE.findall(bare)]
        texts = [_unescaped(text) for text in _TEXT.findall(step.arguments)]
        numbers = [int(number) for number in _NUMBER.findall(_PLACE.sub("<>", bare))]
        match step.name:
            case "openat":
                self._do_open(step, bare, self._paths(places, texts)[0])
            case "read" | "write" | "pwrite64" | "lseek" | "ftruncate":
                self._do_data(step, places[0][0], texts, numbers)
            case "sendfile" | "copy_file_range":
                self._do_copy(step, [number for number, _ in places], numbers)
            case "fsync" | "fdatasync":
                self._do_sync(*places[0])
            case _:
                paths = self._paths(places, texts)
                if all(self._disk.has(path) for path in paths):
                    self._do_entries(step.name, paths)

    def _paths(self, places: list[tuple[str, str]], texts: list[bytes]) -> list[str]:
        """The paths that a call names, below the folders that it names."""
        paths = [self._path(text.decode("utf-8", "surrogateescape")) for text in texts]
        folders = [folder for _, folder in places] or [""] * len(paths)
        return [str(Path(folder, path)) for folder, path in zip(folders, paths, strict=False)]

    def _do_open(self, step: Call, bare: str, path: str) -> None:
        self._open.pop(step.result, None)
        if not self._disk.has(path):
            return
        node = self._disk.find(path)
        if node is None and "O_CREAT" in bare:
            node = File(is_dirty=True)
            self._disk.put(path, node)
        if isinstance(node, File):
            if "O_TRUNC" in bare:
                node.truncate(0)
            self._open[step.result] = node, len(node.data) if "O_APPEND" in bare else 0

    def _do_data(self, step: Call, number: str, texts: list[bytes], numbers: list[int]) -> None:
        if number not in self._open:
            return
        file, place = self._open[number]
        done = int(step.result)
        match step.name:
            case "lseek":
                place = done
            case "ftruncate":
                file.truncate(numbers[-1])
            case "pwrite64":
                file.write(numbers[-1], texts[0][:done])
            case "write":
                file.write(place, texts[0][:done])
                place += done
            case "read":
                place += done
        self._open[number] = file, place

    def _do_copy(self, step: Call, ends: list[str], numbers: list[int]) -> None:
        source, target = reversed(ends) if step.name == "sendfile" else ends
        if source not in self._open or target not in self._open:
            raise NotImplementedError(f"a copy across disks: {step}")
        (file, place), (into, at) = self._open[source], self._open[target]
        done, is_told = int(step.result), "[" in step.arguments
        start = numbers[-2] if is_told else place
        into.write(at, bytes(file.data[start : start + done]))
        self._open[target] = into, at + done
        if not is_told:
            self._open[source] = file, place + done

    def _do_sync(self, number: str, path: str) -> None:
        file = self._open.get(number)
        node = file[0] if file else self._disk.find(path)
        if node is not None:
            self._disk.sync(node)

    def _do_entries(self, name: str, paths: list[str]) -> None:
        match name:
            case "mkdir" | "mkdirat":
                self._disk.put(paths[0], Folder())
            case "unlink" | "unlinkat" | "rmdir":
                self._disk.remove(paths[0])
            case "link" | "linkat":
                node = self._disk.find(paths[0])
                assert node is not None, paths
                self._disk.put(paths[1], node)
            case _:
                self._disk.rename(*paths)


def _unescaped(text: str) -> bytes:
    return codecs.escape_decode(text.encode("utf-8", "surrogateescape"))[0]


def losses(
    indexers: Indexers,
    recording: Recording,
    count: int,
    folder: Path,
    seed: int,
    after_all: float = 0.2,
) -> Figures:
    """So many losses of power at any step; of *after_all*, a share of them, after the last one."""
    scenario, last = recording.scenario, len(recording.steps)
    figures = Figures(f"power, {scenario.name}", seed)
    chance = random.Random(f"{seed} {scenario.name}")
    changing = [
        number + 1
        for number, step in enumerate(recording.steps)
        if step.name not in ("read", "lseek")
    ]
    cuts = [last if chance.random() < after_all else chance.choice(changing) for _ in range(count)]

    def lose(indexer: Indexer, cut: tuple[int, int]) -> None:
        number, count = cut
        drawn = random.Random(f"{seed} {scenario.name} {number}")
        disk = _Repeat(recording).until(count)
        with scratch(folder, f"lost-{number}") as place:
            lost = disk.lose_power(place / "left", drawn)
            fault = f"power lost after step {count} of {last}, number {number}: {lost}"
            figures.count("fired")
            state = figures.judge(scenario, place / "left" / "index", fault)
            if count == last and state == "old":
                figures.wrong.append(f"{scenario.name}, {fault}: acknowledged, but not there")
            figures.recover(indexer, scenario, place / "left" / "index", fault)

    indexers.each(lose, list(enumerate(cuts)))
    return figures
