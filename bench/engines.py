"""Search engines beside each other: the same articles, the same queries, interleaved in one run.

    python bench/engines.py --times 1 2 4 8 --queries 300 --plot bench/engines.png

Reuters-21578, so many times over under other ids, parsed before the clock starts. Contenders: this
service on Whoosh and on tantivy, from the typed query to the answer as data, and what people would
write instead (contenders.py). Milliseconds are wall time of one thread. Each index is built by a
process of its own; its memory is what that took beside the articles. The ratios are to raw tantivy
and to plain Whoosh, in the same run.
"""

import argparse
import datetime as dt
import os
import random
import resource
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import matplotlib.pyplot as plt
from contenders import Asked, Bm25s, Contender, Fts5, Ours, PlainWhoosh, RawTantivy, Xapian

from searchsvc.analysis import STOP_WORDS, words
from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, scan
from searchsvc.readers.sandbox import Limits, read_files

DATA = Path(os.environ.get("SEARCHSVC_DATA", Path(__file__).parents[2] / "shared" / "data"))
UPDATES = (1, 100, 1000)

KINDS = "rare common and or phrase people prefix fuzzy date place".split()


def queries(articles: list[Article], count: int, seed: int) -> Iterator[Asked]:
    """Queries of ten kinds, each about some article."""
    chance = random.Random(seed)
    frequent: dict[str, int] = {}
    for article in articles:
        for word in {word.written for word in words(article.body)}:
            frequent[word] = frequent.get(word, 0) + 1
    common = sorted(frequent, key=lambda word: -frequent[word])[40:400]
    common = [word for word in common if word.isalpha() and word not in STOP_WORDS]
    about = [a for a in articles if a.places and a.day and len(a.body) > 200]
    tagged = [a for a in about if a.people]
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        article = chance.choice(tagged if kind == "people" else about)
        own = [w.written for w in words(article.body) if w.written.isalpha()]
        plain = [w for w in own if len(w) > 3 and w not in STOP_WORDS] or ["price"]
        one, other = chance.choice(plain), chance.choice(plain)
        start = chance.randrange(max(1, len(own) - 2))
        day = article.day or dt.date(1987, 3, 1)
        match kind:
            case "rare":
                yield Asked(kind, (min(plain, key=lambda word: frequent[word]),))
            case "common":
                yield Asked(kind, (chance.choice(common),))
            case "and" | "or":
                yield Asked(kind, (one, other))
            case "phrase":
                yield Asked(kind, tuple(own[start : start + 2]))
            case "people":
                yield Asked(kind, tuple(w.written for w in words(article.people[0])))
            case "prefix":
                yield Asked(kind, (one[: max(3, len(one) - 2)],))
            case "fuzzy":
                yield Asked(kind, (max(plain, key=len),))
            case "date":
                yield Asked(kind, (one,), since=day, until=day + dt.timedelta(days=20))
            case _:
                yield Asked(kind, (one,), place=article.places[0])


# -- measuring -----------------------------------------------------------------------------------


@dataclass
class Figures:
    """What one contender took, at one size."""

    seconds: list[float] = field(default_factory=list)  # of builds
    cpu: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    disk_mb: float = 0.0
    first: list[float] = field(default_factory=list)  # ms of queries asked for the first time
    warm: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    updates: dict[int, list[float]] = field(default_factory=dict)  # ms

    @property
    def all_warm(self) -> list[float]:
        return [spent for kind in KINDS for spent in self.warm[kind]]


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] if times else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, nargs="*", default=[1], help="copies of the newswire")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="of the contenders")
    parser.add_argument("--plot", type=Path, help="where a picture goes")
    given = parser.parse_args()
    once = list(reuters())
    asked = list(queries(once, given.queries, given.seed))
    every: dict[int, dict[str, Figures]] = {}
    for times in given.times:
        articles = [replace(a, id=f"{a.id}-{copy}") for a in once for copy in range(times)]
        print(f"{len(articles):,} articles, {len(asked)} queries, seed {given.seed}")
        with tempfile.TemporaryDirectory() as name:
            contenders = everybody(Path(name), given.only)
            figures = every[times] = {name: Figures() for name in contenders}
            build(contenders, figures, articles, given.rounds, Path(name))
            ask(contenders, figures, asked, given.rounds)
            update(contenders, figures, articles, given.rounds, given.seed)
        table(figures, len(articles))
    if len(every) > 1:
        growth(every)
    if given.plot:
        plot(every, len(once), given.plot)


def everybody(folder: Path, only: list[str] | None) -> dict[str, Contender]:
    """The contenders, with a folder for each."""
    found: dict[str, Contender] = {
        "ours, tantivy": Ours(folder / "ours, tantivy", "tantivy"),
        "raw tantivy": RawTantivy(folder / "raw tantivy"),
        "ours, Whoosh": Ours(folder / "ours, Whoosh", "whoosh"),
        "plain Whoosh": PlainWhoosh(folder / "plain Whoosh"),
        "FTS5": Fts5(folder / "FTS5"),
        "Xapian": Xapian(folder / "Xapian"),
        "bm25s": Bm25s(folder / "bm25s"),
    }
    return {name: found[name] for name in only} if only else found


def reuters() -> Iterator[Article]:
    """The articles of the archive."""
    files = [f for f in scan(DATA / "reuters21578.tar.gz") if isinstance(f, CorpusFile)]
    for _, items in read_files(files, 1, Limits()):
        yield from (item for item in items if isinstance(item, Article))


def build(
    contenders: dict[str, Contender],
    figures: dict[str, Figures],
    articles: list[Article],
    rounds: int,
    folder: Path,
) -> None:
    """Builds, in turn, each in a process of its own; those that take long once."""
    for number in range(rounds):
        for name, one in contenders.items():
            if number and sum(figures[name].seconds) > 20:
                continue
            seconds, cpu, peak = in_a_process(lambda one=one: one.build(articles))  # type: ignore[misc]
            figures[name].seconds.append(seconds)
            figures[name].cpu.append(cpu)
            figures[name].peak_mb = max(figures[name].peak_mb, peak)
    for name, one in contenders.items():
        files = [path for path in (folder / name).rglob("*") if path.is_file()]
        sizes = {path.stat().st_ino: path.stat().st_size for path in files}  # links count once
        figures[name].disk_mb = sum(sizes.values()) / 1e6
        one.open()


def in_a_process(work: Callable[[], None]) -> tuple[float, float, float]:
    """Seconds and seconds of CPU that *work* takes, and megabytes beside those there before."""
    come, go = os.pipe()
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            spent = timed(work) / 1000
            used = resource.getrusage(resource.RUSAGE_SELF)
            peak = used.ru_maxrss / 1e3
            os.write(go, struct.pack("ddd", spent, used.ru_utime + used.ru_stime, peak - before))
            code = 0
        finally:
            os._exit(code)
    os.close(go)
    said = os.read(come, 24)
    os.close(come)
    os.waitpid(pid, 0)
    seconds, cpu, peak = struct.unpack("ddd", said)
    return seconds, cpu, peak


def ask(
    contenders: dict[str, Contender],
    figures: dict[str, Figures],
    asked: list[Asked],
    rounds: int,
) -> None:
    """Every query of every contender in turn: the first round is the first touch."""
    for number in range(rounds):
        for one in asked:
            for name, contender in contenders.items():
                started = time.perf_counter()
                total = contender.ask(one)
                spent = (time.perf_counter() - started) * 1000
                if total < 0:  # what it cannot do
                    continue
                if number == 0:
                    figures[name].first.append(spent)
                else:
                    figures[name].warm[one.kind].append(spent)


def update(
    contenders: dict[str, Contender],
    figures: dict[str, Figures],
    articles: list[Article],
    rounds: int,
    seed: int,
) -> None:
    """Updates of so many articles, published."""
    chance = random.Random(seed)
    for _ in range(rounds):
        for count in UPDATES:
            changed = [replace(a, title=f"{a.title} again") for a in chance.sample(articles, count)]
            for name, one in contenders.items():
                if name != "bm25s":
                    spent = timed(lambda one=one, some=changed: one.update(some))  # type: ignore[misc]
                    figures[name].updates.setdefault(count, []).append(spent)


def table(figures: dict[str, Figures], count: int) -> None:
    """Prints everything."""
    columns = "articles/s  CPU s  peak MB  disk MB | first p50   p95 | warm p50   p95   p99"
    print(f"                 {columns}")
    for name, one in figures.items():
        rate = count / statistics.median(one.seconds)
        first = [percentile(one.first, part) for part in (0.5, 0.95)]
        warm = [percentile(one.all_warm, part) for part in (0.5, 0.95, 0.99)]
        print(
            f"  {name:14} {rate:10,.0f} {statistics.median(one.cpu):6.1f} {one.peak_mb:8,.0f}"
            f" {one.disk_mb:8,.0f} | {first[0]:9.2f} {first[1]:5.1f}"
            f" | {warm[0]:8.2f} {warm[1]:5.1f} {warm[2]:5.1f}"
        )
    for part in (0.5, 0.95):
        print(f"warm p{part * 100:.0f}, ms     " + " ".join(f"{kind:>7}" for kind in KINDS))
        for name, one in figures.items():
            shown = [percentile(one.warm[kind], part) for kind in KINDS]
            print(f"  {name:14} " + " ".join(f"{figure:7.2f}" for figure in shown))
    print("update, ms       " + " ".join(f"{count:>9,}" for count in UPDATES))
    for name, one in figures.items():
        if one.updates:
            shown = [statistics.median(one.updates[count]) for count in UPDATES]
            print(f"  {name:14} " + " ".join(f"{figure:9.1f}" for figure in shown))
    for ours, theirs in (("ours, tantivy", "raw tantivy"), ("ours, Whoosh", "plain Whoosh")):
        if ours in figures and theirs in figures:
            print(f"{ours} to {theirs}: " + ratios(figures[ours], figures[theirs]))


def ratios(ours: Figures, theirs: Figures) -> str:
    """How many times the other's time ours takes."""
    pairs = {
        "build": (statistics.median(ours.seconds), statistics.median(theirs.seconds)),
        "p50": (percentile(ours.all_warm, 0.5), percentile(theirs.all_warm, 0.5)),
        "p95": (percentile(ours.all_warm, 0.95), percentile(theirs.all_warm, 0.95)),
    } | {
        f"update of {count:,}": (
            statistics.median(ours.updates[count]), statistics.median(theirs.updates[count])
        )
        for count in UPDATES
    }  # fmt: skip
    return ", ".join(f"{what} {one / other:.2f}" for what, (one, other) in pairs.items())


def growth(every: dict[int, dict[str, Figures]]) -> None:
    """How many times the time of the smallest archive the largest takes."""
    least, most = min(every), max(every)
    print(f"growth from {least}x to {most}x: build per article, warm p50, p95, update of 1,000")
    for name in every[least]:
        small, large = every[least][name], every[most][name]
        built = statistics.median(large.seconds) / statistics.median(small.seconds) * least / most
        shown = [built] + [
            percentile(large.all_warm, part) / percentile(small.all_warm, part)
            for part in (0.5, 0.95)
        ]
        if small.updates:
            shown.append(
                statistics.median(large.updates[1000]) / statistics.median(small.updates[1000])
            )
        print(f"  {name:14} " + " ".join(f"{figure:7.2f}" for figure in shown))


def plot(every: dict[int, dict[str, Figures]], count: int, path: Path) -> None:
    """Draws warm p95 and the rate of building against the size of the archive."""
    figure, (late, rate) = plt.subplots(1, 2, figsize=(11, 4.5))
    sizes = sorted(every)
    for name in every[sizes[0]]:
        style = {"linewidth": 2.5} if name.startswith("ours") else {"linestyle": "--"}
        figures = [every[size][name] for size in sizes]
        at = [size * count for size in sizes]
        p95 = [percentile(one.all_warm, 0.95) for one in figures]
        rates = [n / statistics.median(one.seconds) for n, one in zip(at, figures, strict=True)]
        late.plot(at, p95, marker="o", label=name, **style)
        rate.plot(at, rates, marker="o", label=name, **style)
    late.set_title("search, passages, facet: p95, ms")
    rate.set_title("articles built a second")
    for one in (late, rate):
        one.set(xscale="log", yscale="log", xlabel="articles")
        one.grid(visible=True, which="both", alpha=0.3)
    late.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
