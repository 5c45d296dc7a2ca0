"""What a model of spaCy adds to the rules, and what it costs.

    python bench/ner.py [--data ../shared/data] [--model NAME]... [--articles 1000]

Needs the extra `ner`. Prints for people on wikigold (mentions, exact in both ends) and on the news
of GUM (the last word right) precision, recall and F1 of the rules alone, of the model alone (its
persons without titles and possessives) and of both together, then for places what the model would
add, then seconds of CPU. Exits with 1 unless the hybrid is better than either on both collections.

The filter of extract/model.py was made by what it does on wikigold; GUM is the check.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from names import f1, gum, reuters, wikigold

from searchsvc.article import Article, Entity, Mention
from searchsvc.extract import rules
from searchsvc.extract.model import DEFAULT, Model, hybrid, without_title

Figures = tuple[float, float, float]
Spans = set[tuple[int, int]]


def spans(mentions: Iterable[Mention]) -> Spans:
    return {(mention.start, mention.end) for mention in mentions}


def people(entities: Iterable[Entity]) -> Spans:
    return spans(m for entity in entities if entity.field == "people" for m in entity.mentions)


def on_wikigold(path: Path, find: Callable[[Article], Spans]) -> Figures:
    right = said = wanted = 0
    for gold in wikigold(path):
        persons = {(start, end) for start, end, kind in gold.spans if kind == "PER"}
        found = find(Article(id="x", body=gold.text))
        right, said, wanted = right + len(persons & found), said + len(found), wanted + len(persons)
    return f1(right, said, wanted)


def on_gum(folder: Path, find: Callable[[Article], Spans]) -> Figures:
    right = said = wanted = 0
    for path in sorted(folder.glob("*.conllu")):
        text, mentions = gum(path)
        ends = {m.end for m in mentions if m.kind == "person" and m.is_name}
        found = {end for _, end in find(Article(id="x", body=text))}
        right, said, wanted = right + len(ends & found), said + len(found), wanted + len(ends)
    return f1(right, said, wanted)


def model_alone(model: Model, article: Article) -> Spans:
    (persons,) = model.persons([article])
    return {without_title(article.body, m.start, m.end)[:2] for m in persons}


def both(model: Model, article: Article) -> Spans:
    (persons,) = model.persons([article])
    return people(hybrid(article, persons, model.origin))


def speed(model: Model, articles: list[Article]) -> None:
    size = sum(len(article.title) + len(article.body) for article in articles)
    for name, run in (
        ("rules", lambda: [rules.names(article) for article in articles]),
        ("hybrid", lambda: list(model.names(articles))),
    ):
        started = time.process_time()
        results = run()
        seconds = time.process_time() - started
        named = sum(e.field == "people" for entities in results for e in entities)
        by_model = sum(e.origin == model.origin for entities in results for e in entities)
        print(
            f"{name}: {1000 * seconds / len(articles):.1f} s of CPU per 1,000 articles of"
            f" {size / len(articles):,.0f} characters, {named / len(articles):.2f} people an"
            f" article, {by_model} by the model alone"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak of memory: {peak:.0f} MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", action="append", help=f"default: {DEFAULT}")
    parser.add_argument("--articles", type=int, default=1000, help="of Reuters; 0 for none")
    given = parser.parse_args()
    collections = (
        ("wikigold", on_wikigold, given.data / "wikigold/wikigold.conll.txt"),
        ("GUM", on_gum, given.data / "gum-news"),
    )
    timed = list(islice(reuters(given.data), given.articles)) if given.articles else []
    worse = False
    for name in given.model or [DEFAULT]:
        model = Model(name)
        for collection, measure, path in collections:
            figures = {
                "rules": measure(path, lambda article: people(rules.names(article))),
                "model": measure(path, lambda article, m=model: model_alone(m, article)),
                "hybrid": measure(path, lambda article, m=model: both(m, article)),
            }
            for way, (p, r, f) in figures.items():
                print(f"{name}, people on {collection}, {way}: P {p:.3f} R {r:.3f} F1 {f:.3f}")
            worse |= figures["hybrid"][2] <= max(figures["rules"][2], figures["model"][2])
        if timed:
            speed(model, timed)
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
