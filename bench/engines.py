"""Search engines beside each other: the same articles, the same queries, interleaved in one run.

    python bench/engines.py --times 1 --queries 300

Reuters-21578, parsed before the clock starts. Contenders: this service on Whoosh and on tantivy,
from the typed query to the answer with passages and the facet of places; and what people would
write instead: tantivy-py with its own analysis and snippets, a Whoosh program as its documentation
teaches, SQLite's FTS5 with a table of places. Each has title, body, people, places and date; raw
tantivy all fields that ours has. Milliseconds are wall time of one thread.
"""

import argparse
import datetime as dt
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import tantivy
import whoosh.fields
import whoosh.index
from tantivy import Occur
from whoosh import query as wq
from whoosh.analysis import StemmingAnalyzer
from whoosh.qparser import MultifieldParser, OrGroup

from searchsvc.analysis import STOP_WORDS, words
from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, scan
from searchsvc.parameters import SearchParameters
from searchsvc.readers.sandbox import Limits, read_files
from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS, texts, values
from searchsvc.searching import search
from searchsvc.store import DirectoryStore

DATA = Path(os.environ.get("SEARCHSVC_DATA", Path(__file__).parents[2] / "shared" / "data"))
UPDATES = (1, 100, 1000)


class Asked(NamedTuple):
    """A query: what is to be found, in the way of its kind."""

    kind: str
    words: tuple[str, ...]
    place: str = ""
    since: dt.date = dt.date.min
    until: dt.date = dt.date.max


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


class Contender(Protocol):
    """One way to search."""

    def build(self, articles: list[Article]) -> None:
        """Makes the index anew."""

    def update(self, articles: list[Article]) -> None:
        """Replaces these, and opens what comes of it."""

    def ask(self, asked: Asked) -> int:
        """Searches, with passages of ten hits and the ten places most frequent; the total."""


# -- ours ----------------------------------------------------------------------------------------


class Ours:
    """This service."""

    def __init__(self, folder: Path, engine: str) -> None:
        self._store = DirectoryStore(folder, engine)

    def build(self, articles: list[Article]) -> None:
        with self._store.write(fresh=True) as draft:
            for article in articles:
                draft.add(article)
        self._store.current()

    def update(self, articles: list[Article]) -> None:
        with self._store.write() as draft:
            for article in articles:
                draft.delete(article.id)
                draft.add(article)
        self._store.current()

    def ask(self, asked: Asked) -> int:
        text = " ".join(asked.words)
        match asked.kind:
            case "or":
                text = " OR ".join(asked.words)
            case "phrase":
                text = f'"{text}"'
            case "people":
                text = f"people:({text})"
            case "prefix":
                text += "*"
            case "fuzzy":
                text += "~1"
            case "date":
                text += f" date:[{asked.since} TO {asked.until}]"
        chosen = [asked.place] if asked.place else []
        return search(self._store, SearchParameters(q=text, places=chosen, facets=["places"])).total


# -- tantivy -------------------------------------------------------------------------------------


class RawTantivy:
    """tantivy-py as its documentation has it, with the fields of ours and its own analysis."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        made = tantivy.SchemaBuilder()
        made.add_text_field(
            "id", fast=True, stored=True, tokenizer_name="raw", index_option="basic"
        )
        for name in TEXT_FIELDS:
            made.add_text_field(name, stored=True, tokenizer_name="en_stem", index_option="freq")
            made.add_text_field(f"{name}_written", tokenizer_name="default")
        for name in FACET_FIELDS:
            made.add_text_field(
                f"{name}_value", fast=True, tokenizer_name="raw", index_option="basic"
            )
        made.add_integer_field("day", indexed=True, fast=True)
        made.add_float_field("newest", fast=True)
        made.add_float_field("oldest", fast=True)
        made.add_bytes_field("article", stored=True)
        self._schema = made.build()

    def build(self, articles: list[Article]) -> None:
        for path in self._folder.iterdir():
            path.unlink()
        self._index = tantivy.Index(self._schema, path=str(self._folder))
        self.update(articles)

    def update(self, articles: list[Article]) -> None:
        writer = self._index.writer(heap_size=128 << 20, num_threads=1)
        for article in articles:
            writer.delete_documents_by_term("id", article.id)
            writer.add_document(self._document(article))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def _document(self, article: Article) -> tantivy.Document:
        made = tantivy.Document()
        made.add_text("id", article.id)
        for name in TEXT_FIELDS:
            for text in texts(article, name):
                made.add_text(name, text)
                made.add_text(f"{name}_written", text)
        for name in FACET_FIELDS:
            for value in values(article, name):
                made.add_text(f"{name}_value", value)
        if article.day:
            made.add_integer("day", article.day.toordinal())
        made.add_float("newest", -(article.instant or 0.0))
        made.add_float("oldest", article.instant or 0.0)
        made.add_bytes("article", article.to_json().encode())
        return made

    def ask(self, asked: Asked) -> int:
        query = self._query(asked)
        result = self._searcher.search(query, 10)
        snippets = tantivy.SnippetGenerator.create(self._searcher, query, self._schema, "body")
        for _, address in result.hits:
            found = self._searcher.doc(address)
            snippets.snippet_from_doc(found).to_html()
        places = {"terms": {"field": "places_value", "size": 10}}
        self._searcher.aggregate(query, {"places": places})
        return int(result.count)  # type: ignore[attr-defined]

    def _query(self, asked: Asked) -> tantivy.Query:
        schema, one = self._schema, asked.words[0]
        fields = ["title", "body", "people", "places"]
        match asked.kind:
            case "prefix":
                each = [
                    tantivy.Query.regex_query(schema, f"{field}_written", f"{one}.*")
                    for field in fields
                ]
                return tantivy.Query.boolean_query([(Occur.Should, query) for query in each])
            case "fuzzy":
                each = [
                    tantivy.Query.fuzzy_term_query(schema, f"{field}_written", one)
                    for field in fields
                ]
                return tantivy.Query.boolean_query([(Occur.Should, query) for query in each])
            case "phrase" if len(asked.words) > 1:
                each = [
                    tantivy.Query.phrase_query(schema, f"{field}_written", list(asked.words))
                    for field in fields
                ]
                return tantivy.Query.boolean_query([(Occur.Should, query) for query in each])
            case "people":
                return self._parsed(asked, ["people"])
            case "date":
                low, high = asked.since.toordinal(), asked.until.toordinal()
                kind = tantivy.FieldType.Integer
                days = tantivy.Query.range_query(schema, "day", kind, low, high)
                return self._parsed(asked, fields).and_must_match(days)
            case "place":
                place = tantivy.Query.term_query(schema, "places_value", asked.place)
                return self._parsed(asked, fields).and_must_match(place)
            case _:
                return self._parsed(asked, fields)

    def _parsed(self, asked: Asked, fields: list[str]) -> tantivy.Query:
        joint = " OR " if asked.kind == "or" else " "
        return self._index.parse_query(
            joint.join(asked.words), fields, {"title": 2.0}, conjunction_by_default=True
        )


# -- Whoosh --------------------------------------------------------------------------------------


class PlainWhoosh:
    """A Whoosh program as its documentation teaches."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        stemming = StemmingAnalyzer()
        self._schema = whoosh.fields.Schema(
            id=whoosh.fields.ID(stored=True, unique=True),
            title=whoosh.fields.TEXT(stored=True, analyzer=stemming, field_boost=2.0),
            body=whoosh.fields.TEXT(stored=True, analyzer=stemming),
            people=whoosh.fields.KEYWORD(stored=True, commas=True, lowercase=True),
            places=whoosh.fields.KEYWORD(stored=True, commas=True),
            date=whoosh.fields.DATETIME(stored=True, sortable=True),
        )

    def build(self, articles: list[Article]) -> None:
        self._folder.mkdir(exist_ok=True)
        self._index = whoosh.index.create_in(str(self._folder), self._schema)
        writer = self._index.writer()
        for article in articles:
            writer.add_document(**self._document(article))
        writer.commit()
        self._searcher = self._index.searcher()

    def update(self, articles: list[Article]) -> None:
        writer = self._index.writer()
        for article in articles:
            writer.update_document(**self._document(article))
        writer.commit()
        self._searcher = self._index.searcher()

    def _document(self, article: Article) -> dict[str, Any]:
        day = article.day
        return {
            "id": article.id,
            "title": article.title,
            "body": article.body,
            "people": ",".join(article.people),
            "places": ",".join(article.places),
            "date": dt.datetime.combine(day, dt.time()) if day else None,
        }

    def ask(self, asked: Asked) -> int:
        joint = OrGroup if asked.kind == "or" else None
        grouped = {"group": joint} if joint else {}
        fields = ["people"] if asked.kind == "people" else ["title", "body"]
        parser = MultifieldParser(fields, self._schema, **grouped)
        text = " ".join(asked.words)
        match asked.kind:
            case "phrase":
                text = f'"{text}"'
            case "prefix":
                text += "*"
        query = parser.parse(text)
        if asked.kind == "fuzzy":
            query = wq.Or([wq.FuzzyTerm(field, asked.words[0]) for field in fields])
        only = None
        if asked.place:
            only = wq.Term("places", asked.place)
        elif asked.kind == "date":
            start, end = (dt.datetime.combine(d, dt.time()) for d in (asked.since, asked.until))
            only = wq.DateRange("date", start, end)
        results = self._searcher.search(query, limit=10, filter=only, groupedby="places")
        for hit in results[:10]:
            hit.highlights("body")
        sorted(results.groups("places").items(), key=lambda pair: -len(pair[1]))[:10]
        return len(results)


# -- SQLite --------------------------------------------------------------------------------------


class Fts5:
    """SQLite's full-text table, with the places in a table of their own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder.with_suffix(".sqlite")

    def build(self, articles: list[Article]) -> None:
        self._path.unlink(missing_ok=True)
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.executescript(
            "pragma journal_mode = wal; pragma synchronous = normal;"
            "create table ids (id text primary key, number integer unique);"
            "create virtual table articles using fts5("
            "  title, body, people, places, tokenize = 'porter unicode61', prefix = '3 4');"
            "create table days (number integer primary key, day integer);"
            "create index by_day on days (day);"
            "create table places (place text, number integer);"
            "create index by_place on places (place, number);"
            "create index by_number on places (number)"
        )
        self.update(articles)

    def update(self, articles: list[Article]) -> None:
        db = self._db
        db.execute("begin")
        for article in articles:
            row = db.execute("select number from ids where id = ?", (article.id,)).fetchone()
            if row:
                for table in ("articles where rowid", "days where number", "places where number"):
                    db.execute(f"delete from {table} = ?", row)
            else:
                db.execute("insert into ids select ?, count(*) from ids", (article.id,))
            row = db.execute("select number from ids where id = ?", (article.id,)).fetchone()
            people, places = ", ".join(article.people), ", ".join(article.places)
            db.execute(
                "insert into articles (rowid, title, body, people, places) values (?, ?, ?, ?, ?)",
                (*row, article.title, article.body, people, places),
            )
            day = article.day.toordinal() if article.day else None
            db.execute("insert into days values (?, ?)", (*row, day))
            db.executemany("insert into places values (?, ?)", [(p, *row) for p in article.places])
        db.execute("commit")

    def ask(self, asked: Asked) -> int:
        joint = " OR " if asked.kind == "or" else " "
        text = joint.join(f'"{word}"' for word in asked.words)
        match asked.kind:
            case "phrase":
                text = '"' + " ".join(asked.words) + '"'
            case "people":
                text = f"people : ({text})"
            case "prefix":
                text += "*"
            case "fuzzy":
                return -1  # it has none
        only, given = "", [text]
        if asked.place:
            only = "join places p on p.number = a.rowid and p.place = ?"
            given = [asked.place, text]
        elif asked.kind == "date":
            span = f"{asked.since.toordinal()} and {asked.until.toordinal()}"
            only = f"join days d on d.number = a.rowid and d.day between {span}"
        db = self._db
        shown = "snippet(articles, 1, '<b>', '</b>', '…', 24)"
        order = "order by bm25(articles, 2.0, 1.0, 1.0, 1.0) limit 10"
        # "cross join" has SQLite search the words first; else it searches them for each place.
        only = only.replace("join", "cross join")
        db.execute(
            f"select a.rowid, {shown} from articles a {only} where articles match ? {order}", given
        ).fetchall()
        found = f"select a.rowid as number from articles a {only} where articles match ?"
        counted = f"select q.place, count(*) from ({found}) f cross join places q using (number)"
        db.execute(f"{counted} group by q.place order by 2 desc limit 10", given).fetchall()
        (total,) = db.execute(f"select count(*) from ({found})", given).fetchone()
        return int(total)


# -- measuring -----------------------------------------------------------------------------------


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=1, help="copies of the newswire")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="of the contenders")
    given = parser.parse_args()
    articles = [
        replace(article, id=f"{article.id}-{copy}")
        for article in reuters()
        for copy in range(given.times)
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contenders: dict[str, Contender] = {
            "ours, tantivy": Ours(folder / "ours-tantivy", "tantivy"),
            "raw tantivy": RawTantivy(folder / "raw-tantivy"),
            "ours, Whoosh": Ours(folder / "ours-whoosh", "whoosh"),
            "plain Whoosh": PlainWhoosh(folder / "plain-whoosh"),
            "FTS5": Fts5(folder / "fts5"),
        }
        if given.only:
            contenders = {name: contenders[name] for name in given.only}
        print(f"{len(articles):,} articles, {given.queries} queries, seed {given.seed}")
        build(contenders, articles, given.rounds)
        asked = list(queries(articles[:: given.times], given.queries, given.seed))
        ask(contenders, asked, given.rounds)
        update(contenders, articles, given.rounds, given.seed)


def reuters() -> Iterator[Article]:
    """The articles of the archive."""
    files = [f for f in scan(DATA / "reuters21578.tar.gz") if isinstance(f, CorpusFile)]
    for _, items in read_files(files, 1, Limits()):
        yield from (item for item in items if isinstance(item, Article))


def build(contenders: dict[str, Contender], articles: list[Article], rounds: int) -> None:
    """Builds, in turn; the median of the rounds."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    cpus: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, one in contenders.items():
            if number and "Whoosh" in name and len(times[name]) >= 1:
                continue  # half a minute each
            before = time.process_time()
            times[name].append(timed(lambda one=one: one.build(articles)))  # type: ignore[misc]
            cpus[name].append(time.process_time() - before)
    print("build:                 articles/s     CPU s")
    for name in contenders:
        rate = len(articles) / statistics.median(times[name]) * 1000
        print(f"  {name:20} {rate:10,.0f} {statistics.median(cpus[name]):10.1f}")


def ask(contenders: dict[str, Contender], asked: list[Asked], rounds: int) -> None:
    """Every query of every contender in turn: the first round is the first touch."""
    first: dict[str, list[float]] = {name: [] for name in contenders}
    warm: dict[str, dict[str, list[float]]] = {
        name: {kind: [] for kind in KINDS} for name in contenders
    }
    for number in range(rounds):
        for one in asked:
            for name, contender in contenders.items():
                spent = timed(lambda c=contender, q=one: c.ask(q))  # type: ignore[misc]
                if name == "FTS5" and one.kind == "fuzzy":
                    continue
                if number == 0:
                    first[name].append(spent)
                else:
                    warm[name][one.kind].append(spent)
    print("search + passages + facet, ms   first p50   p95     warm p50   p95   p99")
    for name in contenders:
        every = [spent for kind in KINDS for spent in warm[name][kind]]
        figures = [percentile(first[name], p) for p in (0.5, 0.95)]
        figures += [percentile(every, p) for p in (0.5, 0.95, 0.99)]
        print(f"  {name:24}" + " ".join(f"{figure:9.2f}" for figure in figures))
    print("warm p95 by kind, ms    " + " ".join(f"{kind:>7}" for kind in KINDS))
    for name in contenders:
        figures = [percentile(warm[name][kind] or [0.0], 0.95) for kind in KINDS]
        print(f"  {name:22}" + " ".join(f"{figure:7.2f}" for figure in figures))


def update(
    contenders: dict[str, Contender], articles: list[Article], rounds: int, seed: int
) -> None:
    """Updates of so many articles, published; the median of the rounds."""
    chance = random.Random(seed)
    times: dict[tuple[str, int], list[float]] = {}
    for _ in range(rounds):
        for count in UPDATES:
            changed = [replace(a, title=f"{a.title} again") for a in chance.sample(articles, count)]
            for name, one in contenders.items():
                spent = timed(lambda one=one, some=changed: one.update(some))  # type: ignore[misc]
                times.setdefault((name, count), []).append(spent)
    print("update, ms             " + " ".join(f"{count:>9,}" for count in UPDATES))
    for name in contenders:
        figures = [statistics.median(times[name, count]) for count in UPDATES]
        print(f"  {name:20} " + " ".join(f"{figure:9.1f}" for figure in figures))


if __name__ == "__main__":
    main()
