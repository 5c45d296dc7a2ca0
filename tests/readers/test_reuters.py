"""The whole Reuters-21578 collection, straight from its archive: every article, tag and word."""

import os
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, scan
from searchsvc.readers import Item, Note, Problem
from searchsvc.readers.sandbox import read_files

pytestmark = pytest.mark.reuters

DATA = Path(os.environ.get("SEARCHSVC_DATA", Path(__file__).parents[3] / "shared" / "data"))
ARCHIVE = DATA / "reuters21578.tar.gz"
ELEMENT = re.compile(r"<REUTERS .*?</REUTERS>", re.DOTALL)


@pytest.fixture(scope="module")
def archive() -> Path:
    """The collection; in CI its absence is a fault."""
    if not ARCHIVE.exists():
        missing = f"{ARCHIVE} is not there; set SEARCHSVC_DATA to where it is"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return ARCHIVE


@pytest.fixture(scope="module")
def items(archive: Path) -> list[Item]:
    """All that is read from it."""
    files = (found for found in scan(archive) if isinstance(found, CorpusFile))
    return [item for _, found in read_files(files) for item in found]


@pytest.fixture(scope="module")
def articles(items: list[Item]) -> dict[str, Article]:
    """Id to article."""
    return {item.id: item for item in items if isinstance(item, Article)}


@pytest.fixture(scope="module")
def markup(archive: Path) -> dict[str, str]:
    """Id to what stands in the file, found without any of our code."""
    with tarfile.open(archive) as tar:
        elements = [found for text in _texts(tar) for found in ELEMENT.findall(text)]
    return {"reuters-" + _only(r'NEWID="(\d+)"', element): element for element in elements}


def _texts(tar: tarfile.TarFile) -> Iterator[str]:
    for member in tar:
        if member.name.endswith(".sgm"):
            file = tar.extractfile(member)
            assert file
            yield file.read().decode("latin-1")


def _only(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text, re.DOTALL)
    return str(found)


def test_every_article_is_read_and_none_is_a_problem(
    items: list[Item], articles: dict[str, Article], markup: dict[str, str]
) -> None:
    assert [item for item in items if isinstance(item, Problem)] == []
    assert len(articles) == len(markup) == 21_578
    assert articles.keys() == markup.keys()


def test_every_normal_story_has_its_body(
    articles: dict[str, Article], markup: dict[str, str]
) -> None:
    normal = [name for name, element in markup.items() if "<BODY>" in element]
    assert len(normal) == 19_043
    assert [name for name in normal if not articles[name].body] == []


def test_every_article_but_one_has_a_title(articles: dict[str, Article]) -> None:
    assert [article.id for article in articles.values() if not article.title] == ["reuters-12793"]


@pytest.mark.parametrize(
    ("field", "count"), [("places", 18_797), ("people", 1_156), ("topics", 11_367)]
)
def test_every_tag_of_every_article_is_kept(
    field: str, count: int, articles: dict[str, Article], markup: dict[str, str]
) -> None:
    for name, element in markup.items():
        tags = re.findall(
            r"<D>(.*?)</D>", _only(f"<{field.upper()}>(.*?)</{field.upper()}>", element)
        )
        assert list(getattr(articles[name], field)) == list(dict.fromkeys(tags)), name
    assert sum(bool(getattr(article, field)) for article in articles.values()) == count


def test_every_word_of_every_body_is_kept(
    articles: dict[str, Article], markup: dict[str, str]
) -> None:
    """Only the dateline and the author go to their fields, and the sign-off away."""
    for name, element in markup.items():
        if "<BODY>" in element:
            source = _words(_plain(element.partition("</TITLE>")[2]))
            article = articles[name]
            kept = _words(f"{article.author} {article.dateline} {article.body}")
            lost = Counter(source) - Counter(kept)
            assert not {word for word in lost if not SIGN_OFF.fullmatch(word)}, (name, lost)


# What may be missing: "By Janie Gabbett, Reuters", " REUTER TAW", "Reuter4", "REUTER11:43/VB".
SIGN_OFF = re.compile(r"by|reuter(?:s|d|sd|4|11)?|43|vb|e|n|taw", re.IGNORECASE)


def _plain(markup: str) -> str:
    text = re.sub(r"</?[A-Z]+>|\^M$", "", markup, flags=re.MULTILINE)
    if "&#127;&#127;" in text:  # padding in the midst of words; else each is a character lost
        text = text.replace("&#127;", "")
    text = re.sub(r"&#\d+;", " ", text)
    return text.replace("&lt;", "<").replace("&amp;", "&")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_dates(items: list[Item], articles: dict[str, Article]) -> None:
    assert [article.id for article in articles.values() if article.date is None] == []
    assert str(articles["reuters-1"].date) == "1987-02-26 15:01:01.790000"
    assert str(articles["reuters-996"].date) == "1987-03-03 09:15:05.400000"
    assert str(articles["reuters-10279"].date) == "1987-03-27 00:02:59.130000"
    assert str(articles["reuters-17192"].date) == "1987-03-31"  # written "605:12:19.12"


def test_what_is_odd_is_noted(items: list[Item]) -> None:
    notes = [(item.place, item.reason[:20]) for item in items if isinstance(item, Note)]
    assert notes == [
        ("reut2-003.sgm: NEWID 3001", "'uk' in PLACES is no"),
        ("reut2-012.sgm: NEWID 12793", "has no text"),
        ("reut2-015.sgm: NEWID 15370", "time not understood,"),
        ("reut2-017.sgm: NEWID 17192", "time not understood,"),
    ]


def test_no_control_character_is_left(articles: dict[str, Article]) -> None:
    control = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]|&#\d+;|&lt;|\^M")
    for article in articles.values():
        text = f"{article.title}\n{article.body}\n{article.author}\n{article.dateline}"
        assert not control.search(text), article.id


def test_no_body_ends_in_the_sign_off(articles: dict[str, Article]) -> None:
    for article in articles.values():
        assert not re.search(r"\breuter\W*$", article.body, re.IGNORECASE), article.id
        # "... the spokesman told Reuters." is text; alone on its line it would be none.
        assert not re.search(r"\nreuters?\W*$", article.body, re.IGNORECASE), article.id


def test_lines_are_joined_to_paragraphs(
    articles: dict[str, Article], markup: dict[str, str]
) -> None:
    first, *others, last = articles["reuters-1"].body.split("\n\n")
    assert first == (
        "Showers continued throughout the week in the Bahia cocoa zone, alleviating the drought "
        "since early January and improving prospects for the coming temporao, although normal "
        "humidity levels have not been restored, Comissaria Smith said in its weekly review."
    )
    assert last.endswith("after carnival which ends midday on February 27.")
    assert len(others) + 1 == _only(r"<BODY>(.*)</BODY>", markup["reuters-1"]).count("\n    ")


def test_tables_keep_their_lines(articles: dict[str, Article]) -> None:
    assert "\n SOFT RED WINTER            0       0   25\n" in articles["reuters-14444"].body
    assert articles["reuters-20412"].body.startswith("Shr 41 cts vs 80 cts\nNet 40.3 mln vs")
