"""Encodings, cleaning, datelines, paragraphs and bylines: whatever the text, nothing is raised."""

import io
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchsvc.article import Article
from searchsvc.errors import ReadError
from searchsvc.readers import fields, splitter
from searchsvc.readers.datelines import dateline
from searchsvc.readers.encoding import clean, decode
from searchsvc.readers.fragments import plain_text
from searchsvc.readers.furniture import byline, is_furniture
from searchsvc.readers.paragraphs import paragraphs
from searchsvc.readers.pieces import Problem, Source

LINES = st.lists(
    st.text(max_size=70)
    | st.sampled_from(
        ["", "By Jane Doe", "LONDON - ", "Date: ", "(Photo", "    ", "a  b  c", "---", "tags: [a"]
    ),
    max_size=20,
).map("\n".join)


@given(st.binary(), st.none() | st.text(max_size=12))
def test_any_bytes_are_decoded_or_refused(data: bytes, declared: str | None) -> None:
    with suppress(ReadError):
        text, _ = decode(data, declared)
        assert isinstance(text, str)


@given(st.text(st.characters()))
def test_a_cleaned_text_can_be_stored_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert {unicodedata.category(c) for c in cleaned if c != "\n"}.isdisjoint({"Cc", "Cs", "Zl"})
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "utf-8-sig"])
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_unicode_encodings_are_recognised(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding))[0] == text.removeprefix("\ufeff") or text[0] == "\ufeff"


@pytest.mark.parametrize(
    ("data", "declared", "text", "reservation"),
    [
        ("café".encode(), None, "café", ""),
        ("café".encode(), "iso-8859-1", "café", ""),
        ("café".encode("latin-1"), "iso-8859-1", "café", ""),
        ("“café”".encode("cp1252"), "ISO-8859-1", "“café”", ""),
        ("日本".encode("euc-jp"), "EUC-JP", "日本", ""),
        ("日本".encode("iso-2022-jp"), "iso-2022-jp", "日本", ""),
        (b"caf\xe9", "utf-8", "café", "no encoding named; read as windows-1252"),
        (b"caf\xe9", "hex", "café", "no encoding named; read as windows-1252"),
        (b"cafe", "x-klingon", "cafe", "unknown encoding 'x-klingon' declared; read as UTF-8"),
        (b"cafe", "utf-16", "cafe", ""),  # as browsers take it: it was found in plain bytes
        (b"\xff\xfea\0\0\xd8", None, "a\ufffd", "1 character is not UTF-16-LE and replaced"),
        (
            b"a" * 400 + b"\x81",
            "cp1252",
            "a" * 400 + "\ufffd",
            "1 character is not CP1252 and replaced",
        ),
    ],
)
def test_bytes_are_decoded(data: bytes, declared: str | None, text: str, reservation: str) -> None:
    assert decode(data, declared) == (text, reservation)


@given(LINES)
def test_paragraphs_keep_every_word_in_order(text: str) -> None:
    text = clean(text)
    assert "".join(paragraphs(text).split()) == "".join(text.split())


@given(LINES)
def test_paragraphs_of_paragraphs_are_the_same(text: str) -> None:
    once = paragraphs(clean(text))
    assert "\n\n\n" not in once
    assert not once.startswith("\n")


@pytest.mark.parametrize("reader", ["text", "markdown"])
@given(text=LINES)
@settings(max_examples=300)
def test_any_text_file_is_an_article_or_a_problem(reader: str, text: str) -> None:
    source = Source("a.txt", "tests", io.BytesIO(text.encode()))
    (first, *_) = [item for piece in splitter(reader)(source) for item in piece.items()]
    assert isinstance(first, Article | Problem)
    if isinstance(first, Problem):
        assert first.reason == "is empty" or first.reason.startswith(
            ("looks binary", "has neither")
        )


@pytest.mark.parametrize(
    ("paragraph", "filed", "rest"),
    [
        ("WASHINGTON, March 3, 2018 (Reuters) - A", "WASHINGTON, March 3, 2018 (Reuters)", "A"),
        ("GENEVA, Sept. 14 — A", "GENEVA, Sept. 14", "A"),
        ("NEW YORK (AP) — A", "NEW YORK (AP)", "A"),
        ("RIO DE JANEIRO, Feb 26 -- A", "RIO DE JANEIRO, Feb 26", "A"),
        ("ST. JOSEPH, Mich. (AP) — A", "ST. JOSEPH, Mich. (AP)", "A"),
        ("DUBAI, United Arab Emirates — A", "DUBAI, United Arab Emirates", "A"),
        ("WASHINGTON (AP) _ A", "WASHINGTON (AP)", "A"),
        ("WASHINGTON (AP) -- A", "WASHINGTON (AP)", "A"),
        ("LONDON, March 3 (Reuters) - A", "LONDON, March 3 (Reuters)", "A"),
        ("Washington (AFP) – A", "Washington (AFP)", "A"),
        ("LONDON - “No,” he said.", "LONDON", "“No,” he said."),
        (
            "KRYNKY, Ukraine, Nov. 3, 2023 (Reuters) - A",
            "KRYNKY, Ukraine, Nov. 3, 2023 (Reuters)",
            "A",
        ),
        ("KRYNKY, Ukraine - A", "KRYNKY, Ukraine", "A"),
        ("KRYNKY, Nov. 3 - A", "KRYNKY, Nov. 3", "A"),
        ("KRYNKY (AP) - A", "KRYNKY (AP)", "A"),
        ("Krynky, Ukraine, Nov. 3 - A", "Krynky, Ukraine, Nov. 3", "A"),
        ("Geneva, Sept. 14 - A", "Geneva, Sept. 14", "A"),
        ("ESBJERG (Harbour Wire) - A", "ESBJERG (Harbour Wire)", "A"),
        ("GENEVA/KRYNKY - A", "GENEVA/KRYNKY", "A"),
        ("SÃO PAULO - A", "SÃO PAULO", "A"),
        *((f"{town} - A", town, "A") for town in ("SINGAPORE", "MADRID", "PHOENIX", "THE HAGUE")),
        ("LONDON - the city - sleeps.", "", "LONDON - the city - sleeps."),
        ("NATO - The alliance met.", "", "NATO - The alliance met."),
        ("UPDATE - Talks resume.", "", "UPDATE - Talks resume."),
        *(
            (text, "", text)
            for text in (
                "TESLA - Elon Musk's company cut its prices.",
                "FOOTBALL - Liverpool beat Everton",
                "GOLD — The metal rose",
                "TRUMP - I WILL WIN",
                "CLINTON - I will not",
                "Apple (AAPL) - The maker",
                "Brexit (Explained) - The",
                "Georgia (Explained) - The",
                "GOLD (XAU) - The",
                "NICE - The weather will be",
                "SALE - Everything goes",
                "CHINA - The economy grew",
                "TRUMP, Biden - The",
                "KRYNKY - The village",
                "On March 3 - The deadline",
                "Apple, March 3 - The maker",
                "TUESDAY, March 3 - The",
            )
        ),
        ("The talks - on Monday - failed.", "", "The talks - on Monday - failed."),
        ("Paris, in March, is wet - often.", "", "Paris, in March, is wet - often."),
        ("", "", ""),
    ],
)
def test_a_dateline_is_parted_from_the_text(paragraph: str, filed: str, rest: str) -> None:
    assert dateline(paragraph) == (filed, rest)


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("The minister said<p>He would go</p>", "The minister said\n\nHe would go"),
        ("Intro<ul><li>one</li><li>two</li></ul>End", "Intro\n\none\n\ntwo\n\nEnd"),
        ("<dl><dt>Esbjerg<dd>a port</dl>", "Esbjerg\n\na port"),
        ("Before<section>within</section>after", "Before\n\nwithin\n\nafter"),
        ("<figure><figcaption>A tug</figcaption></figure>It left.", "A tug\n\nIt left."),
        (
            "Tonnes:<table><tr><th>Bahia</th><td>155</td></tr><tr><th>Ilheus<td>12</table>",
            "Tonnes:\n\nBahia  155\n\nIlheus  12",
        ),
        ("It left.<script>x()</script>", "It left."),
        ("<figure><img src='x'></figure>It left.", "It left."),
        ("<!-- wp:more -->It left.", "It left."),
        ("Caf&eacute; in S&atilde;o Paulo: &pound;5&hellip;", "Café in São Paulo: £5…"),
        ("<p>Caf&eacute; &#8217;&#x2019;</p>", "Café ’’"),
        ("AT&T, R&D; x.example?a=1&copy=2 &notice;", "AT&T, R&D; x.example?a=1&copy=2 &notice;"),
        ("if a<b and b>c, i<p and p>q", "if a<b and b>c, i<p and p>q"),
        ("Write to <address> or <section>.", "Write to <address> or <section>."),
    ],
)
def test_markup_becomes_plain_text(markup: str, plain: str) -> None:
    assert plain_text(markup) == plain


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("By Jane Doe", "Jane Doe"),
        ("BY JANE DOE", "JANE DOE"),
        ("By JANE DOE and J. R. Okafor, Staff Writer", "JANE DOE and J. R. Okafor"),
        ("By Jane Doe, Owen Pryce and Zoë Müller", "Jane Doe, Owen Pryce and Zoë Müller"),
        ("By Vincent van Gogh | The Courier", "Vincent van Gogh | The Courier"),
        ("By Jane Doe, The Courier", "Jane Doe, The Courier"),
        ("By JANE DOE and John Roe", "JANE DOE and John Roe"),
        ("By Jane Doe and 2 others", "Jane Doe and 2 others"),
        ("By Reuters", "Reuters"),
        ("By The Associated Press", "The Associated Press"),
        ("BY THE ASSOCIATED PRESS", "THE ASSOCIATED PRESS"),
        ("By Élise Dubois", "Élise Dubois"),
        ("By Camille d'Aubremont and Omar al-Hadrami", "Camille d'Aubremont and Omar al-Hadrami"),
        ("By Łukasz Østby and Þóra Ágúst", "Łukasz Østby and Þóra Ágúst"),
        ("By Dawn Fallik", "Dawn Fallik"),
        ("By Dawn M. Fallik, staff writer", "Dawn M. Fallik"),
        ("By John Roe and Dawn Fallik", "John Roe and Dawn Fallik"),
        ("By Dawn Most Had Left", ""),
        ("By Dawn, Most Had Left", ""),
        ("By Dawn Friday", ""),
        ("BY DAWN FRIDAY", ""),
        ("By STAFF", "STAFF"),
        ("by staff", "staff"),
        ("By Staff Reporter", "Staff Reporter"),
        ("By a staff reporter", "a staff reporter"),
        ("by jane doe", "jane doe"),
        ("by zoë q. müller and john roe", "zoë q. müller and john roe"),
        ("By Jane Doe, economics editor", "Jane Doe"),
        ("By Jane Doe, special to The Courier", "Jane Doe, special to The Courier"),
        ("By Jane Doe, Esbjerg", "Jane Doe, Esbjerg"),
        ("By Christmas Eve, most of the shops in town", ""),
        ("BY CHRISTMAS EVE, MOST HAD", ""),
        ("By World War II, most had left", ""),
        ("By Labor Day, gasoline prices will", ""),
        ("By Labor Day, reporters had", ""),
        ("By Royal Decree, prices fell", ""),
        ("By Any Means Necessary", ""),
        ("By The End of the War", ""),
        ("By Friday the talks had failed.", ""),
        ("By Friday the river had risen.", ""),
        ("By Friday the river had risen", ""),
        ("By Friday Night", ""),
        ("By Jane Austen, the novel was a success", ""),
        ("By Reuters, who had asked", ""),
        ("By Jane Doe, a great success.", ""),
        ("By staff accounts it was late", ""),
        ("by friday the river had risen", ""),
        ("by then nobody cared", ""),
        ("by land and sea", ""),
        ("by popular demand", ""),
        ("by using maps", ""),
        ("By the sea", ""),
        ("By Jane", ""),
        ("Bye Jane Doe", ""),
    ],
)
def test_a_byline_names_the_author(line: str, name: str) -> None:
    assert byline(line) == name


@pytest.mark.parametrize(
    "paragraph",
    [
        *("[Photo: VOA News / YouTube ]", "(Photo by Jane Doe)", "Photo: Jane Doe / Reuters"),
        *("Image: Coast Guard / Getty", "Photo by Jane Doe", "(File photo)", "Credit: AP"),
        *("(Reporting by Tom Miles; Editing by Jane Roe)", "Editing by Jane Roe", "###", "-30-"),
        "© 2018 Harbour Wire. All rights reserved.",
        "Reporting by Jane Doe in Paris and John Roe; Editing by A. Smith",
        "(Reporting by Jane Doe)",
        "Reporting by Will Dunham. Editing by May So.",
        "(Reporting by the Moscow newsroom, additional reporting by Jane Doe; editing by J. Roe)",
        "(Reporting by Jane Doe; jane.doe@wire.example; +45 76 12 00 00)",
        "With reporting by Zoë van der Aalst and staff",
        "REPORTING BY JANE DOE; EDITING BY JOHN ROE",
        "Compiled by Jane Doe from wire reports",
        "Reporting by Reuters",
        "[Photo: El-Khoury / Harbour Wire picture desk]",
        "[Video: Jane Doe]",
        "Photo by Jane Doe/AP",
        "Photo by J. R. Okafor for The Courier.",
        "Photo credit: @jane / Flickr",
        "Photo courtesy of the Doe family",
        *("Photo: Supplied", "Photo: NASA", "Photo: Flickr", "Credit: Jane Doe"),
        "Credit: Owen Jones / Harbour Wire",
        "Image: © 2018 Harbour Wire",
        *("Photo : iFixit", "[Photo]", "(Image via Twitter)", "(AP Photo/Jane Doe)"),
        "Video: Reuters",
        "Video: Jane Doe / AP",
        "Copyright 2018 The Daily News. All rights reserved.",
        "Copyright The Daily News 2018",
        "(c) 2018, Harbour Wire",
        "Copyright © 2016-2018 AP. This material may not be published, broadcast or rewritten.",
        "© 2018 Harbour Wire. A Division of Port Media, Inc.",
        "© 2018",
    ],
)
def test_credits_are_furniture(paragraph: str) -> None:
    assert is_furniture(paragraph)


@pytest.mark.parametrize(
    "paragraph",
    [
        *("Photos show the ferry.", "A photo: it shows a ferry.", "Reporting was hard that week."),
        *(
            "The picture by Rembrandt was sold.",
            "Editing a paper takes all night.",
            "The end came.",
        ),
        "Written by hand, the letter was found in an attic. It had been there for 90 years.",
        "Edited by committee, the final report ran to 300 pages.",
        "EDITED BY HAND, THE REPORT WAS LATE",
        "Reporting by whistleblowers has doubled since the law came in.",
        "Reporting by Jane Doe has shown the opposite.",
        "Images by satellite show the extent of the damage.",
        "Photographs by Ansel Adams sold for $2 million at Sotheby's.",
        "Photo by Jane Doe. The ferry left.",
        "Photo courtesy of NASA shows the storm.",
        "Pictures: the ferry leaves",
        "(Pictures of the ferry were shown to the court.)",
        "Video: police storm the building",
        "Video: Police Storm Building",
        "Graphic: Where the Ferry Ran Aground",
        "Video: police take 3/4 of the town",
        "(Photo from the scene of the fire)",
        "Photos: Ferry Runs Aground off Esbjerg",
        "Credit: banks lend less than a year ago",
        "Credit: Moody's Cuts Italy",
        "Credit: Fed Raises Rates",
        *("Photo: Finish", "Credit: Crunch"),
        "Copyright 1998 was the year of the act",
        "Copyright law is hard.",
    ],
)
def test_sentences_are_not(paragraph: str) -> None:
    assert not is_furniture(paragraph)


def test_authors_lose_rank_employer_and_addresses() -> None:
    given = [
        "By Jane Doe, Reuters",
        "Owen Pryce, Chief Political Correspondent",
        "jane@doe.example",
    ]
    assert fields.author([*given, "https://x.example/staff/jane"]) == "Jane Doe, Owen Pryce"
