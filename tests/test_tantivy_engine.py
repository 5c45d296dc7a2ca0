"""What only tantivy can do: not be installed, panic, and tell of the system as text."""

import errno
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from searchsvc.article import Article
from searchsvc.engines import engine_format, tantivy_writer
from searchsvc.engines.base import SearchRequest
from searchsvc.engines.tantivy import open_engine, open_writer
from searchsvc.errors import ConfigError, IndexDamaged
from searchsvc.query.tree import All


class PanicException(BaseException):
    """Called and derived as tantivy's is."""


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*given: object) -> None:
        raise error

    return fail


def test_an_engine_that_is_not_installed_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tantivy", None)
    monkeypatch.delitem(sys.modules, "searchsvc.engines.tantivy")
    monkeypatch.delitem(sys.modules, "searchsvc.engines.tantivy_query")
    monkeypatch.delitem(sys.modules, "searchsvc.engines.tantivy_writer")
    with pytest.raises(ConfigError, match=r"pip install 'searchsvc\[tantivy\]'"):
        engine_format("tantivy")


def test_a_panic_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = open_writer(tmp_path)
    writer.add(Article(id="1", title="Oil"))
    writer.commit()
    engine = open_engine(tmp_path)
    monkeypatch.setattr(engine, "_search", raising(PanicException("index out of bounds")))
    with pytest.raises(IndexDamaged, match="index out of bounds"):
        engine.search(SearchRequest(query=All()))


@pytest.mark.parametrize(
    ("told", "number", "said"),
    [
        ("An IO error occurred: 'No space left on device (os error 28)'", errno.ENOSPC, "No space"),
        ("IoError { io_error: Os { code: 13, kind: PermissionDenied } }", errno.EACCES, "denied"),
        ("An index writer was killed.. A worker thread panicked.", None, "does not say why"),
    ],
)
def test_what_keeps_it_from_writing_is_an_error_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, number: int | None, said: str
) -> None:
    writer = open_writer(tmp_path)
    monkeypatch.setattr(tantivy_writer, "_document", raising(ValueError(told)))
    with pytest.raises(OSError, match=said) as caught:
        writer.add(Article(id="1"))
    assert caught.value.errno == number
    assert "tantivy" in str(caught.value)


def test_another_error_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = open_writer(tmp_path)
    monkeypatch.setattr(tantivy_writer, "_document", raising(ValueError("a bug")))
    with pytest.raises(ValueError, match="a bug"):
        writer.add(Article(id="1"))


def test_generations_share_no_lock(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    writer.add(Article(id="1", title="Oil"))
    writer.commit()
    assert not (tmp_path / ".tantivy-writer.lock").exists()
