"""No file can do harm: every limit fires, costs one article, and leaves nothing behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from searchsvc.article import Article
from searchsvc.corpus import CorpusFile
from searchsvc.readers import Item, Problem, process, read, sandbox
from searchsvc.readers.sandbox import Limits, read_files

FAULTY = Path(__file__).with_name("faulty_worker.py")
QUICK = Limits(cpu_seconds=1, memory_mb=100, wall_seconds=20)

NewFile = Callable[..., CorpusFile]


@pytest.fixture(autouse=True)
def _faulty_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-P", "-W", "ignore", str(FAULTY)))
    assert children() == []
    yield
    assert children() == []


@pytest.fixture
def new_file(tmp_path: Path) -> NewFile:
    """Makes a file with one command a line."""
    numbers = iter(range(1000))

    def new(*commands: str) -> CorpusFile:
        path = tmp_path / f"{next(numbers):03}.faulty"
        path.write_text("".join(f"{command}\n" for command in commands))
        return CorpusFile(path, path.name, path.stat().st_size, 0, "faulty", "tests")

    return new


def children() -> list[str]:
    """Processes that this one has started and that are still there, zombies too."""
    found: list[str] = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(OSError):  # a thread that has ended since
            found += (task / "children").read_text().split()
    return found


def summary(items: Iterator[Item]) -> list[str]:
    """Titles of articles, and what is said of those that could not be read."""
    return [
        item.title if isinstance(item, Article) else f"{item.place}: {item.reason}"
        for item in items
    ]


def read_one(file: CorpusFile, limits: Limits = QUICK) -> list[str]:
    ((_, found),) = ((file, summary(items)) for file, items in read_files([file], 1, limits))
    return found


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("spin", "took more than 1 s of CPU"),
        ("spin-in-c", "took more than 1 s of CPU"),
        ("swallow", "needed more than 100 MB of memory"),
        ("swallow-slowly", "needed more than 100 MB of memory"),
        ("abort", "the parser died (signal 6): free(): invalid pointer"),
        ("segfault", "the parser died (signal 11)"),
        ("exit", "the parser died (exit code 3)"),
        ("raise", "the parser failed: ValueError: no such thing"),
        ("refuse", "is not to be read"),
        ("recurse", "is nested too deeply to be read"),
    ],
)
def test_what_goes_wrong_costs_one_article(command: str, reason: str, new_file: NewFile) -> None:
    file = new_file("article A", command, "article B", "article C")
    assert read_one(file) == ["A", f"line 2: {reason}", "B", "C"]


def test_a_worker_that_makes_no_progress_is_killed(new_file: NewFile) -> None:
    file = new_file("article A", "sleep", "article B")
    limits = Limits(cpu_seconds=1, wall_seconds=4)  # a busy machine may be slow to start a worker
    assert read_one(file, limits) == ["A", "line 2: made no progress for 4 s", "B"]


def test_many_bad_articles_in_one_file(new_file: NewFile) -> None:
    file = new_file("abort", "abort", "article A", "exit", "article B", "abort")
    died = "the parser died (signal 6): free(): invalid pointer"
    assert read_one(file) == [
        f"line 1: {died}",
        f"line 2: {died}",
        "A",
        "line 4: the parser died (exit code 3)",
        "B",
        f"line 6: {died}",
    ]


def test_a_file_that_kills_worker_after_worker_is_given_up(
    new_file: NewFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_MOST_DEATHS", 3)
    file = new_file("article A", *["exit"] * 9, "article B")
    assert read_one(file) == [
        "A",
        "line 2: the parser died (exit code 3)",
        "line 3: the parser died (exit code 3)",
        ": the parser died (exit code 3); the rest of the file is not read",
    ]


def test_a_file_that_cannot_be_split_is_a_problem_and_the_next_is_read(
    new_file: NewFile, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    files = [new_file("article A", f"split exit {log}", "article B"), new_file("article C")]
    found = [summary(items) for _, items in read_files(files, 1, QUICK)]
    assert found == [
        ["A", ": the parser died (exit code 3); the rest of the file is not read"],
        ["C"],
    ]
    assert log.stat().st_size == 2  # the second time it is clear that no article is to blame


def test_cpu_is_counted_for_each_article_and_not_for_the_worker(new_file: NewFile) -> None:
    file = new_file(*["burn 0.6"] * 4)
    assert read_one(file) == ["0.6"] * 4


def test_what_a_parser_prints_does_no_harm(new_file: NewFile) -> None:
    assert read_one(new_file("print", "article A")) == ["", "A"]


def test_files_come_in_order_with_their_own_items(new_file: NewFile) -> None:
    files = [new_file(*[f"article {n}"] * (1 + n * 7 % 40)) for n in range(30)]
    for file, (given, items) in zip(files, read_files(files, 2, QUICK), strict=True):
        assert given == file
        assert summary(items) == [str(files.index(file))] * (1 + files.index(file) * 7 % 40)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has all workers read every file, as they do large ones."""
    monkeypatch.setattr(sandbox, "_SHARED_FROM", 0)


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_file_that_workers_share_comes_in_order(workers: int, new_file: NewFile) -> None:
    files = [new_file(*[f"article {n}.{i}" for i in range(n * 7)]) for n in range(9)]
    for n, (_, items) in enumerate(read_files(files, workers, QUICK)):
        assert summary(items) == [f"{n}.{i}" for i in range(n * 7)]


@pytest.mark.usefixtures("shared")
def test_two_workers_share_the_articles_of_a_file(new_file: NewFile) -> None:
    ((_, items),) = ((f, summary(i)) for f, i in read_files([new_file(*["pid"] * 8)], 2, QUICK))
    assert len(set(items)) == 2
    assert items[0::2] == [items[0]] * 4
    assert items[1::2] == [items[1]] * 4


@pytest.mark.usefixtures("shared")
def test_what_goes_wrong_in_a_shared_file_costs_one_article(new_file: NewFile) -> None:
    file = new_file("article A", "exit", "spin", "article B", "abort", "raise", "article C")
    ((_, found),) = ((f, summary(items)) for f, items in read_files([file], 2, QUICK))
    assert found == [
        "A",
        "line 2: the parser died (exit code 3)",
        "line 3: took more than 1 s of CPU",
        "B",
        "line 5: the parser died (signal 6): free(): invalid pointer",
        "line 6: the parser failed: ValueError: no such thing",
        "C",
    ]


@pytest.mark.usefixtures("shared")
def test_a_share_that_is_given_up_leaves_the_others(
    new_file: NewFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_MOST_DEATHS", 2)
    file = new_file(*["article A", "exit"] * 4, "article B")
    ((_, found),) = ((f, summary(items)) for f, items in read_files([file], 2, QUICK))
    assert [title for title in found if len(title) == 1] == ["A", "A", "A", "A", "B"]
    assert found[3] == (
        ": the parser died (exit code 3); the rest of its share of the file is not read"
    )


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("fault", ["refuse", "other"])
def test_a_file_that_is_not_the_same_to_all_workers_is_told(
    fault: str, new_file: NewFile, tmp_path: Path
) -> None:
    file = new_file("article A", f"split once {fault} {tmp_path / 'log'}", "article B", "article C")
    ((_, found),) = ((f, list(items)) for f, items in read_files([file], 2, QUICK))
    (told,) = (i for i in found if isinstance(i, Problem) and "another number" in i.reason)
    assert told.may_pass, "the next run reads it again"


def test_going_on_to_the_next_file_drops_what_is_left(new_file: NewFile) -> None:
    files = [new_file("article A", *["article x"] * 5000), new_file("article B")]
    found = []
    for _, items in read_files(files, 1, QUICK):
        item = next(items)
        assert isinstance(item, Article)
        found.append(item.title)
    assert found == ["A", "B"]


def test_workers_run_ahead_by_a_bounded_number_of_articles(
    new_file: NewFile, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    reading = read_files([new_file(*[f"log {log}"] * 20_000)], 1, QUICK)
    _, items = next(reading)
    next(items)
    sizes = [0, -1]
    while sizes[-1] != sizes[-2]:
        time.sleep(0.3)
        sizes.append(log.stat().st_size)
    assert 1 <= sizes[-1] < 1000
    reading.close()


def test_files_are_taken_as_they_are_needed(new_file: NewFile) -> None:
    taken = []

    def files() -> Iterator[CorpusFile]:
        for number in range(1000):
            taken.append(number)
            yield new_file("article A")

    reading = read_files(files(), 1, QUICK)
    next(reading)
    assert len(taken) < 20
    reading.close()


def test_a_worker_is_replaced_after_so_many_files(
    new_file: NewFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_RECYCLED_AFTER", 2)
    files = [new_file("pid") for _ in range(6)]
    pids = [summary(items)[0] for _, items in read_files(files, 1, QUICK)]
    assert [a == b for a, b in pairwise(pids)] == [True, False, True, False, True]


def test_closing_ends_the_workers_in_the_middle_of_their_work(new_file: NewFile) -> None:
    # No limit ends them: were they waited for, the test would stand still until pytest ends it.
    endless = Limits(cpu_seconds=100_000, wall_seconds=100_000)
    reading = read_files([new_file("article A", "spin"), new_file("sleep")], 2, endless)
    _, items = next(reading)
    assert next(items)
    reading.close()
    assert children() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_the_reading_loop_ends_the_workers(
    error: type[BaseException], new_file: NewFile
) -> None:
    reading = read_files([new_file("article A", "sleep") for _ in range(9)], 2, Limits())
    next(reading)
    with pytest.raises(error):
        reading.throw(error)
    assert children() == []


def test_when_no_process_can_be_started_the_caller_is_told(
    new_file: NewFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "COMMAND", ("/no/such/python",))
    for _, items in read_files([new_file("article A")], 1):
        with pytest.raises(FileNotFoundError):
            list(items)


def test_items_asked_for_too_late_are_none(new_file: NewFile) -> None:
    files = [new_file(*["article A"] * 100) for _ in range(3)]
    late = [items for _, items in read_files(files, 1, QUICK)]
    assert [list(items) for items in late] == [[], [], []]


def test_a_worker_that_dies_idle_is_replaced_and_no_file_blamed(
    new_file: NewFile, tmp_path: Path
) -> None:
    log = tmp_path / "log"

    def files() -> Iterator[CorpusFile]:
        for _ in range(4):  # as many as are taken ahead
            yield new_file(f"log {log}")
        while not log.exists() or log.stat().st_size < 4:
            time.sleep(0.01)
        time.sleep(0.2)
        for pid in children():
            os.kill(int(pid), 9)
        time.sleep(0.1)
        yield new_file("article B")

    found = [summary(items) for _, items in read_files(files(), 1, QUICK)]
    assert found[-1] == ["B"]


def run_script(folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """Runs *lines* as a script of their own in *folder*."""
    imports = (
        "from pathlib import Path",
        "from searchsvc.corpus import scan",
        "from searchsvc.readers.sandbox import read_files",
    )
    script = folder / "script.py"
    script.write_text("\n".join([*imports, *lines]))
    return subprocess.run(
        [sys.executable, "-P", str(script)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestTheRealWorker:
    """With the worker that users run."""

    @pytest.fixture(autouse=True)
    def _real_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        command = (sys.executable, "-P", "-W", "ignore", "-m", "searchsvc.readers.worker")
        monkeypatch.setattr(process, "COMMAND", command)

    def test_gives_the_same_items_as_reading_in_this_process(self) -> None:
        cases = Path(__file__).with_name("cases")
        files = [
            CorpusFile(path, f"{path.parent.name}/{path.name}", 0, 0, reader, "cases")
            for reader in ("text", "markdown", "html", "reuters", "jsonl")
            for path in sorted((cases / reader).iterdir())
            if path.suffix != ".json" or ".input" in path.name
        ]
        assert len(files) >= 60
        for file, items in read_files(files):
            assert list(items) == list(read(file)), file.name

    @pytest.mark.parametrize("end", ["raise RuntimeError", "sys.exit(1)", "os._exit(1)"])
    def test_a_script_that_ends_in_the_middle_ends(self, end: str, tmp_path: Path) -> None:
        for number in range(20):
            (tmp_path / f"{number}.txt").write_text("Ferry runs aground\n\nNobody was hurt.\n")
        done = run_script(
            tmp_path,
            "import os, sys",
            "reading = read_files(scan(Path('.')))",
            "next(reading)",
            end,
        )
        assert done.returncode == 1

    def test_runs_from_a_script_without_a_main_guard(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("Ferry runs aground\n\nNobody was hurt.\n")
        (tmp_path / "json.py").write_text("raise SystemExit('imported from the corpus')\n")
        done = run_script(
            tmp_path,
            "for file, items in read_files(scan(Path('a.txt'))):",
            "    print(file.name, [item.title for item in items])",
        )
        assert (done.stdout, done.stderr) == ("a.txt ['Ferry runs aground']\n", "")
