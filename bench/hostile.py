"""Ugly queries over HTTP, on Reuters-21578: no fault, no slow answer, no growing memory.

    python bench/hostile.py --count 100000 --seed 1

Starts `searchsvc serve` in a process of its own and asks from four connections. The slowest are
asked again, alone, and the server's CPU time for each is taken: how long an answer took among
others says as much of the machine. Exits with 1 if an answer was a 5xx, cost more than the limit,
memory went on growing in the second half of a long run, or the server died.
"""

import argparse
import http.client
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlsplit

DATA = Path(os.environ.get("SEARCHSVC_DATA", Path(__file__).parents[2] / "shared" / "data"))
LIMIT = 1.5  # seconds of CPU for one answer
SLOWEST = 20  # asked again
LONG = 50_000  # requests after half of which what is kept of queries is there
GROWTH = 1.25  # by which memory may grow in the other half
CONNECTIONS = 4

WORDS = (
    "oil price the of said opec volcker reagan usa japan bank rate 1987 3.5 70,000 co in re un"
    " interest money-fx AT&T U.S. O'Neill ÉLAN straße 北京 हिन्दी"
).split()
SIGNS = [
    '"', "(", ")", "-", "*", "?", "~", "^", ":", "AND", "OR", "NOT", "[", "]", " TO ", "\\", "'",
    "title:", "date:", "people:", "~2", "^9", "date:[1987 TO", "\x00", "\ud800", "\u202e", "%",
]  # fmt: skip


def ugly(chance: random.Random) -> str:
    """One query: noise, a mangled query of words, or one made to cost as much as it can."""
    (kind,) = chance.choices(range(5), weights=(30, 30, 30, 1, 9))
    match kind:
        case 0:
            return "".join(chr(chance.randrange(1, 0x3000)) for _ in range(chance.randrange(60)))
        case 1:
            return "".join(chance.choice(WORDS + SIGNS) for _ in range(chance.randrange(1, 40)))
        case 2:
            return " ".join(chance.choice(WORDS + SIGNS) for _ in range(chance.randrange(1, 60)))
        case 3:
            letters = "abcdefghijklmnoprstuvw"
            some = (chance.choice(letters) + chance.choice(letters) for _ in range(99))
            kinds = ["{}*", "{}in~2", "{}?n*", '"{} of the"~90', "title:{}* -{}*"]
            made = (chance.choice(kinds).replace("{}", word) for word in some)
            return chance.choice([" OR ", " "]).join(made)[: chance.randrange(10, 2000)]
        case _:
            return chance.choice(["(", '"', "-", "NOT ", "a ", "oil^2 ", "*"]) * chance.randrange(
                900
            )


def path(chance: random.Random) -> str:
    """A request: usually a query on the API or the page, sometimes odd parameters."""
    query = ugly(chance).encode("utf-8", "surrogatepass")
    where = chance.choice(["/api/v1/search", "/search"])
    more = chance.choice(
        ["", "", "", "&size=200", "&page=99999", "&sort=oldest", "&from=x", "&places=usa"]
    )
    return f"{where}?q={quote(query)}{more}"


class Tally:
    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()
        self.slowest: list[tuple[float, str]] = []
        self.lock = threading.Lock()

    def add(self, code: int, seconds: float, path: str) -> None:
        with self.lock:
            self.codes[code] += 1
            self.slowest = sorted([*self.slowest, (seconds, path)], reverse=True)[:SLOWEST]


def ask(host: str, seed: int, count: int, tally: Tally) -> None:
    chance = random.Random(seed)
    connection = http.client.HTTPConnection(host, timeout=60)
    for _ in range(count):
        asked = path(chance)
        started = time.perf_counter()
        connection.request("GET", asked)
        response = connection.getresponse()
        response.read()
        tally.add(response.status, time.perf_counter() - started, asked)


def memory(pid: int) -> int:
    """Megabytes of a process's own: of the index only, mapped pages the system can take back."""
    resident, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE") >> 20


def cpu(pid: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def alone(host: str, pid: int, path: str) -> float:
    """CPU seconds of the server for one answer, with nothing else to do."""
    before = cpu(pid)
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()
    return cpu(pid) - before


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--index", f"{folder}/index", "--corpus", str(DATA / "reuters21578.tar.gz")]
        searchsvc = [sys.executable, "-m", "searchsvc", *options]
        subprocess.run([*searchsvc, "index"], check=True, stdout=subprocess.DEVNULL)
        server = subprocess.Popen(
            [*searchsvc, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        try:
            return attack(server, given.count, given.seed)
        finally:
            server.terminate()
            server.wait()


def attack(server: "subprocess.Popen[str]", count: int, seed: int) -> int:
    assert server.stdout is not None
    host = urlsplit(server.stdout.readline().split()[-1]).netloc
    tally = Tally()
    rounds = 10
    grown = []
    started = time.perf_counter()
    for number in range(rounds):
        each = count // rounds // CONNECTIONS
        threads = [
            threading.Thread(target=ask, args=(host, seed + number * CONNECTIONS + n, each, tally))
            for n in range(CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        grown.append(memory(server.pid))
    seconds = time.perf_counter() - started
    asked = sum(tally.codes.values())
    print(f"{asked} requests in {seconds:.0f} s, seed {seed}; answers by code {dict(tally.codes)}")
    print(f"slowest {tally.slowest[0][0]:.2f} s: {tally.slowest[0][1][:160]}")
    costs = [(alone(host, server.pid, path), path) for _, path in tally.slowest]
    print(
        f"of the {len(costs)} slowest the dearest: {max(costs)[0]:.2f} s CPU: {max(costs)[1][:160]}"
    )
    print(f"server memory after each tenth, MB: {grown}; alive: {server.poll() is None}")
    bad = sum(n for code, n in tally.codes.items() if code >= 500)
    is_flat = count < LONG or grown[-1] <= GROWTH * grown[rounds // 2 - 1]
    is_whole = server.poll() is None and asked >= count * 0.9
    fine = bad == 0 and max(costs)[0] <= LIMIT and is_flat and is_whole
    print("hostile: " + ("passed" if fine else "FAILED"))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
