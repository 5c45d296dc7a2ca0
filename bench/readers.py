"""What reading costs and how well it goes: pages by token F1, Reuters by articles a CPU second.

    python bench/readers.py            # with ../shared/data, or $SEARCHSVC_DATA

Prints, for each way of calling trafilatura and for the reader as it is, the mean F1 of the body
text against what a person marked on 20 real pages, and the CPU time for a page; then the same for
Reuters-21578, read from its archive in this process.
"""

import gzip
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import trafilatura

from searchsvc.article import Article
from searchsvc.readers import splitter
from searchsvc.readers.pieces import Source

DATA = Path(os.environ.get("SEARCHSVC_DATA", Path(__file__).parents[2] / "shared" / "data"))
PAGES = DATA / "html-articles"

_extract = partial(trafilatura.extract, include_comments=False)
WAYS: dict[str, Callable[[str], str | None]] = {
    "default": _extract,
    "fast": partial(_extract, fast=True),
    "favor_recall": partial(_extract, favor_recall=True),
    "favor_precision": partial(_extract, favor_precision=True),
    "fast, favor_precision": partial(_extract, fast=True, favor_precision=True),
}


def main() -> None:
    """Prints the figures."""
    if not PAGES.exists():
        sys.exit(f"no pages in {PAGES}; set SEARCHSVC_DATA to where the data are")
    pages = list(_pages())
    print(f"{len(pages)} pages{'mean F1':>29}{'worst':>9}{'CPU ms/page':>14}")
    for name, extract in WAYS.items():
        report(f"trafilatura, {name}", pages, partial(_bare, extract))
    report("searchsvc.readers.html", pages, _read)
    print()
    _reuters()


def report(name: str, pages: list[tuple[bytes, str]], body_of: Callable[[bytes], str]) -> None:
    """One line: how near the bodies come to the marked ones."""
    begun = time.process_time()
    bodies = [body_of(page) for page, _ in pages]
    cost = (time.process_time() - begun) / len(pages) * 1000
    scores = [f1(body, marked) for body, (_, marked) in zip(bodies, pages, strict=True)]
    print(f"{name:<36}{sum(scores) / len(scores):.3f}{min(scores):9.3f}{cost:14.1f}")


def f1(found: str, marked: str) -> float:
    """How far two texts have the same words, 0 to 1.

    >>> f1("prices rose", "prices fell")
    0.5
    """
    a, b = (Counter(re.findall(r"\w+", text.lower())) for text in (found, marked))
    return 2 * (a & b).total() / (a.total() + b.total())


def _pages() -> Iterator[tuple[bytes, str]]:
    marked = json.loads((PAGES / "ground-truth.json").read_text("utf-8"))
    for name, page in sorted(marked.items()):
        yield (
            gzip.decompress((PAGES / "html" / f"{name}.html.gz").read_bytes()),
            page["articleBody"],
        )


def _bare(extract: Callable[[str], str | None], page: bytes) -> str:
    return extract(page.decode("utf-8", "replace")) or ""


def _read(page: bytes) -> str:
    source = Source("page.html", "bench", BytesIO(page))
    articles = (item for piece in splitter("html")(source) for item in piece.items())
    return "".join(item.body for item in articles if isinstance(item, Article))


def _reuters() -> None:
    begun = time.process_time()
    with (DATA / "reuters21578.tar.gz").open("rb") as stream:
        source = Source("reuters21578.tar.gz", "bench", stream)
        items = [item for piece in splitter("archive")(source) for item in piece.items()]
    cost = time.process_time() - begun
    count = sum(isinstance(item, Article) for item in items)
    print(
        f"Reuters-21578: {count:,} articles, {len(items) - count} notes, "
        f"{count / cost:,.0f} articles a CPU second"
    )


if __name__ == "__main__":
    main()
