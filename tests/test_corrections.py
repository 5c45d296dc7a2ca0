"""Corrections of names: what each line does to an article, what is said of one that is wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from searchsvc.article import Article, Entity, Mention
from searchsvc.errors import CorrectionsError
from searchsvc.extract import with_entities
from searchsvc.extract.correcting import Corrector
from searchsvc.extract.corrections import CorrectionList, find_corrections, parse

BODY = "Geoffery Haldane met Robert Jones. Bobby Jones flew to Burma from Tbilisi, Georgia."


def person(name: str, *aliases: str, **more: object) -> Entity:
    spelt = [name, *aliases]
    starts = [(BODY.find(text), text) for text in spelt if text in BODY]
    mentions = tuple(Mention("body", start, start + len(text)) for start, text in starts)
    return Entity(
        field="people",
        name=name,
        key=name.lower(),
        origin="rule:1",
        aliases=aliases,
        mentions=mentions,
        **more,  # type: ignore[arg-type]
    )


def place(name: str, key: str, country: str = "") -> Entity:
    return Entity(field="places", name=name, key=key, origin="rule:1", country=country)


ARTICLE = with_entities(
    Article(id="a-1", title="Talks", body=BODY),
    (
        person("Geoffery Haldane", "Haldane"),
        person("Robert Jones", "Bobby Jones", ambiguous=True),
        place("Myanmar", "MM", "MM"),
        place("Georgia", "GE", "GE"),
    ),
)


def corrected(*lines: str, article: Article = ARTICLE) -> Article:
    content = "\n".join(line.replace(" | ", "\t") for line in lines)
    return Corrector(parse(content.encode())).correct(article)[0]


def entity(article: Article, name: str) -> Entity:
    (found,) = [entity for entity in article.entities if entity.name == name]
    return found


def test_what_is_merged_keeps_its_mentions_and_is_found_under_its_old_name() -> None:
    article = corrected("merge | people | Geoffery Haldane | Geoffrey Haldane")
    assert article.people == ("Geoffrey Haldane", "Robert Jones")
    merged = entity(article, "Geoffrey Haldane")
    assert (merged.key, merged.origin) == ("geoffrey haldane", "user")
    assert merged.aliases == ("Geoffery Haldane", "Haldane")
    assert merged.mentions == ARTICLE.entities[0].mentions


def test_several_names_are_merged_into_the_last() -> None:
    article = corrected("merge | people | Geoffery Haldane | Robert Jones | G. Haldane")
    assert article.people == ("G. Haldane",)
    both = entity(article, "G. Haldane")
    assert set(both.aliases) == {"Geoffery Haldane", "Haldane", "Robert Jones", "Bobby Jones"}
    assert [mention.start for mention in both.mentions] == sorted(
        m.start for e in ARTICLE.entities[:2] for m in e.mentions
    )


def test_a_merge_into_a_name_that_is_there_makes_one_of_two() -> None:
    article = corrected("merge | people | Geoffery Haldane | Robert Jones")
    assert article.people == ("Robert Jones",)
    assert not entity(article, "Robert Jones").ambiguous


def test_a_place_merged_into_a_known_one_is_that_place() -> None:
    article = corrected("merge | places | Georgia | Georgia (state)")
    georgia = entity(article, "Georgia (state)")
    assert (georgia.key, georgia.country, georgia.kind) == ("US.GA", "US", "region")
    assert georgia.latitude is not None


def test_a_renamed_place_stays_where_it_is() -> None:
    burma = entity(corrected("rename | places | Myanmar | Our Burma"), "Our Burma")
    assert (burma.key, burma.country, burma.aliases) == ("MM", "MM", ("Myanmar",))


def test_an_entity_may_be_named_by_its_key_and_in_other_composition() -> None:
    assert corrected("hide | places | MM").places == ("Georgia",)
    zoe = with_entities(Article(id="z"), (person("Zo\u00eb Heller"),))
    assert corrected("hide | people | Zoe\u0308   Heller", article=zoe).people == ()


def test_merges_follow_each_other_in_any_order() -> None:
    lines = [
        "merge | people | Geoffery Haldane | G. Haldane",
        "rename | people | G. Haldane | Geoff",
    ]
    for some in (lines, lines[::-1]):
        assert entity(corrected(*some), "Geoff").aliases == (
            "G. Haldane",
            "Geoffery Haldane",
            "Haldane",
        )


def test_in_one_article_a_name_may_be_another_mans() -> None:
    line = "split | people | Geoffery Haldane | a-1 | Geoffery Haldane (referee)"
    split = entity(corrected(line), "Geoffery Haldane (referee)")
    assert split.aliases == ("Geoffery Haldane", "Haldane")
    elsewhere = replace(ARTICLE, id="a-2")
    assert corrected(line, article=elsewhere) is elsewhere


def test_what_is_split_is_no_longer_merged_with_the_rest() -> None:
    article = corrected(
        "merge | people | Geoffery Haldane | Geoffrey Haldane",
        "split | people | Geoffery Haldane | a-1 | Jim Haldane",
    )
    assert article.people == ("Jim Haldane", "Robert Jones")


def test_a_spelling_may_be_split_off() -> None:
    article = corrected("split | people | Robert Jones | a-1 | Bobby Jones")
    bobby, robert = entity(article, "Bobby Jones"), entity(article, "Robert Jones")
    assert [BODY[m.start : m.end] for m in bobby.mentions] == ["Bobby Jones"]
    assert [BODY[m.start : m.end] for m in robert.mentions] == ["Robert Jones"]
    assert (robert.aliases, robert.origin, bobby.origin) == ((), "rule:1", "user")


def test_a_name_is_hidden_everywhere_or_in_one_article() -> None:
    assert corrected("hide | people | Robert Jones").people == ("Geoffery Haldane",)
    assert corrected("hide | people | Robert Jones | a-1").people == ("Geoffery Haldane",)
    assert corrected("hide | people | Robert Jones | a-2") is ARTICLE


def test_what_is_merged_into_a_hidden_name_is_hidden() -> None:
    lines = ("merge | people | Geoffery Haldane | Robert Jones", "hide | people | Robert Jones")
    assert corrected(*lines).people == ()


def test_what_is_added_is_found_in_the_text_where_nobody_else_is_named() -> None:
    article = corrected("add | places | a-1 | Tbilisi", "add | people | a-1 | Jones")
    tbilisi = entity(article, "Tbilisi")
    assert (tbilisi.country, tbilisi.origin) == ("GE", "user")
    assert [BODY[m.start : m.end] for m in tbilisi.mentions] == ["Tbilisi"]
    assert entity(article, "Jones").mentions == ()


def test_what_matches_nothing_changes_nothing() -> None:
    assert corrected("hide | people | Nobody", "differ | people | A B | A C") is ARTICLE


def test_remarks_blank_lines_and_files_from_windows_are_read() -> None:
    content = b"\xef\xbb\xbf# ours\r\n\r\nhide\tpeople\tRobert Jones\t# a firm\tof lawyers\r\n"
    assert [str(one).strip() for one in parse(content)] == ["hide\tpeople\tRobert Jones"]


@pytest.mark.parametrize(
    ("lines", "number", "said"),
    [
        (["", "mrege | people | A | B"], 2, "'mrege' is no verb; there are merge, rename"),
        (["merge people A B"], 1, "columns are parted by tabs"),
        (["merge | person | A | B"], 1, "'person' cannot be corrected; the second column is"),
        (["merge | people | A"], 1, "3 columns; it takes verb, field, one name or more"),
        (["rename | people | A | B | C"], 1, "the old name, the new name"),
        (["split | people | A | B"], 1, "the id of an article, the other name"),
        (["hide | people"], 1, "the name"),
        (["merge | people |  | B"], 1, "column 3 is empty"),
        (["merge | people | A | A"], 1, "'A' stands there twice"),
        (["add | people | not an id | A"], 1, "'not an id' is no id of an article"),
        (["hide | people | A\u202eB"], 1, "'A\\u202eB' holds a sign that cannot be printed"),
        (["merge | people | A | B", "merge | people | A | C"], 2, "'A' becomes 'B' on line 1"),
        (["merge | people | A | B", "hide | people | A"], 2, "'A' becomes another name on line 1"),
        (["hide | people | A", "add | people | a-1 | A"], 2, "'A' is hidden on line 1"),
        (
            ["merge | people | A | C", "merge | people | B | C", "differ | people | A | B"],
            3,
            "'A' and 'B' are merged by other lines",
        ),
        (
            ["merge | people | A | B", "merge | people | B | C", "rename | people | C | A"],
            3,
            "'A' -> 'B' -> 'C' -> 'A' goes round in a circle",
        ),
    ],
)
def test_a_wrong_line_is_named_with_its_number_value_and_remedy(
    lines: list[str], number: int, said: str
) -> None:
    with pytest.raises(CorrectionsError) as raised:
        corrected(*lines)
    assert [line for line, _ in raised.value.faults] == [number]
    assert said in str(raised.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    content = b"mrege\tpeople\tA\tB\nhide\tpeople\tA\nhide\tpeople\tZo\xeb\n\thide\n"
    with pytest.raises(CorrectionsError) as raised:
        parse(content, Path("c.tsv"))
    assert [line for line, _ in raised.value.faults] == [1, 3, 4]
    assert "c.tsv: line 3: 'hide\\tpeople\\tZo\\xeb' is not UTF-8" in str(raised.value)


def test_a_file_in_utf_16_is_told_so_once() -> None:
    with pytest.raises(CorrectionsError, match="is in UTF-16; save it as UTF-8"):
        parse("hide\tpeople\tA\n".encode("utf-16"))


def test_the_same_line_twice_is_no_contradiction() -> None:
    twice = parse(b"merge\tpeople\tA\tB\nmerge\tpeople\tA\tB\n")
    assert CorrectionList.of_text(twice.text).text == twice.text == "merge\tpeople\tA\tB\t"


def test_corrections_are_kept_beside_the_corpus_or_in_it_but_not_both(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    assert find_corrections(corpus).path is None
    for path in (tmp_path / "corrections.tsv", corpus / "corrections.tsv"):
        path.write_text("hide\tpeople\tA\n")
        if path.parent == tmp_path:
            assert find_corrections(corpus).path == path
    with pytest.raises(CorrectionsError) as raised:
        find_corrections(corpus)
    for folder in (tmp_path, corpus):
        assert str(folder / "corrections.tsv") in str(raised.value)
    (tmp_path / "corrections.tsv").unlink()
    assert find_corrections(corpus).path == corpus / "corrections.tsv"


def test_a_link_in_the_corpus_is_not_followed_and_what_is_no_file_is_not_read(
    tmp_path: Path,
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("password\n")
    (corpus / "corrections.tsv").symlink_to(secret)
    with pytest.raises(CorrectionsError) as raised:
        find_corrections(corpus)
    assert "password" not in str(raised.value)
    for given in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CorrectionsError, match=str(given)):
            find_corrections(corpus, given)
