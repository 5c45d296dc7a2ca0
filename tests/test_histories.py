"""Random histories of a corpus: brought in step by step, they end as if indexed all at once."""

import random
from pathlib import Path

from test_indexing import World

from searchsvc.article import Article
from searchsvc.errors import CorrectionsError
from searchsvc.parameters import SearchParameters
from searchsvc.readers.sandbox import Workers
from searchsvc.searching import search
from searchsvc.store import DirectoryStore

WORDS = (
    "oil gold price wheat strike storm budget court harbour vote bank rate trade fell rose".split()
)
PEOPLE = ["President Ronald Reagan", "Treasury Secretary James Baker", "Paul Volcker", "Mr Baker"]
PLACES = ["Paris", "Tokyo", "Iran", "Lagos"]
QUERIES = ["oil", '"gold price"', "pri*", "Reagan", "people:baker", "strike OR storm", ""]


class History(World):
    """A corpus to which things happen by chance."""

    def __init__(self, folder: Path, seed: int, readers: Workers) -> None:
        super().__init__(folder, readers=readers)
        self.chance = random.Random(seed)

    def sentence(self) -> str:
        words = " ".join(self.chance.choices(WORDS, k=8))
        people, places = self.chance.choice(PEOPLE), self.chance.choice(PLACES)
        return f"{words.capitalize()}. {people} spoke in {places}."

    def name(self) -> str:
        folder = self.chance.choice(["", "a/", "b/", "a/c/"])
        return folder + self.chance.choice("tuvwxyz") + self.chance.choice([".txt", ".jsonl"])

    def files(self) -> list[Path]:
        found = (path for path in sorted(self.corpus.rglob("*")) if path.is_file())
        return [path for path in found if path.name != "corrections.tsv"]

    def put(self, name: str) -> None:
        if name.endswith(".txt"):
            self.text(name, f"Headline {self.chance.randrange(100)}", self.sentence())
        else:
            ids = self.chance.sample(range(12), self.chance.randint(1, 4))
            self.jsonl(
                name, *({"id": f"i{n}", "title": f"T{n}", "body": self.sentence()} for n in ids)
            )

    def step(self) -> None:
        """Something happens."""
        files = self.files()
        what = self.chance.choice(
            "add add change change rename delete double spoil correct".split()
        )
        if what == "add" or not files:
            self.put(self.name())
            return
        path = self.chance.choice(files)
        name = path.relative_to(self.corpus).as_posix()
        if what == "change":
            self.put(name)
        elif what == "rename":
            target = self.corpus / self.name()
            if target.suffix == path.suffix:
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
        elif what == "delete":
            path.unlink()
        elif what == "double":
            self.write(self.name().replace(".txt", ".jsonl"), path.read_bytes())
        elif what == "spoil":
            content = path.read_bytes()
            self.write(name, content[: len(content) // 2] + b"\x00{" * self.chance.randrange(3))
        else:
            who = self.chance.choice(["Ronald Reagan", "James Baker", "Paul Volcker"])
            lines = [f"hide | people | {who}", f"rename | people | {who} | {who} Jr"]
            self.correct(*self.chance.sample(lines, self.chance.randint(0, 1)))


def seen(store: DirectoryStore, articles: list[Article]) -> dict[str, object]:
    """All that a reader can see of an index, but for its name and the time that it took."""
    answers = []
    for text in QUERIES:
        asked = SearchParameters(q=text, size=200, sort="newest")
        answer = search(store, asked).model_dump(exclude={"took_ms", "generation", "links"})
        for hit in answer["hits"]:
            hit.pop("score")  # deleted articles weigh in it until they are tidied away
        answers.append(answer)
    return {"articles": articles, "answers": answers}


def run(folder: Path, seed: int, readers: Workers) -> None:
    """One history: some steps between updates, by all or by the paths that changed."""
    world = History(folder, seed, readers)
    for _ in range(world.chance.randint(2, 6)):
        before = {path: path.stat().st_mtime_ns for path in world.files()}
        for _ in range(world.chance.randint(1, 5)):
            world.step()
        after = {path: path.stat().st_mtime_ns for path in world.files()}
        changed = {path for path, _ in before.items() ^ after.items()}
        paths = sorted(changed) if world.chance.random() < 0.5 else None
        if paths and world.chance.random() < 0.5:  # as notices tell of folders too
            paths += [path.parent for path in paths]
        try:
            world.update(paths=paths)
        except CorrectionsError:
            world.correct()
            world.update()
    other = World(folder / "other", world.corpus, readers)
    other.update(fresh=True)
    assert seen(world.store, world.articles()) == seen(other.store, other.articles()), seed
    assert world.update().generation is None, seed
    assert world.store.verify() == []


def test_histories_end_as_one_rebuild(
    tmp_path: Path, readers: Workers, thorough: bool, seed: int
) -> None:
    for number in range(500 if thorough else 25):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(folder, seed * 1000 + number, readers)
    print(f"\nhistories: {500 if thorough else 25} ended as one rebuild, seed {seed}")
