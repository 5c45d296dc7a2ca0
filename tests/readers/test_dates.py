"""`dates.txt` says which date a text names."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.readers.dates import EARLIEST, LATEST, from_epoch, parse_date

LINES = Path(__file__).with_name("dates.txt").read_text("utf-8").splitlines()
ROWS = [tuple(line.rsplit("|", 1)) for line in LINES if not line.startswith("#")]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_a_text_names_a_date(text: str, expected: str) -> None:
    found = parse_date(text.strip())
    assert (found.isoformat() if found else "none") == expected.strip()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1536930000, "2018-09-14T13:00:00+00:00"),
        (1536930000000.5, "2018-09-14T13:00:00.000500+00:00"),
        (-500_000_000, "1954-02-26T23:06:40+00:00"),
        (20180914, "2018-09-14"),
        (20181314, "none"),
        (1987, "none"),
        (0, "none"),
        (-1, "none"),
    ],
)
def test_a_number_is_a_date(number: float, expected: str) -> None:
    found = from_epoch(number)
    assert (found.isoformat() if found else "none") == expected


@given(st.text(alphabet="0123456789 ,.:/-+TZJanFebMarAprMayJunpm", max_size=40) | st.text())
def test_no_text_is_too_much(text: str) -> None:
    found = parse_date(text)
    assert found is None or EARLIEST <= found.year <= LATEST


@given(st.integers() | st.floats())
def test_no_number_is_too_much(number: float) -> None:
    found = from_epoch(number)
    assert found is None or EARLIEST <= found.year <= LATEST


@given(st.datetimes(dt.datetime(EARLIEST, 1, 1), dt.datetime(LATEST, 12, 31)))
def test_what_python_writes_is_read(moment: dt.datetime) -> None:
    assert parse_date(moment.isoformat()) == moment
    assert parse_date(str(moment.date())) == moment.date()
    assert parse_date(f"{moment:%B} {moment.day}, {moment:%Y}") == moment.date()
