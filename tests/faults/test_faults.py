"""Every kind of fault: a slice of it in CI, all of it with `--thorough`."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from . import clocks, corruption, errors, full_disk, kills, lives, power
from .figures import Figures, is_ci
from .indexer import Indexers
from .scenarios import Scenario
from .strace import Call

pytestmark = pytest.mark.faults

Tell = Callable[[Figures], None]

RUNS = ("first", "update", "save", "resume", "reindex", "merge", "collect")


def chosen(found: list[Call], count: int, chosen_by: str, thorough: bool) -> list[Call]:
    """Calls to be hit: all, or some, of which half are near the moment of publishing."""
    if thorough:
        return found
    chance = random.Random(chosen_by)
    published = next(n for n, call in enumerate(found) if "CURRENT.new" in call.arguments)
    near = found[max(0, published - 6) : published + 6]
    return chance.sample(near, count // 2) + chance.sample(found, count - count // 2)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.usefixtures("strace")
def test_kills_at_system_calls(
    name: str,
    calls: Callable[[str], list[Call]],
    scenarios: dict[str, Scenario],
    indexers: Indexers,
    folder: Path,
    seed: int,
    thorough: bool,
    tell: Tell,
) -> None:
    some = chosen(calls(name), 5, f"{seed} {name}", thorough)
    figures = kills.at_calls(indexers, scenarios[name], some, folder, seed)
    tell(figures)
    assert figures.fired > figures.missed


@pytest.mark.parametrize("name", RUNS)
def test_kills_at_any_time(
    name: str,
    scenarios: dict[str, Scenario],
    indexers: Indexers,
    folder: Path,
    seed: int,
    thorough: bool,
    tell: Tell,
) -> None:
    if name not in scenarios:
        pytest.skip("strace is not installed")
    count = 40 if thorough else 2
    tell(kills.at_random(indexers, scenarios[name], count, folder, seed))


def test_kills_of_the_command_itself(
    scenarios: dict[str, Scenario],
    indexers: Indexers,
    folder: Path,
    seed: int,
    thorough: bool,
    tell: Tell,
) -> None:
    count = 40 if thorough else 2
    tell(kills.of_the_command(indexers, scenarios["update"], count, folder, seed))


def test_kills_through_a_life(
    writable_name: str,
    indexers: Indexers,
    folder: Path,
    seed: int,
    thorough: bool,
    tell: Tell,
) -> None:
    with indexers.one() as indexer:
        tell(lives.live(indexer, writable_name, 60 if thorough else 5, folder, seed))


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.usefixtures("strace")
def test_errors_of_system_calls(
    name: str,
    calls: Callable[[str], list[Call]],
    scenarios: dict[str, Scenario],
    indexers: Indexers,
    folder: Path,
    seed: int,
    thorough: bool,
    tell: Tell,
) -> None:
    chance = random.Random(f"{seed} {name}")
    some = chosen(calls(name), 6, f"{seed} {name}", thorough)
    failures = [chance.choice(errors.failures([call])) for call in some]
    tell(errors.at_calls(indexers, scenarios[name], failures, folder, seed))


@pytest.mark.one_thread("a recording is repeated call by call, in one order")
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.usefixtures("strace")
def test_losses_of_power(
    name: str,
    scenarios: dict[str, Scenario],
    indexers: Indexers,
    folder: Path,
    seed: int,
    thorough: bool,
    tell: Tell,
) -> None:
    with indexers.one() as indexer:
        recording = power.record(indexer, scenarios[name], folder)
    tell(power.losses(indexers, recording, 150 if thorough else 6, folder, seed))


@pytest.mark.parametrize("name", ["first", "update"])
def test_a_full_disk(
    name: str,
    scenarios: dict[str, Scenario],
    indexers: Indexers,
    folder: Path,
    seed: int,
    thorough: bool,
    tell: Tell,
) -> None:
    if reason := full_disk.why_not(folder):
        assert not is_ci(), reason
        pytest.skip(reason)
    step = 4096 if thorough else 65_536
    tell(full_disk.walk(indexers, scenarios[name], step, folder, seed))


@pytest.mark.parametrize("name", ["merge", "after collect", "after reindex", "resume"])
def test_corruption(
    name: str,
    scenarios: dict[str, Scenario],
    indexers: Indexers,
    folder: Path,
    seed: int,
    thorough: bool,
    tell: Tell,
) -> None:
    run = name.removeprefix("after ")
    if run not in scenarios:
        pytest.skip("strace is not installed")
    scenario = scenarios[run]
    if run != name:
        with indexers.one() as indexer:
            scenario = corruption.followed(indexer, scenario, folder / "followed")
    kept = corruption.kept(scenario)
    tell(corruption.strikes(indexers, kept, 700 if thorough else 10, folder, seed))


def test_clocks_that_jump(
    writable_name: str, folder: Path, seed: int, thorough: bool, tell: Tell
) -> None:
    histories = 40 if thorough else 3
    tell(clocks.jumps(writable_name, histories, 10, folder, seed))
