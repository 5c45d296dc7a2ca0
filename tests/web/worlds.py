"""Random articles and questions, the same for the same seed."""

import datetime as dt
import random

from searchsvc.article import Article

WORDS = [
    *("oil", "price", "trade", "ship", "harbour", "storm", "court", "judge", "market", "cocoa"),
    *("bank", "rate", "minister", "vote", "strike", "league", "goal", "vaccine", "island", "mine"),
    *("fishing", "crane", "tariff", "budget", "wheat", "dollar", "export", "quota", "copper"),
    *("naïve", "señor", "O'Neill", "take-over", "70,000", "U.S."),
]
PEOPLE = ("Ann O'Neill", "José Peña", "Zoë Müller", "A. K. Banerjee", "Li & Son", "volcker")
PLACES = ("usa", "Côte d'Ivoire", "São Tomé", "New York", "a+b=c/d?e#f", "100% Land")
TOPICS = ("grain", "crude", "money-fx", "ship", 'the "quoted"', "law; order")
SOURCES = ("Reuters", "Harbour Wire", "news.example", "")


def articles(seed: int, count: int) -> list[Article]:
    chance = random.Random(seed)
    return [_article(chance, number) for number in range(count)]


def _article(chance: random.Random, number: int) -> Article:
    return Article(
        id=f"a-{number}",
        title=" ".join(chance.choices(WORDS, k=chance.randint(0, 6))),
        body="\n\n".join(
            " ".join(chance.choices(WORDS, k=chance.randint(1, 40))).capitalize() + "."
            for _ in range(chance.randint(0, 3))
        ),
        date=_date(chance),
        source=chance.choice(SOURCES),
        people=tuple(chance.sample(PEOPLE, chance.randint(0, 3))),
        places=tuple(chance.sample(PLACES, chance.randint(0, 3))),
        topics=tuple(chance.sample(TOPICS, chance.randint(0, 2))),
    )


def _date(chance: random.Random) -> dt.date | None:
    if chance.random() < 0.1:
        return None
    day = dt.date(1986, 11, 1) + dt.timedelta(days=chance.randint(0, 900))
    if chance.random() < 0.5:
        return day
    return dt.datetime.combine(day, dt.time(chance.randint(0, 23), 30))


def query(chance: random.Random) -> str:
    a, b, c = chance.sample([word for word in WORDS if len(word) > 3 and word.isalpha()], 3)
    return chance.choice(
        (a, f"{a} {b}", f"{a} OR {b}", f"{a} -{b}", f'"{a} {b}"', f"title:{a}", f"{a[:3]}*",
         f"({a} OR {b}) NOT {c}", f"{a}~", f"date:1987 {a}", "*", "", f"{a} OR {b} OR {c}")
    )  # fmt: skip


def question(chance: random.Random, filters: int) -> list[tuple[str, str]]:
    """Parameters of a search with so many filters."""
    asked = [("q", query(chance))]
    for _ in range(filters):
        field, values = chance.choice(
            (("people", PEOPLE), ("places", PLACES), ("topics", TOPICS), ("source", SOURCES[:3]),
             ("year", ("1986", "1987", "1988")), ("from", ("1987-02-01",)), ("to", ("1988-06-30",)))
        )  # fmt: skip
        if field not in ("from", "to") or field not in dict(asked):  # these are given once
            asked.append((field, chance.choice(values)))
    return [(name, value) for name, value in asked if value]
