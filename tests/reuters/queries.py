"""Queries as readers of a newswire type them, made from the words of its articles."""

import random
from collections.abc import Iterator

from searchsvc.analysis import STOP_WORDS, words
from searchsvc.article import Article


def realistic(articles: list[Article], seed: int) -> Iterator[str]:
    """Endless queries of every kind, each about some article; the seed repeats them."""
    chance = random.Random(seed)
    while True:
        yield chance.choice(_KINDS)(chance, chance.choice(articles))


def _some(chance: random.Random, article: Article, count: int) -> list[str]:
    found = [w.written for w in words(f"{article.title} {article.body}") if len(w.written) > 3]
    found = [word for word in found if word not in STOP_WORDS] or ["oil"]
    return [chance.choice(found) for _ in range(count)]


def _run(chance: random.Random, article: Article, count: int) -> list[str]:
    found = [w.written for w in words(article.body)] or ["oil", "prices"]
    start = chance.randrange(max(1, len(found) - count))
    return found[start : start + count]


def _plain(chance: random.Random, article: Article) -> str:
    return " ".join(_some(chance, article, chance.randint(1, 3)))


def _either(chance: random.Random, article: Article) -> str:
    return " OR ".join(_some(chance, article, 2))


def _without(chance: random.Random, article: Article) -> str:
    wanted, other, unwanted = _some(chance, article, 3)
    return f"{wanted} {other} -{unwanted}"


def _phrase(chance: random.Random, article: Article) -> str:
    return f'"{" ".join(_run(chance, article, chance.randint(2, 4)))}"'


def _near(chance: random.Random, article: Article) -> str:
    return f'"{" ".join(_run(chance, article, 3)[::2])}"~{chance.randint(1, 6)}'


def _pattern(chance: random.Random, article: Article) -> str:
    (word,) = _some(chance, article, 1)
    return f"{word[: max(3, len(word) - 2)]}*"


def _fuzzy(chance: random.Random, article: Article) -> str:
    (word,) = _some(chance, article, 1)
    place = chance.randrange(1, len(word))
    return f"{word[:place]}{chance.choice('aeiou')}{word[place + 1 :]}~"


def _fielded(chance: random.Random, article: Article) -> str:
    field = chance.choice(["title", "body", "places", "people", "topics"])
    values = getattr(article, field) if field != "title" and field != "body" else ()
    text = chance.choice(values) if values else _some(chance, article, 1)[0]
    return f'{field}:"{text}"' if chance.random() < 0.5 else f"{field}:{text}"


def _dated(chance: random.Random, article: Article) -> str:
    day = article.day
    span = f"date:{day:%Y-%m}" if chance.random() < 0.5 else f"date:[{day} TO 1987-12]"
    return f"{_some(chance, article, 1)[0]} {span}"


def _nested(chance: random.Random, article: Article) -> str:
    a, b, c, d = _some(chance, article, 4)
    return f"({a} OR {b}) ({c} OR NOT {d})"


_KINDS = [
    _plain, _plain, _either, _without, _phrase, _near, _pattern, _fuzzy, _fielded, _dated, _nested,
]  # fmt: skip
