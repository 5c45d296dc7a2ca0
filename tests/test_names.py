"""The names of an archive: what is listed, shown, and proposed as one."""

from collections.abc import Iterator
from time import process_time

import pytest

from searchsvc.article import Article
from searchsvc.engines.memory import MemoryEngine
from searchsvc.extract import extract, with_entities
from searchsvc.extract.correcting import Corrector
from searchsvc.extract.corrections import CorrectionList, parse
from searchsvc.names import described, like, listed
from searchsvc.proposals import Proposal, proposals


def archive(*bodies: str, corrections: CorrectionList = CorrectionList()) -> MemoryEngine:
    corrector = Corrector(corrections)
    articles = (extract(Article(id=f"a-{n}", title="", body=b)) for n, b in enumerate(bodies))
    return MemoryEngine(corrector.correct(article)[0] for article in articles)


def proposed(*bodies: str, lines: str = "") -> list[tuple[str, str, str]]:
    corrections = parse(lines.replace(" | ", "\t").encode())
    found = proposals(archive(*bodies), corrections)
    return [(one.name, one.into, one.reason) for one in found]


HALDANE = (
    "Geoffrey Haldane spoke to Beatriz Salgueiro in Lisbon.",
    "Geoffrey Haldane said in Leeds that Haldane would stay.",
    "The court in Lisbon heard Geoffery Haldane and Beatriz Salgueiro.",
)


def test_names_are_counted_by_article() -> None:
    first, *rest = listed(archive(*HALDANE))
    assert (first.name, first.field, first.articles) in {
        ("Geoffrey Haldane", "people", 2),
        ("Beatriz Salgueiro", "people", 2),
    }
    assert [one.articles for one in rest] == sorted((o.articles for o in rest), reverse=True)
    assert {one.name for one in listed(archive(*HALDANE), ["places"])} == {"Lisbon", "Leeds"}


def test_a_name_is_shown_with_its_spellings_and_articles_whatever_the_case() -> None:
    (card,) = described(archive(*HALDANE), "geoffrey  haldane")
    assert card.spellings == {"Geoffrey Haldane": 2, "Haldane": 1}
    assert [article.id for article in card.articles] == ["a-0", "a-1"]
    assert sum(card.origins.values()) == 2
    assert described(archive(*HALDANE), "Haldane") == []
    assert set(like(archive(*HALDANE), "Haldane")) == {"Geoffrey Haldane", "Geoffery Haldane"}


def test_a_near_spelling_is_proposed_with_its_evidence_as_a_line_to_paste() -> None:
    (one,) = proposals(archive(*HALDANE), CorrectionList())
    assert one == Proposal(
        "people",
        "Geoffery Haldane",
        "Geoffrey Haldane",
        "near spelling",
        (1, 2, 0),
        ("Beatriz Salgueiro", "Lisbon"),
    )
    pasted = parse(one.line.encode())
    assert "# near spelling; in 1 and 2 articles" in one.line
    after = archive(*HALDANE, corrections=pasted)
    assert proposals(after, pasted) == []
    assert described(after, "Geoffrey Haldane")[0].spellings["Geoffery Haldane"] == 1


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        (
            (
                "Bob Jamieson won in Leeds.",
                "Robert Jamieson won in Leeds.",
                "Robert Jamieson lost.",
            ),
            [("Bob Jamieson", "Robert Jamieson", "short form")],
        ),
        (
            ("K. Banerjee won in Leeds.", "A. K. Banerjee won in Leeds."),
            [("K. Banerjee", "A. K. Banerjee", "initials")],
        ),
        (
            ("Mr. Salgueiro won in Leeds.", "Beatriz Salgueiro won in Leeds."),
            [("Salgueiro", "Beatriz Salgueiro", "surname alone")],
        ),
        (
            ("Mikhail Gorbachov won.", "Mikhail Gorbachev won.", "Mikhail Gorbachev lost."),
            [("Mikhail Gorbachov", "Mikhail Gorbachev", "near spelling")],
        ),
        (
            ("Robert F. Jamieson won.", "Robert Jamieson won.", "Robert Jamieson lost."),
            [("Robert F. Jamieson", "Robert Jamieson", "with and without a middle name")],
        ),
        (("Anna Jamieson won.", "Robert Jamieson won."), []),
        (("Robert F. Jamieson won.", "Robert G. Jamieson won."), []),
        # Nobody is named with both, or two may be meant.
        (("Mr. Salgueiro won in Leeds.", "Beatriz Salgueiro won in Lisbon."), []),
        (("Mr. Salgueiro won in Spain.", "Beatriz Salgueiro won in Spain."), []),
        (("Bob Jamieson won in Leeds.", "Robert Jamieson won."), []),
        (
            (
                "Mr. Salgueiro won in Leeds.",
                "Beatriz Salgueiro won in Leeds.",
                "Robert Salgueiro won in Leeds.",
            ),
            [],
        ),
    ],
)
def test_what_may_be_one_name(
    bodies: tuple[str, ...], expected: list[tuple[str, str, str]]
) -> None:
    assert proposed(*bodies) == expected


@pytest.mark.parametrize(
    "line",
    [
        "differ | people | Geoffery Haldane | Geoffrey Haldane",
        "differ | people | Geoffrey Haldane | Geoffery Haldane",
        "split | people | Geoffrey Haldane | a-7 | Geoffery Haldane",
        "hide | people | Geoffery Haldane",
        "merge | people | Geoffery Haldane | Haldane of Leeds",
    ],
)
def test_what_was_judged_is_not_proposed(line: str) -> None:
    assert proposed(*HALDANE, lines=line) == []


def test_places_of_the_gazetteer_are_never_proposed_as_one() -> None:
    assert proposed("He lives in Austria.", "He lives in Australia.") == []


def test_proposals_never_go_round_in_a_circle() -> None:
    bodies = [
        f"{first} {last} won in Leeds."
        for first in ("Bob", "Robert", "Rob", "R.", "Robert F.")
        for last in ("Gorbachev", "Gorbachov", "Gorbachyov")
    ]
    found = proposals(archive(*bodies), CorrectionList())
    assert len(found) > 5
    parse("\n".join(one.line for one in found).encode())


def test_a_hundred_thousand_names_take_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    def articles() -> Iterator[Article]:
        from searchsvc.article import Entity

        letters = "abcdefghijklmnopqrst"
        for number in range(20_000):
            last = "".join(letters[number * 7919 // 20**n % 20] for n in range(5)).title() + "sson"
            names = [
                f"{first} {last}" for first in ("Anna", "Robert", "Bob", "A.", f"Q{last[:2]}x")
            ]
            entities = (
                Entity(field="people", name=name, key=name.lower(), origin="rule:1")
                for name in names
            )
            yield with_entities(Article(id=str(number)), tuple(entities))

    everything = list(articles())
    monkeypatch.setattr("searchsvc.proposals.every_article", lambda engine: iter(everything))
    started = process_time()
    proposals(MemoryEngine(), CorrectionList())
    assert process_time() - started < 60
