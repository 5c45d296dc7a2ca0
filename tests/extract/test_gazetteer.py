"""The table of places, which is read in the order of its rows."""

from searchsvc.extract.distil import told_apart
from searchsvc.extract.gazetteer import Place
from searchsvc.extract.vocabulary import table

PLACES = [Place.from_row(row) for row in table("places.tsv")]


def test_the_weightiest_places_come_first() -> None:
    ranks = [(-place.weight, place.key) for place in PLACES]
    assert ranks == sorted(ranks)


def test_no_two_places_are_shown_as_the_same() -> None:
    assert len({place.name for place in PLACES}) == len({place.key for place in PLACES})


def test_places_of_one_name_have_added_where_they_are() -> None:
    rows = [
        ("US.XX.2", "Avon", "US", "city", "1", "1", 20_000, ""),
        ("US.XX.1", "Avon", "US", "city", "1", "1", 30_000, "Avon Town"),
        ("US.XX", "Exland", "US", "region", "1", "1", 90_000, ""),
        ("ZZ.1", "Ávon", "ZZ", "city", "1", "1", 10_000, ""),
        ("US.XX.3", "Bo", "US", "city", "1", "1", 40_000, ""),
        ("US", "United States", "US", "country", "", "", 300_000_000, "US"),
    ]
    assert [row[0::8] for row in told_apart(rows)] == [
        ("US", ""),
        ("US.XX.1", ""),
        ("US.XX.2", "Avon (Exland)"),
        ("US.XX", ""),
        ("ZZ.1", ""),
    ]
