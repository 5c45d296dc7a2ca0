"""Mutated articles through the extraction: what it raises, and the slowest.

    python bench/names_fuzz.py [--count 100000] [--seed 1] [--data ../shared/data]

Each article is a real one with pieces cut out, doubled, shuffled, put in capitals or strewn with
signs, some made 10 kB long; one in fifty is a list of names. Prints every exception and the most
CPU milliseconds per 10 kB.
"""

import argparse
import gc
import random
import time
import traceback
from pathlib import Path

from names import reuters

from searchsvc.article import Article
from searchsvc.extract import extract
from searchsvc.extract.vocabulary import vocabulary

SIGNS = [
    *("\n", "\n\n", " ", ". ", ", ", "'s", "’", "-", "--", "&", "(", ")", '"', "\u00a0", "\u200b"),
    *("İ", "ß", "Ǆ", "\u0301", "U.S.", "J.", "of", "and", "St.", "Mr.", "\x00", "0", "𝐀", "李"),
]


def mutated(article: Article, others: list[Article], chance: random.Random) -> Article:
    """*article* after up to eight changes."""
    words = f"{article.title} {article.body}".split(" ")
    for _ in range(chance.randrange(9)):
        at = chance.randrange(len(words) + 1)
        end = min(len(words), at + chance.randrange(1, 30))
        match chance.randrange(8):
            case 0:
                del words[at:end]
            case 1:
                words[at:at] = words[at:end]
            case 2:
                piece = words[at:end]
                chance.shuffle(piece)
                words[at:end] = piece
            case 3:
                words[at:end] = [word.upper() for word in words[at:end]]
            case 4:
                words[at:end] = [word.title() for word in words[at:end]]
            case 5:
                words[at:at] = chance.choices(SIGNS, k=chance.randrange(1, 40))
            case 6:
                words[at:at] = chance.choice(others).body.split(" ")
            case 7:
                words[at:at] = [chance.choice(words or ["A"])] * chance.randrange(1, 300)
    joint = chance.choice([" ", " ", " ", "\n", ""])
    text = joint.join(words)[:10_000]
    cut = chance.randrange(120)
    dateline = chance.choice([article.dateline, "".join(chance.choices(SIGNS, k=5))])
    return Article(
        id="1", title=text[:cut], body=text[cut:], dateline=dateline, people=tuple(words[:2])
    )


def list_of_names(chance: random.Random) -> Article:
    """10 kB of names: of one surname, of many, or behind titles, as lists of honours have them."""
    firsts = sorted(vocabulary().common_first_names)
    ends = ["Smithson", chance.choice(firsts) + "ovak"]
    made = (
        chance.choice([chance.choice(firsts), "Mr."])
        + f" {chance.choice(ends if chance.random() < 0.5 else firsts)}"
        + chance.choice([", ", ". ", " and ", " "])
        for _ in range(900)
    )
    return Article(id="1", body="".join(made)[:10_000])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--keep", type=Path, help="where to write the slowest article")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    articles = list(reuters(given.data))
    extract(Article(id="0", title="PARIS", body="Paris", dateline="nowhere, France"))  # reads lists
    gc.freeze()  # collecting what the articles hold is no work of the extraction
    raised, slowest, which = 0, 0.0, ""
    for _ in range(given.count):
        article = mutated(chance.choice(articles), articles, chance)
        if chance.random() < 0.02:
            article = list_of_names(chance)
        started = time.process_time()
        try:
            extract(article)
        except Exception:
            raised += 1
            traceback.print_exc()
            print(repr(article.body[:300]))
        took = (time.process_time() - started) * 1000
        if took > slowest:
            slowest, which = took, article.body[:200]
            if given.keep:
                given.keep.write_text(article.to_json(), "utf-8", "surrogatepass")
    print(f"{given.count:,} articles, seed {given.seed}: {raised} exceptions")
    print(f"the slowest took {slowest:.1f} ms of CPU: {which!r}")


if __name__ == "__main__":
    main()
