"""`serve` with several processes: one address, and whoever dies is replaced."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from searchsvc.article import Article
from searchsvc.store import DirectoryStore


@pytest.fixture
def index(tmp_path):
    store = DirectoryStore(tmp_path / "index")
    with store.write() as draft:
        draft.add(Article(id="1", title="Oil prices fall", body="Oil fell."))
    return store.root


# A search that takes a second, and says when it begins.
SLOW = """
import sys, time
from searchsvc import searching
search = searching.search
def slow(*arguments):
    print("asked", file=sys.stderr, flush=True)
    time.sleep(1)
    return search(*arguments)
searching.search = slow
"""


COUNTED = r'searchsvc_requests_total\{endpoint="api.search",status="200"\} (\S+)'


class Service:
    """`searchsvc serve` on a free port."""

    def __init__(self, index: Path, workers: int, first: str = "") -> None:
        main = f"{first}\nfrom searchsvc.cli import main; main()"
        command = [sys.executable, "-c", main, "--index", str(index), "serve"]
        self.log = index.with_name("log").open("wb+")
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--workers", str(workers)],
            env=os.environ | {"TMPDIR": str(index.parent)},  # one that is killed leaves its counts
            stdout=self.log,
            stderr=self.log,
        )

    def said(self) -> str:
        return Path(self.log.name).read_text()

    def url(self) -> str:
        wait_for(lambda: "serving" in self.said() or self.process.poll() is not None)
        found = re.search(r"http\S+", self.said())
        assert found, self.said()
        return found[0]

    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return "\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture
def service(index):
    started = Service(index, workers=2)
    yield started
    started.end()


def test_a_worker_that_dies_is_replaced_and_the_others_answer_meanwhile(service):
    address = f"{service.url()}api/v1/search?q=oil"
    wait_for(lambda: len(service.workers()) == 2)
    before = service.workers()
    time.sleep(0.5)
    os.kill(before[0], signal.SIGKILL)
    for _ in range(20):
        with urlopen(address) as answer:
            assert answer.status == 200
    wait_for(lambda: len(service.workers()) == 2 and service.workers() != before)
    assert f"worker {before[0]} died (signal 9); another takes its place" in service.said()
    assert service.said().count("serving") == 1


def test_workers_count_together_whichever_is_asked_also_what_a_dead_one_counted(service, index):
    url = service.url()
    wait_for(lambda: len(service.workers()) == 2)
    before = service.workers()

    def counted():
        with urlopen(f"{url}metrics") as answer:
            return int(float(re.search(COUNTED, answer.read().decode())[1]))

    for _ in range(20):
        urlopen(f"{url}api/v1/search?q=oil").close()
    assert [counted() for _ in range(5)] == [20] * 5
    os.kill(before[1], signal.SIGKILL)
    wait_for(lambda: len(service.workers()) == 2 and service.workers() != before)
    assert [counted() for _ in range(5)] == [20] * 5
    (counts,) = index.parent.glob("searchsvc-counts-*")
    shutil.rmtree(counts)  # as what cleans up temporary files does
    os.kill(service.workers()[0], signal.SIGKILL)
    wait_for(lambda: service.said().count("another takes its place") == 2)
    wait_for(lambda: len(service.workers()) == 2 and counts.is_dir())
    service.process.terminate()
    service.process.wait(20)
    assert not list(index.parent.glob("searchsvc-counts-*"))


def test_a_worker_that_cannot_start_is_tried_again_while_others_answer(service, index):
    address = f"{service.url()}api/v1/search?q=oil"
    wait_for(lambda: len(service.workers()) == 2)
    first, _ = service.workers()
    away = index.with_name("away")
    index.rename(away)  # who has it open goes on; who starts finds none
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: service.said().count("another takes its place") >= 2)
    away.rename(index)
    wait_for(lambda: len(service.workers()) == 2)
    assert "(exit code 4)" in service.said()
    with urlopen(address) as answer:
        assert answer.status == 200
    said = service.said()
    time.sleep(2)
    assert service.said() == said  # all is well


@pytest.fixture
def slow_service(index):
    started = Service(index, workers=2, first=SLOW)
    yield started
    started.end()


def test_requests_under_way_are_answered_when_a_signal_goes_to_all(slow_service):
    """As a terminal and systemd send it: to the parent and to each worker."""
    service = slow_service
    host, port = service.url().removeprefix("http://").strip("/").split(":")
    wait_for(lambda: len(service.workers()) == 2)
    begun = []
    for number in range(4):
        client = socket.create_connection((host, int(port)))
        asked = f"GET /api/v1/search?q=oil&size={number + 1}"
        client.sendall(f"{asked} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        begun.append(client)
    wait_for(lambda: service.said().count("asked") == 4)
    for pid in (*service.workers(), service.process.pid):
        os.kill(pid, signal.SIGTERM)
    for client in begun:
        with client, client.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
    assert service.process.wait(30) == 128 + signal.SIGTERM
    assert "died" not in service.said()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_them(service, number):
    service.url()
    wait_for(lambda: len(service.workers()) == 2)
    workers = service.workers()
    service.process.send_signal(number)
    assert service.process.wait(30) == 128 + number
    wait_for(lambda: not any(map(is_running, workers)))
    assert "died" not in service.said()


def test_workers_end_with_a_parent_that_is_killed(service):
    service.url()
    wait_for(lambda: len(service.workers()) == 2)
    workers = service.workers()
    service.process.kill()
    wait_for(lambda: not any(map(is_running, workers)))


def test_what_keeps_it_from_serving_is_told_once(tmp_path):
    service = Service(tmp_path / "none", workers=3)
    assert service.process.wait(60) == 4
    assert service.said().count("there is no index") == 1
    assert "died" not in service.said()
    service.end()
