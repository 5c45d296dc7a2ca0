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
        "workers": 1,
        "corrections": "",
        "model": "",
        "opensearch_url": "",
        "opensearch_index": "searchsvc",
        "opensearch_shards": 1,
        "opensearch_user": "",
        "opensearch_password": "",
        "opensearch_api_key": "",
        "opensearch_ca": "",
    }
    assert (config.host, config.port) == ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("environment", "toml", "said"),
    [
        ({"SEARCHSVC_PORT": "http"}, {}, "SEARCHSVC_PORT: 'http' is not a whole number"),
        ({"SEARCHSVC_PORT": "70000"}, {}, "70000 is no port"),
        ({}, {"port": True}, "port in searchsvc.toml: True is not a whole number"),
        ({}, {"port": "80"}, "port in searchsvc.toml: '80' is not a whole number without quotes"),
        ({}, {"port": 80.0}, "port in searchsvc.toml: 80.0 is not a whole number"),
        ({}, {"corpus": 5}, "corpus in searchsvc.toml: 5 is not text in quotes"),
        ({}, {"host": ["a"]}, "host in searchsvc.toml: ['a'] is not text in quotes"),
        ({}, {"index": ""}, "index in searchsvc.toml is empty; leave it out"),
        ({}, {"engine": ""}, "engine in searchsvc.toml is empty; leave it out for the default"),
        ({"SEARCHSVC_CORPUS": ""}, {}, "SEARCHSVC_CORPUS is empty; leave it out"),
        ({"SEARCHSVC_PORT": ""}, {"port": 80}, "SEARCHSVC_PORT is empty; leave it out"),
        ({"SEARCHSVC_OPENSEARCH_URL": "a.b:9200"}, {}, "'a.b:9200' is no address, such as https"),
        ({}, {"opensearch_url": "http://u:secret@a:9200"}, "the address of a holds a user or"),
        ({}, {"engine": "opensearch"}, "needs to know where it is: set opensearch_url"),
        ({}, {"opensearch_index": "News"}, "'News' is no name of an index; small letters"),
        ({}, {"opensearch_shards": 0}, "opensearch_shards: 0 is not 1 to 1024"),
        ({}, {"opensearch_user": "u"}, "there is one without the other"),
        ({}, {"indx": "x"}, "no setting 'indx'; there are index, corpus, engine, host, port"),
    ],
)
def test_a_wrong_value_names_its_place(
    environment: dict[str, str], toml: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(environment, toml=toml)
    assert said in str(raised.value)


def test_no_secret_is_shown() -> None:
    toml = {"opensearch_user": "u", "opensearch_password": "s3cret", "opensearch_api_key": "k3y"}
    shown = repr(load({}, toml=toml))
    assert "s3cret" not in shown
    assert "k3y" not in shown
    with pytest.raises(ConfigError) as raised:
        load({}, toml={"opensearch_url": "http://u:s3cret@a:9200"})
    assert "s3cret" not in str(raised.value)


def test_where_nothing_is_a_value_it_counts_as_one() -> None:
    config = load({"SEARCHSVC_MODEL": ""}, toml={"model": "a", "corrections": ""})
    assert (config.model, config.corrections) == ("", None)


@pytest.mark.parametrize("text", ["port = = 80", "corpus = news", "host = 127.0.0.1"])
def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "searchsvc.toml"
    assert read_file(path) == {}
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"cannot be read: .*line 1.*; text stands in quotes"):
        read_file(path)


def test_a_file_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "searchsvc.toml"
    path.write_bytes('corpus = "münchen"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        read_file(path)
