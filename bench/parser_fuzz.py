"""Random strings through the query parser: nothing but QueryError, and none takes long.

    python bench/parser_fuzz.py                      1,000,000 strings; about 3 minutes
    python bench/parser_fuzz.py --count 20000 --seed 7

Prints how many were read and refused, the slowest by CPU time, and every crash. Exit 1 if one
crashed or took longer than LIMIT_MS.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from searchsvc import analysis
from searchsvc.errors import QueryError
from searchsvc.query.parser import MAX_CHARACTERS, parse

LIMIT_MS = 10.0

WORDS = (  # a line reads better
    "oil gas the not or opec U.S. take-over AT&T 70,000 3.5 o'neill Iran’s Łódź cafe\u0301 北京"
    " हिन्दी h52.1 1987 volcker prices interest"
).split()
SYNTAX = (  # a line reads better
    'AND OR NOT AND OR NOT ( ) ( ) " " “ ” - + * ? ~ ~2 ^ ^2 : title: body: people: date:'
    " date:1987 date:[1987 date:>= [1987 TO 1988] opec* o?l jeffery~ titel: *pec o*"
    ' "oil"~3 (-'
).split()
SCRIPTS = ((0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x400, 0x500), (0x900, 0x980))
SCRIPTS += ((0x2000, 0x2070), (0x4E00, 0x4F00), (0xFF00, 0xFFF0), (0x1F300, 0x1F600))


@dataclass
class Result:
    """What became of the strings."""

    strings: int = 0
    read: int = 0
    refused: int = 0
    slow: int = 0
    slowest_ms: float = 0.0
    slowest: str = ""
    crashes: list[str] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)
    slowest_by_kind: dict[str, float] = field(default_factory=dict)


def grammar(random: Random, size: int) -> str:
    """Words and syntax, some glued together."""
    parts = random.choices(WORDS + SYNTAX * 2, k=max(1, size // 5))
    return "".join(part + random.choice((" ", " ", "")) for part in parts)


def ascii_noise(random: Random, size: int) -> str:
    return "".join(chr(random.randrange(0x20, 0x7F)) for _ in range(size))


def signs(random: Random, size: int) -> str:
    return "".join(random.choices(" \"'()[]-+*?~^:&/.,ANDORT19ao", k=size))


def unicode_noise(random: Random, size: int) -> str:
    return "".join(chr(random.randrange(*random.choice(SCRIPTS))) for _ in range(size))


def any_code_point(random: Random, size: int) -> str:
    """Surrogates and control characters too."""
    return "".join(chr(random.randrange(0x110000)) for _ in range(size))


def prose(random: Random, size: int) -> str:
    """Words that nobody has looked up before, so that no cache helps."""
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ("".join(random.choices(letters, k=random.randint(1, 12))) for _ in range(size // 6))
    return " ".join(words)[:size]


def glued(random: Random, size: int) -> str:
    """New words without a space between them."""
    return prose(random, size).replace(" ", random.choice(":,.;=_|-&/'’*?~^\u0301"))


def repeated(random: Random, size: int) -> str:
    """One piece again and again: what makes a bad pattern slow."""
    signs = list(" ab1'’.,-&/*?~^:\u0301")
    piece = "".join(random.choices(WORDS + SYNTAX + signs, k=random.randint(1, 3)))
    return piece * (size // len(piece) + 1)


KINDS: tuple[Callable[[Random, int], str], ...] = (
    grammar,
    grammar,
    ascii_noise,
    signs,
    unicode_noise,
    any_code_point,
    prose,
    glued,
    repeated,
)


def fuzz(count: int, seed: int, progress: Callable[[int], None] = lambda done: None) -> Result:
    """Puts *count* strings through the parser; the same strings for the same *seed*."""
    random = Random(seed)
    result = Result()
    parse("warm up: cafe\u0301")  # the first look at other letters compiles a pattern
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        text = kind(random, random_size(random))[: MAX_CHARACTERS + 20]
        took = one(result, kind.__name__, text)
        if took > LIMIT_MS:  # a pause of the machine is not the parser's: the best of three counts
            took = min(took, again(text), again(text))
        result.slow += took > LIMIT_MS
        if took > result.slowest_ms:
            result.slowest_ms, result.slowest = took, text
        previous = result.slowest_by_kind.get(kind.__name__, 0.0)
        result.slowest_by_kind[kind.__name__] = max(previous, took)
        if number % 10_000 == 0:
            progress(number)
    return result


def random_size(random: Random) -> int:
    """Mostly short, as queries are; one in fifty as long as is allowed, or a little longer."""
    if random.random() < 0.02:
        return random.randint(MAX_CHARACTERS - 200, MAX_CHARACTERS + 10)
    return random.choice((random.randint(1, 12), random.randint(1, 60), random.randint(1, 300)))


def one(result: Result, kind: str, text: str) -> float:
    """Parses *text*; its CPU time in milliseconds."""
    result.strings += 1
    result.by_kind[kind] += 1
    started = time.process_time()
    try:
        parse(text)
        result.read += 1
    except QueryError:
        result.refused += 1
    except Exception as error:  # any other is what we look for
        result.crashes.append(f"{type(error).__name__}: {error}: {text!r}")
    return (time.process_time() - started) * 1000


def again(text: str) -> float:
    """As `one`, with no word of it known."""
    analysis.terms_of.cache_clear()
    return one(Result(), "", text)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--count", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    started = time.process_time()
    result = fuzz(asked.count, asked.seed, lambda done: print(f"{done:,}", file=sys.stderr))
    took = time.process_time() - started
    print(f"strings {result.strings:,}, seed {asked.seed}, {took:.0f} s CPU")
    print(f"read {result.read:,}, refused {result.refused:,}, crashed {len(result.crashes):,}")
    print(f"slowest {result.slowest_ms:.2f} ms, over {LIMIT_MS:g} ms: {result.slow:,}")
    for kind, took in sorted(result.slowest_by_kind.items(), key=lambda item: -item[1]):
        print(f"  {kind:16} {result.by_kind[kind]:>9,} strings, slowest {took:6.2f} ms")
    print(f"slowest: {result.slowest[:200]!r}")
    for crash in result.crashes[:20]:
        print(crash[:400])
    return 1 if result.crashes or result.slow else 0


if __name__ == "__main__":
    sys.exit(main())
