"""The names of articles while an index is made: found, joined with the tags, corrected.

    Named, by the worker that read it -> Corrector of its root -> the article as the index holds it

An article that is in the index is named again when the rules, the model or the corrections are
others than when it was: from what the index holds, without a look at its file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from searchsvc.article import Article
from searchsvc.extract import Named, name, rules
from searchsvc.extract.cache import NamesCache
from searchsvc.extract.correcting import Corrector
from searchsvc.extract.corrections import CorrectionList
from searchsvc.ledger import Ledger, Naming, Remark
from searchsvc.readers.sandbox import NameSearch


@dataclass(frozen=True, slots=True)
class NameSource:
    """Where the names of articles come from, besides their texts and tags.

    `corrections` is the file of corrections, None for the one kept with the corpus. `cache` is the
    file where names found are kept. Names of `model` that it has count instead of the rules'.
    `again`: names are settled again, though nothing seems to have changed.
    """

    corrections: Path | None = None
    cache: Path | None = None
    model: str = ""
    again: bool = False


class Namer:
    """Names articles with the corrections that are in force where they come from."""

    def __init__(self, source: NameSource, ledger: Ledger, cache: NamesCache | None) -> None:
        self._source = source
        self._ledger = ledger
        self._cache = cache
        self._correctors: dict[int, Corrector] = {}  # by root

    def use(self, root: int, corrections: CorrectionList) -> None:
        """Has the articles of *root* corrected by *corrections*, not by those applied last."""
        self._correctors[root] = Corrector(corrections)

    @property
    def search(self) -> NameSearch:
        """How names are found where articles are read."""
        cache = self._source.cache if self._cache else None
        return NameSearch(str(cache) if cache else None, self._source.model)

    def name(self, article: Article) -> Named:
        """*article*, as it was read, with its names."""
        return name(article, self._cache, self._source.model)

    def corrected(self, named: Named, root: int) -> Article:
        """The article with its names as *root* has them corrected; what was found is kept."""
        if self._cache:
            self._cache.keep(named.entry)
        if root not in self._correctors:
            naming = self._ledger.naming(root)
            text = naming.corrections if naming else ""
            self._correctors[root] = Corrector(CorrectionList.of_text(text))
        corrected, used = self._correctors[root].correct(named.article)
        self._ledger.put_corrected(named.article.id, map(str, used))
        return corrected

    def outdated(self, root: int, corrections: CorrectionList) -> list[str]:
        """The ids of *root* that may have other names by now; from then on they count as named."""
        model = f" model:{self._source.model}" if self._source.model else ""
        naming = Naming(f"{rules.ORIGIN}{model}", corrections.text)
        is_other = self._ledger.naming(root) != naming
        if is_other:
            self._ledger.put_naming(root, naming)
        return self._ledger.live_ids(root) if is_other or self._source.again else []

    def without_effect(self, root: int, corrections: CorrectionList) -> Iterator[Remark]:
        """Corrections that match nothing: no fault, since articles come and go."""
        for number, one in corrections.lines:
            if one.verb != "differ" and not self._ledger.is_used(root, str(one)):
                if one.verb == "add":
                    said = f"adds to the article {one.article!r}, which is not in the index"
                elif one.article:
                    said = f"the article {one.article!r} does not name {one.name!r}"
                else:
                    said = f"no article names {one.name!r} in {one.field}"
                yield Remark(str(corrections.path), f"line {number}", said, False)
