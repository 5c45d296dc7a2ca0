"""How well people and places are found, on collections with the answers beside them.

    python bench/names.py [--data ../shared/data]

Prints one figure a line. `tests/extract/floors.json` holds the least that each may be.

people on wikigold    mentions of a person, exact in both ends: precision, recall, F1
people on GUM         named people of Wikinews articles, the last word right: F1
spellings on GUM      given the mentions of the annotators, which are of one person: B3 F1
places on GUM         of the place mentions with an article in Wikipedia, how many are a place of
                      the gazetteer here, and how many of these the right one
tags of Reuters       with the tags taken away, the share of PEOPLE and PLACES found in the text
"""

import argparse
import gc
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from searchsvc.analysis import fold
from searchsvc.article import Article, Entity
from searchsvc.extract import rules, spelling
from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.people import NamedPerson
from searchsvc.extract.vocabulary import vocabulary

NO_SPACE_BEFORE = set(".,;:!?)]}'’”%") | {"'s", "’s", "n't", "n’t", "'", "''", "'re", "'ve", "'ll"}
NO_SPACE_AFTER = set("([{“‘$") | {"``"}


TITLES = vocabulary().titles | vocabulary().title_parts | vocabulary().nationalities | {"u.s"}


class Gold(NamedTuple):
    """A text and the spans in it, each with what it is called."""

    text: str
    spans: list[tuple[int, int, str]]


def f1(right: int, said: int, wanted: int) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean."""
    precision, recall = right / max(said, 1), right / max(wanted, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


# -- wikigold ----------------------------------------------------------------------------------


def wikigold(path: Path) -> Iterator[Gold]:
    """The documents of a CoNLL file with one token and its IO tag on a line."""
    for document in re.split(r"-DOCSTART- O\n", path.read_text("utf-8")):
        text, spans, open_at, last = "", [], 0, "O"
        for line in document.split("\n"):
            token, _, tag = line.rpartition(" ")
            if not token:
                tag = "O"
            if tag != last and last != "O":
                spans.append((open_at, len(text), last[2:]))
            if token:
                if text and token not in NO_SPACE_BEFORE and text[-1] not in "([{“‘$":
                    text += " "
                if tag != last:
                    open_at = len(text)
                text += token
            last = tag
        if text:
            yield Gold(text, spans)


def people_on_wikigold(path: Path, show: bool) -> tuple[float, float, float]:
    right = said = wanted = 0
    for gold in wikigold(path):
        persons = {(start, end) for start, end, kind in gold.spans if kind == "PER"}
        entities = rules.names(Article(id="x", body=gold.text))
        found = {(m.start, m.end) for e in entities if e.field == "people" for m in e.mentions}
        right += len(persons & found)
        said += len(found)
        wanted += len(persons)
        if show:
            for sign, spans in (("+", found - persons), ("-", persons - found)):
                for start, end in sorted(spans):
                    around = gold.text[max(0, start - 30) : end + 25]
                    print("wg", sign, gold.text[start:end], "|", around)
    return f1(right, said, wanted)


# -- GUM ---------------------------------------------------------------------------------------


class GumMention(NamedTuple):
    """A mention: its end, which entity of which kind, its central words, its name in Wikipedia."""

    start: int
    end: int
    entity: str
    kind: str
    words: tuple[str, ...]
    is_name: bool
    identity: str


class GumToken(NamedTuple):
    """A word of a document, where it stands, and its part of speech."""

    start: int
    end: int
    word: str
    tag: str


def gum(path: Path) -> tuple[str, list[GumMention]]:
    """The text of a GUM document and its mentions, in order of their beginning."""
    text, space, glued = "", "", 0
    tokens: list[GumToken] = []
    still_open: list[tuple[int, list[str]]] = []
    mentions: list[GumMention] = []
    for line in path.read_text("utf-8").split("\n"):
        if line.startswith("# newpar") and not line.startswith("# newpar_block") and text:
            space = "\n\n"
        cells = line.split("\t")
        if len(cells) == 10 and "-" in cells[0]:  # words written as one, as Trump's
            glued = int(cells[0].partition("-")[2])
            after_glued = "" if "SpaceAfter=No" in cells[9] else " "
        if len(cells) != 10 or not cells[0].isdigit():
            continue
        text += space + cells[1]
        tokens.append(GumToken(len(text) - len(cells[1]), len(text), cells[1], cells[4]))
        number = int(cells[0])
        if number <= glued:
            space = after_glued if number == glued else ""
        else:
            glued, space = 0, "" if "SpaceAfter=No" in cells[9] else " "
        entity = next((m[7:] for m in cells[9].split("|") if m.startswith("Entity=")), "")
        for part in re.findall(r"\([^()]+\)?|[^()]+\)", entity):
            if part.startswith("("):
                still_open.append((len(tokens) - 1, part.strip("()").split("-")))
            if part.endswith(")"):
                ended = part.strip("()").split("-")[0]
                at = max(i for i, (_, facts) in enumerate(still_open) if facts[0] == ended)
                first, facts = still_open.pop(at)
                mentions.append(gum_mention(tokens[first:], facts))
    return text, sorted(mentions)


def gum_mention(tokens: list[GumToken], facts: list[str]) -> GumMention:
    """The mention that *tokens* are, by the facts id, kind, status, salience, centering, span..."""
    places = [int(n) - 1 for n in facts[5].split(",") if n.isdigit() and int(n) <= len(tokens)]
    central = [tokens[place] for place in places] or tokens
    side_by_side = all(other.start - one.end <= 1 for one, other in pairwise(central))
    is_name = (
        side_by_side
        and central[-1].tag == "NNP"
        and all(t.tag in ("NNP", "HYPH", "NNPS") for t in central)
    )
    if central[-1].word.lower() in TITLES:  # "the President"
        is_name = False
    return GumMention(
        central[0].start,
        central[-1].end,
        facts[0],
        facts[1],
        tuple(token.word for token in central),
        is_name,
        "-".join(facts[7:]),
    )


def people_on_gum(folder: Path, show: bool) -> tuple[float, float, float]:
    right = said = wanted = 0
    for path in sorted(folder.glob("*.conllu")):
        text, mentions = gum(path)
        ends = {m.end: m for m in mentions if m.kind == "person" and m.is_name}
        entities = rules.names(Article(id="x", body=text))
        found = {m.end for e in entities if e.field == "people" for m in e.mentions}
        right += len(found & set(ends))
        said += len(found)
        wanted += len(ends)
        if show:
            for end in sorted(found - set(ends)):
                print("gum +", text[max(0, end - 40) : end + 15].replace("\n", " "), path.stem)
            for end in sorted(set(ends) - found):
                print(
                    "gum -",
                    text[ends[end].start : end],
                    "|",
                    text[max(0, end - 40) : end + 25].replace("\n", " "),
                )
    return f1(right, said, wanted)


def spellings_on_gum(folder: Path) -> tuple[float, float, float]:
    """B3 over the named people of each document."""
    precision = recall = 0.0
    count = 0
    for path in sorted(folder.glob("*.conllu")):
        text, mentions = gum(path)
        named = [m for m in mentions if m.kind == "person" and m.is_name]
        given = [("body", as_mention(text, m)) for m in named]
        clusters = {
            id(mention): number
            for number, person in enumerate(spelling.people(given))
            for _, mention in person.mentions
        }
        mine = {i: clusters[id(pair[1])] for i, pair in enumerate(given)}
        for i, m in enumerate(named):
            same = {j for j in mine if mine[j] == mine[i]}
            gold = {j for j, other in enumerate(named) if other.entity == m.entity}
            precision += len(same & gold) / len(same)
            recall += len(same & gold) / len(gold)
            count += 1
    p, r = precision / count, recall / count
    return p, r, 2 * p * r / (p + r)


def as_mention(text: str, mention: GumMention) -> NamedPerson:
    """The annotators' mention as the merge gets it: without the titles that they count in."""
    words = [word.strip("’'") for word in text[mention.start : mention.end].split()]
    title = ""
    while len(words) > 1 and words[0].lower().rstrip(".") in TITLES:
        title = words.pop(0).lower().rstrip(".")
    return NamedPerson(mention.start, mention.end, tuple(words), title)


def places_on_gum(folder: Path, show: bool) -> tuple[float, float, int]:
    """Share of linked place mentions that get a place, share of these that is right, mentions."""
    mapped = right = count = 0
    for path in sorted(folder.glob("*.conllu")):
        text, mentions = gum(path)
        entities = [e for e in rules.names(Article(id="x", body=text)) if e.field == "places"]
        at = {m.start: e for e in entities for m in e.mentions}
        for m in mentions:
            if m.kind != "place" or not m.identity or not m.is_name:
                continue
            count += 1
            entity = at.get(m.start)
            good = entity is not None and is_identity(entity, m.identity)
            mapped += entity is not None
            right += good
            if show and not good:
                around = text[max(0, m.start - 30) : m.end + 25].replace("\n", " ")
                print("place", text[m.start : m.end], "->", entity and entity.name, "|", around)
    return mapped / count, right / max(mapped, 1), count


def is_identity(entity: Entity, identity: str) -> bool:
    """Whether the entity is what the article of Wikipedia is about."""
    title = fold(identity.replace("%2C", ",").replace("_", " "))
    names = {fold(entity.name), *map(fold, entity.aliases)}
    plain = re.sub(r" \(.*\)$", "", title)
    head = title.split(",")[0]
    return bool({title, plain, head} & names) or plain in {
        re.sub(r" \(.*\)$", "", n) for n in names
    }


# -- Reuters -----------------------------------------------------------------------------------


def reuters(data: Path) -> Iterator[Article]:
    """The articles of the archive."""
    from searchsvc.corpus import CorpusFile, scan
    from searchsvc.readers.sandbox import Limits, read_files

    files = [f for f in scan(data / "reuters21578.tar.gz") if isinstance(f, CorpusFile)]
    for _, items in read_files(files, 1, Limits()):
        for item in items:
            if isinstance(item, Article):
                yield item


def tags_of_reuters(articles: list[Article], show: bool) -> dict[str, float]:
    """Recall of the tags, and the speed, of CPU seconds."""
    wanted: dict[str, int] = defaultdict(int)
    found: dict[str, int] = defaultdict(int)
    bare = [replace(a, people=(), places=()) for a in articles]
    gc.freeze()  # collecting what the articles hold is no work of the extraction
    started = time.process_time()
    results = [rules.names(a) for a in bare]
    seconds = time.process_time() - started
    missed: dict[str, list[str]] = defaultdict(list)
    for article, entities in zip(articles, results, strict=True):
        people = [e for e in entities if e.field == "people"]
        countries = {e.country for e in entities if e.field == "places"}
        for tag in article.people:
            wanted["people"] += 1
            if any(is_tagged(tag, e) for e in people):
                found["people"] += 1
            else:
                missed["people"].append(f"{article.id} {tag}")
        for tag in article.places:
            wanted["places"] += 1
            meant = gazetteer().find_folded(tag.replace("-", " "))
            if meant and meant[0].country in countries:
                found["places"] += 1
            else:
                missed["places"].append(tag if meant else f"?{tag}")
    if show:
        print(missed["people"])
        counted: dict[str, int] = defaultdict(int)
        for tag in missed["places"]:
            counted[tag] += 1
        print(sorted(counted.items(), key=lambda pair: -pair[1])[:50])
    size = sum(len(a.title) + len(a.body) for a in bare)
    return {
        "people": found["people"] / wanted["people"],
        "places": found["places"] / wanted["places"],
        "megabytes a second": size / seconds / 1e6,
        "articles a second": len(bare) / seconds,
        "people an article": sum(e.field == "people" for r in results for e in r) / len(results),
    }


def is_tagged(tag: str, entity: Entity) -> bool:
    """Whether a tag such as "james-baker" or "volcker" is of this person."""
    surname = fold(tag).split("-")[-1]
    spelt = {fold(w) for name in (entity.name, *entity.aliases) for w in re.split("[ -]", name)}
    return surname in spelt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    parser.add_argument("--no-reuters", action="store_true")
    given = parser.parse_args()
    p, r, f = people_on_wikigold(given.data / "wikigold/wikigold.conll.txt", given.show)
    print(f"people on wikigold: P {p:.3f} R {r:.3f} F1 {f:.3f}")
    p, r, f = people_on_gum(given.data / "gum-news", given.show)
    print(f"people on GUM: P {p:.3f} R {r:.3f} F1 {f:.3f}")
    p, r, f = spellings_on_gum(given.data / "gum-news")
    print(f"spellings on GUM: B3 P {p:.3f} R {r:.3f} F1 {f:.3f}")
    mapped, right, count = places_on_gum(given.data / "gum-news", given.show)
    print(f"places on GUM: {mapped:.3f} mapped of {count}, {right:.3f} of these right")
    if not given.no_reuters:
        for name, figure in tags_of_reuters(list(reuters(given.data)), given.show).items():
            print(f"tags of Reuters: {name} {figure:,.3f}")


if __name__ == "__main__":
    main()
