"""Corpora that change from step to step, and what an index holds, compared by content.

What an index should hold after a step is told by a clean index elsewhere, made of the same files.
That one in turn is checked against the corpus as it was made up here.
"""

import hashlib
import json
import os
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from searchsvc.engines.base import Engine, SearchRequest
from searchsvc.errors import IndexMissing
from searchsvc.query.tree import All, Stem
from searchsvc.store import DirectoryStore

Files = Mapping[str, tuple[dict[str, str], ...]]  # of a corpus: its articles by the file's name

WORDS = (
    "harbour ferri coal steel wheat copper budget tariff union strike court judg pilot storm"
    " flood bridg railway museum theatr goal keeper doctor vaccin teacher school elect mayor"
).split()
SEARCHED = WORDS[::6]
_BEGUN = 1_700_000_000  # when the first step was written
_TEXTS, _WIRES, _IN_A_WIRE = 14, 4, 6


@dataclass(frozen=True)
class Content:
    """All that can be asked of an index: its articles, and what words find."""

    count: int
    articles: tuple[tuple[str, str], ...]  # id and digest of every hit; what is doubled stays so
    kept: tuple[str, ...]  # the digest of each, looked up by its id
    found: tuple[tuple[str, ...], ...]  # by each of SEARCHED, the ids

    def differs(self, other: "Content") -> str:
        """How *other* differs, in a few words; "" if it does not."""
        if self == other:
            return ""
        mine, theirs = Counter(id for id, _ in self.articles), dict(other.articles)
        changed = [id for id, digest in self.articles if id in theirs and theirs[id] != digest]
        doubled = [id for id, times in Counter(id for id, _ in other.articles).items() if times > 1]
        return (
            f"missing {sorted(mine.keys() - theirs)}, too many {sorted(theirs.keys() - mine)},"
            f" doubled {doubled}, changed {changed}, count {self.count} and {other.count},"
            f" {sum(a != b for a, b in zip(self.found, other.found, strict=True))} searches differ"
        )


def content(engine: Engine) -> Content:
    """What *engine* holds, asked in every way."""
    hits = engine.search(SearchRequest(query=All(), limit=10_000)).hits
    articles = tuple(sorted((hit.article.id, digest(hit.article.to_json())) for hit in hits))
    kept = (engine.get(id) for id, _ in articles)
    return Content(
        engine.count(),
        articles,
        tuple(digest(article.to_json()) if article else "" for article in kept),
        tuple(_found(engine, word) for word in SEARCHED),
    )


def digest(text: str) -> str:
    """A short name for *text*."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _found(engine: Engine, word: str) -> tuple[str, ...]:
    hits = engine.search(SearchRequest(query=Stem(word, ("title", "body")), limit=10_000)).hits
    return tuple(sorted(hit.article.id for hit in hits))


def held(root: Path, engine: str) -> Content | None:
    """What a reader who comes now finds in the index folder *root*; None if there is no index."""
    try:
        return content(DirectoryStore(root, engine).current().engine)
    except IndexMissing:
        return None


# -- corpora -----------------------------------------------------------------------------------


def history(seed: int, steps: int) -> list[Files]:
    """The corpus at each of so many *steps*: some of it new, changed, gone or moved each time."""
    chance = random.Random(seed)
    files: dict[str, tuple[dict[str, str], ...]] = {}
    for number in range(_TEXTS):
        files[f"desk/{number:02}.txt"] = (_article(chance, ""),)
    for number in range(_WIRES):
        ids = [f"w{number}-{place}" for place in range(_IN_A_WIRE)]
        files[f"wire/{number}.jsonl"] = tuple(_article(chance, id) for id in ids)
    states: list[Files] = [dict(files)]
    for step in range(1, steps):
        texts = sorted(name for name in files if name.endswith(".txt"))
        changed, gone, renamed = chance.sample(texts, 3)
        files[changed] = (_article(chance, ""),)
        del files[gone]
        files[f"desk/renamed-{step}.txt"] = files.pop(renamed)
        files[f"desk/new-{step}.txt"] = (_article(chance, ""),)
        wires = [name for name in files if name.endswith(".jsonl")]
        source = max(wires, key=lambda name: len(files[name]))
        target = chance.choice([name for name in wires if name != source])
        first, second, *rest = files[source]
        files[source] = (_article(chance, second["id"]), *rest)  # the first moves, one changes
        files[target] = (*files[target], first, _article(chance, f"w-new-{step}"))
        states.append(dict(files))
    return states


def _article(chance: random.Random, id: str) -> dict[str, str]:
    words = [chance.choice(WORDS) for _ in range(40)]
    title = f"{words[0]} report {chance.randrange(10**9)}"
    return {"id": id, "title": title.capitalize(), "body": " ".join(words) + "."}


def lay_out(files: Files, folder: Path, step: int) -> None:
    """Makes *folder* hold *files*; what does not change keeps its time."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.rglob("*.*"):
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, articles in files.items():
        path = folder / name
        if name.endswith(".txt"):
            text = "".join(f"{one['title']}\n\n{one['body']}\n" for one in articles)
        else:
            text = "".join(json.dumps(one) + "\n" for one in articles)
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            os.utime(path, (_BEGUN + step, _BEGUN + step))


def is_of(engine: Engine, files: Files) -> bool:
    """Whether the index holds the articles of *files*, each once, by what stands in them."""
    hits = engine.search(SearchRequest(query=All(), limit=10_000)).hits
    held = sorted((hit.article.title, hit.article.body) for hit in hits)
    return held == sorted((a["title"], a["body"]) for articles in files.values() for a in articles)
