"""Requests over HTTP by wrk: how many a second, how late, and what a crowd gets.

    python bench/serving.py --engine tantivy --workers 2

The JSON API on Reuters-21578, 300 queries of ten kinds in turn, with passages and the facet of
places, each searched anew: no answer is kept. First one connection, then 32, then 320, of which
most should be turned away and the rest answered as before; then 32 again, soon after. wrk shares
the cores with the service.

wrk tells how late all are, those turned away among them; so a reader searches beside it, one query
after the other, whose waiting is told apart, if it was let in.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from urllib.parse import quote, urlencode

from contenders import Asked, typed
from engines import percentile, queries, reuters

from searchsvc.store import DirectoryStore
from searchsvc.web import create_app, serving
from searchsvc.web.admission import Admission
from searchsvc.web.kept import KeptAnswers
from searchsvc.web.supervising import Supervisor

SCRIPT = """
local paths = {PATHS}
local threads, place = {}, 0
function setup(thread) table.insert(threads, thread) end
function init(args) place = 0; answered = 0; busy = 0; others = 0 end
function request() place = place % #paths + 1; return wrk.format("GET", paths[place]) end
function response(status)
  if status == 200 then answered = answered + 1
  elseif status == 503 then busy = busy + 1
  else others = others + 1 end
end
function done(summary, latency)
  local answered, busy, others = 0, 0, 0
  for _, thread in ipairs(threads) do
    answered = answered + thread:get("answered")
    busy = busy + thread:get("busy")
    others = others + thread:get("others")
  end
  print(string.format("FIGURES %f %d %d %d %f %f", summary.duration / 1e6, answered, busy,
    others + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3))
end
"""


def path(asked: Asked) -> str:
    """The request that asks for what is *asked*."""
    given = [
        ("q", typed(asked)),
        ("facets", "places"),
        *([("places", asked.place)] * bool(asked.place)),
    ]
    return "/api/v1/search?" + urlencode(given, quote_via=quote)


def serve(index: str, engine: str, port: int, workers: int) -> None:
    """Serves until it is ended, and keeps no answer."""
    listening = serving.listen("127.0.0.1", port)
    supervisor = Supervisor(workers, print)
    if supervisor.run(lambda: None) is None:
        store = DirectoryStore(Path(index), engine)
        app = create_app(store, admission=Admission(), answers=KeptAnswers(0))
        serving.serve_forever(app, listening, supervisor.ready)


class Reader(threading.Thread):
    """Asks the service at *port* for one of *paths* after the other, until it is ended."""

    def __init__(self, port: int, paths: list[str]) -> None:
        super().__init__()
        self._port = port
        self._paths = paths
        self._over = threading.Event()
        self.waited: list[float] = []  # ms, for answers

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port)
        for path in cycle(self._paths):
            if self._over.is_set():
                break
            started = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                self.waited.append((time.perf_counter() - started) * 1000)
            else:
                time.sleep(0.02)
        connection.close()

    def end(self) -> None:
        self._over.set()
        self.join()


def wrk(script: Path, port: int, connections: int, seconds: int, paths: list[str]) -> None:
    """Runs wrk and prints its figures."""
    reader = Reader(port, paths)
    reader.start()
    threads = min(2, connections)
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-s", str(script), f"http://127.0.0.1:{port}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    reader.end()
    found = re.search(r"FIGURES (.*)", said)
    assert found, said
    took, answered, busy, others, p50, p95 = map(float, found[1].split())
    print(
        f"  {connections:4} connections: {answered / took:7,.0f} answers/s,"
        f" {busy / took:7,.0f} told to come again, {others:.0f} failed;"
        f" of all p50 {p50:.1f} ms, p95 {p95:.1f} ms; a reader beside it"
        f" {len(reader.waited)} answers, p50 {percentile(reader.waited, 0.5):.1f} ms,"
        f" p95 {percentile(reader.waited, 0.95):.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default="tantivy")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--port", type=int, default=8771)
    parser.add_argument("--serve", help="the index to serve; for this script's own use")
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.engine, given.port, given.workers)
        return
    articles = list(reuters())
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        with DirectoryStore(index, given.engine).write() as draft:
            for article in articles:
                draft.add(article)
        paths = [path(asked) for asked in queries(articles, 300, 1)]
        script = Path(folder) / "script.lua"
        quoted = ", ".join(f'"{one}"' for one in paths)
        script.write_text(SCRIPT.replace("PATHS", quoted))
        command = [sys.executable, __file__, "--serve", str(index), "--engine", given.engine]
        command += ["--port", str(given.port), "--workers", str(given.workers)]
        service = subprocess.Popen(command)
        try:
            time.sleep(5)
            wrk(script, given.port, 32, 5, paths)  # warm
            print(f"{given.engine}, {given.workers} workers")
            for connections in (1, 32, 320, 32):
                wrk(script, given.port, connections, given.seconds, paths)
        finally:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
