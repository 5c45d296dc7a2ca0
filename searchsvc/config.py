"""The settings: one table feeds flags, environment, searchsvc.toml, docs and tests.

What is nearer to the command counts: a flag, then SEARCHSVC_* in the environment, then
searchsvc.toml in the working directory, then the default.

>>> load({"SEARCHSVC_PORT": "9000"}, toml={"host": "::1"}).port
9000
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from searchsvc.errors import ConfigError

FILE = "searchsvc.toml"
PREFIX = "SEARCHSVC_"
MOST_WORKERS = 64


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its name everywhere, its default (whose type its values have), what it is."""

    name: str
    default: str | int
    help: str
    flag: bool = True  # also one of a command line, where others can read it


SETTINGS = (
    Setting("index", "index", "The folder where the index lives."),
    Setting("corpus", "corpus", "The folder of articles, or one file."),
    Setting("engine", "whoosh", "The search engine."),
    Setting("host", "127.0.0.1", "The address that `serve` listens on."),
    Setting("port", 8000, "The port that `serve` listens on; 0 takes a free one."),
    Setting("workers", 1, "The processes that `serve` answers with; one for each core is enough."),
    Setting("corrections", "", "The file of corrections to names, if not beside the corpus."),
    Setting("model", "", "The model whose names count, where `enrich` has found them."),
    Setting("opensearch_url", "", "The addresses of the cluster, with commas between.", False),
    Setting("opensearch_index", "searchsvc", "What our indexes there are called.", False),
    Setting("opensearch_shards", 1, "The parts that a new index there has.", False),
    Setting("opensearch_user", "", "As whom we ask the cluster.", False),
    Setting("opensearch_password", "", "The password of that user.", False),
    Setting("opensearch_api_key", "", "A key in place of user and password.", False),
    Setting("opensearch_ca", "", "The file of the authority of its certificates.", False),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings as they are to be used."""

    index: Path
    corpus: Path
    engine: str
    host: str
    port: int
    workers: int
    corrections: Path | None
    model: str
    opensearch_url: str
    opensearch_index: str
    opensearch_shards: int
    opensearch_user: str
    opensearch_password: str = field(repr=False)
    opensearch_api_key: str = field(repr=False)
    opensearch_ca: str


def load(
    environment: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
    toml: Mapping[str, Any] | None = None,
) -> Config:
    """The settings; *toml* is the content of searchsvc.toml. Raises ConfigError."""
    file = read_file() if toml is None else toml
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        variable = PREFIX + setting.name.upper()
        if flags and flags.get(setting.name) is not None:
            values[setting.name] = _typed(setting, flags[setting.name], f"--{setting.name}")
        elif variable in environment:
            values[setting.name] = _typed(setting, environment[variable], variable)
        elif setting.name in file:
            values[setting.name] = _written(setting, file[setting.name])
        else:
            values[setting.name] = setting.default
    unknown = set(file) - {setting.name for setting in SETTINGS}
    if unknown:
        known = ", ".join(setting.name for setting in SETTINGS)
        raise ConfigError(f"{FILE}: no setting {min(unknown)!r}; there are {known}")
    if not 0 <= values["port"] <= 65535:
        raise ConfigError(f"port: {values['port']} is no port; it is 0 to 65535")
    if not 1 <= values["workers"] <= MOST_WORKERS:
        said = f"workers: {values['workers']} processes cannot serve"
        raise ConfigError(f"{said}; it is 1 to {MOST_WORKERS}")
    _look_at_cluster(values)
    values["index"], values["corpus"] = Path(values["index"]), Path(values["corpus"])
    values["corrections"] = Path(values["corrections"]) if values["corrections"] else None
    return Config(**values)


def _look_at_cluster(values: Mapping[str, Any]) -> None:
    """Raises ConfigError for what cannot be the address of a cluster, or the name of an index."""
    urls = [url.strip() for url in values["opensearch_url"].split(",") if url.strip()]
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            said = f"opensearch_url: {url!r} is no address, such as https://search.example.org:9200"
            raise ConfigError(said)
        if parts.username or parts.password:  # addresses are told in messages and in logs
            said = f"opensearch_url: the address of {parts.hostname} holds a user or password"
            raise ConfigError(f"{said}; set opensearch_user and opensearch_password")
    if values["engine"] == "opensearch" and not urls:
        raise ConfigError("the engine 'opensearch' needs to know where it is: set opensearch_url")
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,99}", values["opensearch_index"]):
        said = f"opensearch_index: {values['opensearch_index']!r} is no name of an index"
        raise ConfigError(f"{said}; small letters, digits, - and _ make one")
    if not 1 <= values["opensearch_shards"] <= 1024:
        raise ConfigError(f"opensearch_shards: {values['opensearch_shards']} is not 1 to 1024")
    if bool(values["opensearch_user"]) != bool(values["opensearch_password"]):
        raise ConfigError("opensearch_user and opensearch_password: there is one without the other")


def read_file(path: Path = Path(FILE)) -> dict[str, Any]:
    """The content of searchsvc.toml, empty if there is none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        said = f'{path} cannot be read: {error}; text stands in quotes: corpus = "articles"'
        raise ConfigError(said) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read: {error}; save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def _written(setting: Setting, value: Any) -> str | int:
    """A value of searchsvc.toml, which has types of its own."""
    where = f"{setting.name} in {FILE}"
    if type(value) is not type(setting.default):  # True is an int, too
        is_text = isinstance(setting.default, str)
        kind = "text in quotes" if is_text else "a whole number without quotes"
        raise ConfigError(f"{where}: {value!r} is not {kind}")
    return _typed(setting, value, where)


def _typed(setting: Setting, value: str | int, where: str) -> str | int:
    if value == "" and setting.default:  # as a path it would be the working directory
        raise ConfigError(f"{where} is empty; leave it out for the default, {setting.default!r}")
    try:
        return type(setting.default)(value)
    except ValueError:
        raise ConfigError(f"{where}: {value!r} is not a whole number") from None
