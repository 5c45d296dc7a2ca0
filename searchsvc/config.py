"""The settings: one table feeds flags, environment, searchsvc.toml, docs and tests.

What is nearer to the command counts: a flag, then SEARCHSVC_* in the environment, then
searchsvc.toml in the working directory, then the default.

>>> load({"SEARCHSVC_PORT": "9000"}, toml={"host": "::1"}).port
9000
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searchsvc.errors import ConfigError

FILE = "searchsvc.toml"
PREFIX = "SEARCHSVC_"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its name everywhere, its default (whose type its values have), what it is."""

    name: str
    default: str | int
    help: str


SETTINGS = (
    Setting("index", "index", "The folder where the index lives."),
    Setting("corpus", "corpus", "The folder of articles, or one file."),
    Setting("engine", "whoosh", "The search engine."),
    Setting("host", "127.0.0.1", "The address that `serve` listens on."),
    Setting("port", 8000, "The port that `serve` listens on; 0 takes a free one."),
    Setting("corrections", "", "The file of corrections to names, if not beside the corpus."),
    Setting("model", "", "The model whose names count, where `enrich` has found them."),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings as they are to be used."""

    index: Path
    corpus: Path
    engine: str
    host: str
    port: int
    corrections: Path | None
    model: str


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
        elif environment.get(variable):
            values[setting.name] = _typed(setting, environment[variable], variable)
        elif setting.name in file:
            values[setting.name] = _typed(setting, file[setting.name], f"{setting.name} in {FILE}")
        else:
            values[setting.name] = setting.default
    unknown = set(file) - {setting.name for setting in SETTINGS}
    if unknown:
        known = ", ".join(setting.name for setting in SETTINGS)
        raise ConfigError(f"{FILE}: no setting {min(unknown)!r}; there are {known}")
    if not 0 <= values["port"] <= 65535:
        raise ConfigError(f"port: {values['port']} is no port; it is 0 to 65535")
    values["index"], values["corpus"] = Path(values["index"]), Path(values["corpus"])
    values["corrections"] = Path(values["corrections"]) if values["corrections"] else None
    return Config(**values)


def read_file(path: Path = Path(FILE)) -> dict[str, Any]:
    """The content of searchsvc.toml, empty if there is none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def _typed(setting: Setting, value: Any, where: str) -> str | int:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError
        return type(setting.default)(value)
    except ValueError:
        kind = "a whole number" if isinstance(setting.default, int) else "text"
        raise ConfigError(f"{where}: {value!r} is not {kind}") from None
