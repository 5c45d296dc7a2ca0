"""Lists of words that are kept: whole ones only, and not too many."""

from itertools import islice

from searchsvc.engines.word_lists import WordLists

WORDS = [(f"oil{number}", number) for number in range(10)]


class Index:
    """Counts how often its words are listed."""

    def __init__(self) -> None:
        self.listed = 0

    def words(self) -> list[tuple[str, int]]:
        self.listed += 1
        return WORDS


def test_a_list_is_made_once() -> None:
    index, lists = Index(), WordLists()
    for _ in range(3):
        assert list(lists.of("body", "oil", index.words)) == WORDS
    assert index.listed == 1
    list(lists.of("title", "oil", index.words))
    assert index.listed == 2


def test_a_list_that_nobody_went_through_is_not_kept() -> None:
    index, lists = Index(), WordLists()
    assert list(islice(lists.of("body", "oil", index.words), 3)) == WORDS[:3]
    assert list(lists.of("body", "oil", index.words)) == WORDS


def test_lists_of_nothing_take_room_too() -> None:
    lists = WordLists(most=100)
    for number in range(1000):
        assert list(lists.of("body", f"x{number}", list)) == []
    assert len(lists._kept) <= 10


def test_no_more_words_are_kept_than_there_is_room_for() -> None:
    index, lists = Index(), WordLists(most=25)
    for field in ("body", "title", "body"):
        assert list(lists.of(field, "oil", index.words)) == WORDS
    assert index.listed == 3
    small = WordLists(most=5)
    assert list(small.of("body", "oil", index.words)) == WORDS
    assert list(small.of("body", "oil", index.words)) == WORDS
