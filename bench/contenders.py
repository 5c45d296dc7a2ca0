"""Ways to search the same articles: this service, and what people would write instead.

Each has title, body, people, places and date, and answers with the passages of ten hits and the ten
most frequent places; raw tantivy has all fields that ours has. Peers have their best honest
settings: a change of theirs that makes them faster and finds the same is welcome here.
"""

import datetime as dt
import shutil
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import bm25s
import tantivy
import whoosh.fields
import whoosh.index
from Stemmer import Stemmer
from tantivy import Occur
from whoosh import query as wq
from whoosh.analysis import StemmingAnalyzer
from whoosh.qparser import MultifieldParser, OrGroup

from searchsvc.article import Article
from searchsvc.parameters import SearchParameters
from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS, texts, values
from searchsvc.searching import search
from searchsvc.store import DirectoryStore

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian's python3-xapian is
try:
    import xapian
except ImportError:
    sys.exit("Xapian is not there: apt install python3-xapian, which is for Debian's own Python")
sys.path.pop()


class Asked(NamedTuple):
    """A query: what is to be found, in the way of its kind."""

    kind: str
    words: tuple[str, ...]
    place: str = ""
    since: dt.date = dt.date.min
    until: dt.date = dt.date.max


def typed(asked: Asked) -> str:
    """*asked* in our query language, but for the place, which is a filter."""
    text = " ".join(asked.words)
    match asked.kind:
        case "or":
            return " OR ".join(asked.words)
        case "phrase":
            return f'"{text}"'
        case "people":
            return f"people:({text})"
        case "prefix":
            return f"{text}*"
        case "fuzzy":
            return f"{text}~1"
        case "date":
            return f"{text} date:[{asked.since} TO {asked.until}]"
        case _:
            return text


class Contender(Protocol):
    """One way to search."""

    def build(self, articles: list[Article]) -> None:
        """Makes the index anew; it is a process of its own that does."""

    def open(self) -> None:
        """Opens what was built."""

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

    def open(self) -> None:
        self._store.current()

    def update(self, articles: list[Article]) -> None:
        with self._store.write() as draft:
            for article in articles:
                draft.delete(article.id)
                draft.add(article)
        self._store.current()

    def ask(self, asked: Asked) -> int:
        chosen = [asked.place] if asked.place else []
        return search(
            self._store, SearchParameters(q=typed(asked), places=chosen, facets=["places"])
        ).total


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
        shutil.rmtree(self._folder)
        self._folder.mkdir()
        self._index = tantivy.Index(self._schema, path=str(self._folder))
        self.update(articles)

    def open(self) -> None:
        self._index = tantivy.Index.open(str(self._folder))
        self._searcher = self._index.searcher()

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

    def open(self) -> None:
        self._index = whoosh.index.open_dir(str(self._folder))
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
        self._folder = folder

    def build(self, articles: list[Article]) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        self.open()
        self._db.executescript(
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
        self._db.close()

    def open(self) -> None:
        self._db = sqlite3.connect(self._folder / "articles.sqlite", isolation_level=None)
        self._db.executescript("pragma journal_mode = wal; pragma synchronous = normal;")

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


# -- Xapian --------------------------------------------------------------------------------------


class Xapian:
    """Xapian by its Python bindings, with the English stemmer and places in a value."""

    FIELDS = (("title", "S"), ("body", ""), ("people", "XPE"), ("places", "XPL"))

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stemmer = xapian.Stem("english")

    def build(self, articles: list[Article]) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self.update(articles)

    def open(self) -> None:
        self._db = xapian.Database(str(self._folder))

    def update(self, articles: list[Article]) -> None:
        db = xapian.WritableDatabase(str(self._folder), xapian.DB_CREATE_OR_OPEN)
        for article in articles:
            db.replace_document(f"Q{article.id}", self._document(article))
        db.commit()
        db.close()
        self.open()

    def _document(self, article: Article) -> Any:
        made = xapian.Document()
        generator = xapian.TermGenerator()
        generator.set_stemmer(self._stemmer)
        generator.set_document(made)
        for name, prefix in self.FIELDS:
            value = getattr(article, name)
            text = value if isinstance(value, str) else ", ".join(value)
            generator.index_text(text, 1, prefix)
            if prefix:  # any field is searched
                generator.increase_termpos()
                generator.index_text(text, 2 if name == "title" else 1)
        for place in article.places:
            made.add_boolean_term(f"XPLACE{place}"[:240])
        made.add_value(0, "\n".join(article.places))
        made.add_value(1, xapian.sortable_serialise(article.day.toordinal() if article.day else 0))
        made.set_data(article.body)
        made.add_boolean_term(f"Q{article.id}")
        return made

    def ask(self, asked: Asked) -> int:
        parser = xapian.QueryParser()
        parser.set_database(self._db)
        parser.set_stemmer(self._stemmer)
        parser.set_stemming_strategy(xapian.QueryParser.STEM_SOME)
        parser.set_default_op(xapian.Query.OP_OR if asked.kind == "or" else xapian.Query.OP_AND)
        flags = xapian.QueryParser.FLAG_PHRASE | xapian.QueryParser.FLAG_PARTIAL
        text = " ".join(asked.words)
        if asked.kind == "fuzzy":
            return -1  # it has none
        if asked.kind == "phrase":
            text = f'"{text}"'
        if asked.kind != "prefix":
            flags = xapian.QueryParser.FLAG_PHRASE
        query = parser.parse_query(text, flags, "XPE" if asked.kind == "people" else "")
        if asked.place:
            only = xapian.Query(f"XPLACE{asked.place}"[:240])
            query = xapian.Query(xapian.Query.OP_FILTER, query, only)
        elif asked.kind == "date":
            days = (xapian.sortable_serialise(d.toordinal()) for d in (asked.since, asked.until))
            only = xapian.Query(xapian.Query.OP_VALUE_RANGE, 1, *days)
            query = xapian.Query(xapian.Query.OP_FILTER, query, only)
        enquire = xapian.Enquire(self._db)
        enquire.set_query(query)
        spy = xapian.ValueCountMatchSpy(0)
        enquire.add_matchspy(spy)
        found = enquire.get_mset(0, 10, self._db.get_doccount())
        for hit in found:
            found.snippet(hit.document.get_data().decode(), 160, self._stemmer)
        places: Counter[str] = Counter()
        for value in spy.values():
            for place in value.term.decode().split("\n"):
                places[place] += value.termfreq
        places.most_common(10)
        return int(found.get_matches_estimated())


# -- bm25s ---------------------------------------------------------------------------------------


class Bm25s:
    """bm25s: scores worked out beforehand. Words only; no passages, no facet, no update."""

    KINDS = ("rare", "common", "or")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stemmer = Stemmer("english")

    def _tokens(self, texts: list[str]) -> Any:
        return bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)

    def build(self, articles: list[Article]) -> None:
        tokens = self._tokens([f"{a.title} {a.body}" for a in articles])
        index = bm25s.BM25()
        index.index(tokens, show_progress=False)
        index.save(self._folder)

    def open(self) -> None:
        self._index = bm25s.BM25.load(self._folder)

    def update(self, articles: list[Article]) -> None:
        raise NotImplementedError

    def ask(self, asked: Asked) -> int:
        if asked.kind not in self.KINDS:
            return -1
        tokens = self._tokens([" ".join(asked.words)])
        self._index.retrieve(tokens, k=10, show_progress=False)
        return 0
