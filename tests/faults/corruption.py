"""Corruption: bits, ends and blocks of files that are not as they were written, or files gone.

Files are damaged where they lie, so what generations share is damaged in all of them. `verify` has
to find every file that differs, and what is served then is the newest generation that is whole,
with its own content. One damaged file never leaves an index without a whole generation.
"""

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from searchsvc.errors import IndexDamaged
from searchsvc.store import DirectoryStore

from .disk import files
from .figures import Figures, scratch
from .indexer import Indexer, Indexers
from .scenarios import Scenario
from .world import Content, content, held

MANIFEST = "MANIFEST.json"
_BESIDE = ("checkpoint-", "draft/", "names.sqlite", "LOCK")  # no part of what is served


def _flip(data: bytes, chance: random.Random) -> bytes:
    place, bit = chance.randrange(len(data)), 1 << chance.randrange(8)
    return data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.choice((0, len(data) // 2, len(data) - 1))]


def _zero(data: bytes, chance: random.Random) -> bytes:
    size = min(len(data), chance.choice((1, 16, 512, 4096)))
    place = chance.randrange(len(data) - size + 1)
    return data[:place] + bytes(size) + data[place + size :]


def _grow(data: bytes, chance: random.Random) -> bytes:
    return data + chance.randbytes(chance.choice((1, 100)))


_CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a bit flipped in": _flip,
    "cut short:": _cut,
    "zeros in": _zero,
    "something added to": _grow,
}


@dataclass(frozen=True)
class Kept:
    """An index as it was written: every file, and the content of every generation and spare."""

    scenario: Scenario
    files: dict[str, bytes]
    contents: dict[str, Content]  # by folder


def kept(scenario: Scenario) -> Kept:
    """What the index of *scenario* holds."""
    store = DirectoryStore(scenario.index, scenario.engine)
    contents = {}
    for folder in sorted(scenario.index.glob("*-[0-9]*")):
        generation = store.generation(folder.name.rpartition("-")[2])
        assert generation, folder
        contents[folder.name] = content(generation.engine)
    return Kept(scenario, dict(files(scenario.index)), contents)


def followed(indexer: Indexer, scenario: Scenario, index: Path, planted: str = "") -> Scenario:
    """The *scenario* after its run, in the folder *index*: to be struck, and brought up to date."""
    outcome = scenario.run(indexer, scenario.copy(index), planted=planted)
    assert outcome.is_acknowledged, outcome
    return replace(scenario, name=f"after {scenario.name}", index=index)


def strike(kept: Kept, index: Path, chance: random.Random) -> str:
    """Damages one file, of which all names are hit, and says how; "" if nothing came of it."""
    name = chance.choice(_struck(kept, chance))
    path = index / name
    if not path.exists():
        return ""
    data = path.read_bytes()
    how = chance.choice((*_CHANGES, *_CHANGES, "removed:", "swapped with another:"))
    if how == "removed:":
        path.unlink()  # one name only: other generations keep theirs
    elif how == "swapped with another:":
        other = index / chance.choice([one for one in kept.files if one != name])
        if not other.exists() or other.read_bytes() == data or path.samefile(other):
            return ""
        path.write_bytes(other.read_bytes())
        other.write_bytes(data)
        name = f"{name} and {other.relative_to(index)}"
    else:
        after = _CHANGES[how](data, chance) if data or how == "something added to" else data
        if after == data:
            return ""
        path.write_bytes(after)  # the same inode, so in every generation that links it
    return f"{how} {name}"


def _struck(kept: Kept, chance: random.Random) -> list[str]:
    """The files to choose from: those of one generation, or now and then any that lie elsewhere."""
    folders = [*kept.contents] * 4 + [""] * len(kept.contents)
    folder = chance.choice(folders)
    if folder:
        return [name for name in kept.files if name.startswith(f"{folder}/")]
    return [name for name in kept.files if name.partition("/")[0] not in kept.contents]


def strikes(indexers: Indexers, kept: Kept, count: int, folder: Path, seed: int) -> Figures:
    """So many times some damage, in a fresh copy each."""
    figures = Figures(f"corruption, {kept.scenario.name}", seed)
    slowest = [0.0]

    def damage(indexer: Indexer, number: int) -> None:
        chance = random.Random(f"{seed} {kept.scenario.name} {number}")
        with scratch(folder, f"struck-{number}") as place:
            index = kept.scenario.copy(place / "index")
            struck = [strike(kept, index, chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
            fault = f"number {number}: {', '.join(filter(None, struck))}"
            if not any(struck):
                figures.count("missed")
                return
            figures.count("fired")
            is_single = len(list(filter(None, struck))) == 1 and "swapped" not in fault
            started = time.perf_counter()
            state = _look(figures, kept, index, fault, is_single)
            slowest[0] = max(slowest[0], time.perf_counter() - started)
            if state != "wrong":
                _recover(figures, indexer, kept.scenario, index, fault, state)

    indexers.each(damage, range(count))
    figures.notes.append(f"found and fallen back in {slowest[0]:.2f} s at most")
    return figures


def _look(figures: Figures, kept: Kept, index: Path, fault: str, is_single: bool) -> str:
    """Has the damage found; "whole" if a generation is served then, "none" or "wrong"."""
    now = dict(files(index))
    hit = {name for name, data in kept.files.items() if _differs(name, data, now.get(name))}
    whole = [name for name in kept.contents if not any(one.startswith(f"{name}/") for one in hit)]
    store = DirectoryStore(index, kept.scenario.engine)
    found = {f"{damage.generation}/{damage.file}" for damage in store.verify()}
    unseen = [name for name in hit if not _is_seen(name, found)]
    if unseen:
        figures.wrong.append(f"{kept.scenario.name}, {fault}: not found by verify: {unseen}")
        return "wrong"
    if not whole and is_single:
        figures.wrong.append(f"{kept.scenario.name}, {fault}: it leaves nothing that is whole")
    newest = max(whole, key=lambda name: name.rpartition("-")[2], default="")
    for reader in (store, DirectoryStore(index, kept.scenario.engine)):
        try:
            seen = content(reader.current().engine)
        except IndexDamaged:
            seen = None
        if seen != (kept.contents[newest] if newest else None):
            figures.wrong.append(f"{kept.scenario.name}, {fault}: {newest or 'nothing'} is not it")
            return "wrong"
    if newest and kept.contents[newest] == kept.scenario.before:
        figures.count("old")
    return "whole" if newest else "none"


def _differs(name: str, before: bytes, now: bytes | None) -> bool:
    if name.endswith(MANIFEST) and now is not None:
        with suppress(ValueError):  # what counts is what it says
            return bool(json.loads(before) != json.loads(now))
    return before != now


def _is_seen(name: str, found: set[str]) -> bool:
    folder = name.partition("/")[0]
    return (
        name in found
        or f"{folder}/{MANIFEST}" in found
        or name.startswith(_BESIDE)
        or name == "CURRENT"  # what is served tells
    )


def _recover(
    figures: Figures, indexer: Indexer, scenario: Scenario, index: Path, fault: str, state: str
) -> None:
    if state == "whole":
        figures.recover(indexer, scenario, index, fault)
        return
    outcome = indexer.run(scenario.arguments(index, "reindex"))
    if not outcome.is_acknowledged or held(index, scenario.engine) != scenario.after:
        figures.wrong.append(f"{scenario.name}, {fault}: a rebuild does not help")
