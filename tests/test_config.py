"""Where a setting's value comes from."""

from pathlib import Path

import pytest

from searchsvc.config import SETTINGS, load, read_file
from searchsvc.errors import ConfigError


def test_the_nearest_counts() -> None:
    toml = {"port": 1, "host": "a", "index": "from-toml"}
    environment = {"SEARCHSVC_PORT": "2", "SEARCHSVC_HOST": "b"}
    config = load(environment, {"port": 3, "host": None}, toml)
    assert (config.port, config.host, config.index) == (3, "b", Path("from-toml"))
    assert config.corpus == Path("corpus")


def test_defaults() -> None:
    config = load({}, toml={})
    assert {s.name: s.default for s in SETTINGS} == {
        "index": "index",
        "corpus": "corpus",
        "engine": "whoosh",
        "host": "127.0.0.1",
        "port": 8000,
        "corrections": "",
        "model": "",
    }
    assert (config.host, config.port) == ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("environment", "toml", "said"),
    [
        ({"SEARCHSVC_PORT": "http"}, {}, "SEARCHSVC_PORT: 'http' is not a whole number"),
        ({"SEARCHSVC_PORT": "70000"}, {}, "70000 is no port"),
        ({}, {"port": True}, "port in searchsvc.toml: True"),
        ({}, {"host": ["a"]}, "host in searchsvc.toml"),
        ({}, {"indx": "x"}, "no setting 'indx'; there are index, corpus, engine, host, port"),
    ],
)
def test_a_wrong_value_names_its_place(
    environment: dict[str, str], toml: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(environment, toml=toml)
    assert said in str(raised.value)


def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "searchsvc.toml"
    assert read_file(path) == {}
    path.write_text("port = = 80")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_file(path)
