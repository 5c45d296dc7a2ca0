"""What an update costs: from changed paths to the first hit of a fresh reader, on disk.

    python bench/updates.py --times 1 4 --folder /var/tmp/updates

Reuters-21578 as one file an article, and as many copies of it as --times says. 1, 100 and 1,000
articles are changed at random; a warm process is timed from their paths to the hit. Beside it:
stock Whoosh's update_document, which syncs nothing, on the texts as its documentation teaches
(plain) and as our index has them (equal), both without the names that we find in them; the whole
command `searchsvc index`; and `watch`, with its waiting for files to come to rest. Corpora and
indexes are kept in --folder, so a second run begins at once.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

from whoosh import fields, index
from whoosh.analysis import SimpleAnalyzer, StemmingAnalyzer
from whoosh.query import Term

from searchsvc.corpus import scan
from searchsvc.indexing import update
from searchsvc.naming import NameSource
from searchsvc.parameters import SearchParameters
from searchsvc.readers.sandbox import Workers, read_files
from searchsvc.searching import search
from searchsvc.store import DirectoryStore
from searchsvc.watching import watch_corpus

DATA = Path(os.environ.get("SEARCHSVC_DATA", Path(__file__).parents[2] / "shared" / "data"))
SIZES = (1, 100, 1000)

# Seconds of wall and of CPU of each round, by how many articles were changed.
Times: TypeAlias = dict[int, tuple[list[float], list[float]]]


def written(folder: Path, times: int) -> Path:
    """The corpus: a file for each article."""
    corpus = folder / f"corpus-{times}"
    if corpus.exists():
        return corpus
    new = corpus.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    for _, items in read_files(list(scan(DATA / "reuters21578.tar.gz"))):  # type: ignore[arg-type]
        for item in items:
            if not hasattr(item, "body"):
                continue
            for copy in range(times):
                number = int(item.id.removeprefix("reuters-"))
                path = new / f"{copy}-{number // 1000:02}" / f"{number}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                texts = {"id": f"{item.id}-{copy}", "title": item.title, "body": item.body}
                path.write_text(json.dumps({**texts, "date": item.date and str(item.date)}))
    new.rename(corpus)
    return corpus


def change(files: list[Path], count: int, chance: random.Random) -> tuple[list[Path], str]:
    """Changes so many files; the paths, and a word that only they have."""
    word = f"zq{chance.randrange(10**12)}"
    chosen = chance.sample(files, count)
    for path in chosen:
        article = json.loads(path.read_text())
        article["body"] = f"{article['body'].split(' zq')[0]} {word}"
        path.write_text(json.dumps(article))
    return chosen, word


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds of wall and of CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def first_hit(root: Path, word: str, count: int) -> None:
    """Has a fresh reader find what is new."""
    answer = search(DirectoryStore(root), SearchParameters(q=word, size=1))
    assert answer.total == count, (answer.total, count)


def ours(root: Path, corpus: Path, files: list[Path], rounds: int) -> Times:
    """Our updates."""
    store, names = DirectoryStore(root), NameSource(cache=root / "names.sqlite")
    chance = random.Random(1)
    found: Times = {}
    with closing(Workers()) as readers:
        for _ in range(2):  # warm: the words of a language are met soon
            paths, _ = change(files, 1000, chance)
            update(store, corpus, paths=paths, readers=readers, names=names)
        for size in SIZES:
            walls, cpus = [], []
            for _ in range(rounds):
                paths, word = change(files, size, chance)

                def work(paths: list[Path] = paths, word: str = word) -> None:
                    update(store, corpus, paths=paths, readers=readers, names=names)
                    first_hit(root, word, len(paths))

                wall, cpu = timed(work)
                walls.append(wall)
                cpus.append(cpu)
            found[size] = walls, cpus
            say(f"ours, {len(files):,} articles", size, walls, cpus)
    return found


def plain_schema() -> fields.Schema:
    """What Whoosh's documentation teaches: two texts, by stem."""
    text = fields.TEXT(analyzer=StemmingAnalyzer(), stored=True)
    ident = fields.ID(unique=True, stored=True)
    return fields.Schema(id=ident, title=text, body=text, date=fields.STORED)


def equal_schema() -> fields.Schema:
    """The texts as our index has them: by stem, and as written, with positions."""
    schema = plain_schema()
    for name in ("title", "body"):
        schema.add(f"{name}_written", fields.TEXT(analyzer=SimpleAnalyzer()))
    return schema


def stock(place: Path, schema: fields.Schema, files: list[Path], rounds: int) -> Times:
    """The same by update_document and commit; people, places and facets are left out."""

    def document(path: Path) -> dict[str, str]:
        values = json.loads(path.read_text())
        written = {f"{name}_written": values[name] for name in ("title", "body")}
        return {n: v for n, v in (values | written).items() if n in schema.names()}

    if not place.exists():
        new = place.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        writer = index.create_in(str(new), schema).writer(limitmb=256)
        for path in files:
            writer.add_document(**document(path))
        writer.commit()
        new.rename(place)
    ix = index.open_dir(str(place))
    chance = random.Random(2)
    found: Times = {}
    for size in SIZES:
        walls, cpus = [], []
        for _ in range(min(rounds, 3)):
            paths, word = change(files, size, chance)

            def work(paths: list[Path] = paths, word: str = word) -> None:
                writer = ix.writer()
                for path in paths:
                    writer.update_document(**document(path))
                writer.commit()
                with ix.searcher() as searcher:
                    assert len(searcher.search(Term("body", word))) == len(paths)

            wall, cpu = timed(work)
            walls.append(wall)
            cpus.append(cpu)
        found[size] = walls, cpus
        say(f"stock, {place.name}", size, walls, cpus)
    return found


def command(root: Path, corpus: Path, files: list[Path], rounds: int) -> None:
    """The whole `searchsvc index`: its start, the scan of the corpus, the update."""
    chance = random.Random(3)
    walls = []
    words = [sys.executable, "-m", "searchsvc", "--index", str(root), "--corpus", str(corpus)]
    for _ in range(rounds):
        change(files, 1, chance)
        walls.append(timed(lambda: run([*words, "index"]))[0])
    say("`searchsvc index`", 1, walls)


def run(words: list[str]) -> None:
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert done.returncode in (0, 3), done  # 3: one article of Reuters has no text


def watched(root: Path, corpus: Path, files: list[Path], rounds: int) -> None:
    """`watch`, from the last write to the corpus to the hit."""
    stop, told = threading.Event(), threading.Event()
    names = NameSource(cache=root / "names.sqlite")
    options: dict[str, Any] = {"names": names, "tell": lambda report: told.set()}
    thread = threading.Thread(
        target=watch_corpus, args=(DirectoryStore(root), corpus, stop), kwargs=options
    )
    thread.start()
    told.wait()
    chance = random.Random(4)
    for size in (1, 100):
        walls = []
        for _ in range(rounds):
            paths, word = change(files, size, chance)
            started = time.perf_counter()
            while search(DirectoryStore(root), SearchParameters(q=word)).total < len(paths):
                time.sleep(0.005)
            walls.append(time.perf_counter() - started)
        say("`watch`", size, walls)
    stop.set()
    thread.join()


def say(what: str, size: int, walls: list[float], cpus: list[float] | None = None) -> None:
    middle = statistics.median(walls)
    line = f"{what:<28}{size:>6,} changed: {middle * 1000:>8,.0f} ms (most {max(walls):.2f} s)"
    if cpus:
        line += f", CPU {statistics.median(cpus) * 1000:,.0f} ms"
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/searchsvc-updates"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    results = {}
    for times in given.times:
        corpus, root = written(given.folder, times), given.folder / f"index-{times}"
        files = sorted(corpus.rglob("*.json"))
        if not root.exists():
            update(DirectoryStore(root), corpus, names=NameSource(cache=root / "names.sqlite"))
        results[times] = ours(root, corpus, files, given.rounds)
        if times == 1:
            for name, schema in (("plain", plain_schema()), ("equal", equal_schema())):
                theirs = stock(given.folder / name, schema, files, given.rounds)
                for size in SIZES:
                    wall, cpu = compared(theirs[size], results[1][size])
                    said = f"{wall:.1f} times as long ({cpu:.1f} of CPU)"
                    print(f"stock, {name}, takes {said} for {size:,}")
            command(root, corpus, files, given.rounds)
            watched(root, corpus, files, given.rounds)
    for times in given.times[1:]:
        for size in SIZES:
            wall, cpu = compared(results[times][size], results[given.times[0]][size])
            print(f"{times} times the corpus: {wall:.2f} times as long ({cpu:.2f}) for {size:,}")


def compared(
    one: tuple[list[float], list[float]], other: tuple[list[float], list[float]]
) -> tuple[float, float]:
    """How many times as long one takes as the other, by the clock and by CPU."""
    wall, cpu = (
        statistics.median(a) / statistics.median(b) for a, b in zip(one, other, strict=True)
    )
    return wall, cpu


if __name__ == "__main__":
    main()
