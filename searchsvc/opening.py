"""The store that the settings name: a folder, or a cluster."""

import re
from typing import TYPE_CHECKING

from searchsvc.config import Config
from searchsvc.engines.base import ServedStore
from searchsvc.errors import ConfigError
from searchsvc.store import DirectoryStore

if TYPE_CHECKING:
    from searchsvc.cluster.store import ClusterStore


def open_store(config: Config) -> ServedStore:
    """The store for *config*; nothing is looked at yet. Raises ConfigError."""
    if config.engine != "opensearch":
        return DirectoryStore(config.index, config.engine)
    return open_cluster(config)


def open_cluster(config: Config, into: str = "") -> "ClusterStore":
    """The store in the cluster of *config*, or one that is filled *into* another name.

    Raises ConfigError.
    """
    if config.engine != "opensearch":
        said = f"the engine {config.engine!r} keeps an index on one machine"
        raise ConfigError(f"{said}; shares of one are for the engine 'opensearch'")
    if into and not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", into):
        raise ConfigError(f"--into: {into!r} is no name; small letters, digits, - and _ make one")
    try:
        from searchsvc.cluster.store import ClusterStore
        from searchsvc.engines.opensearch_client import Access, Client
    except ModuleNotFoundError as error:
        if error.name != "opensearchpy":
            raise
        install = "pip install 'searchsvc[opensearch]'"
        raise ConfigError(f"the engine 'opensearch' is not installed: {install}") from error
    urls = (url.strip() for url in config.opensearch_url.split(","))
    access = Access(
        urls=tuple(filter(None, urls)),
        user=config.opensearch_user,
        password=config.opensearch_password,
        api_key=config.opensearch_api_key,
        certificates=config.opensearch_ca,
    )
    return ClusterStore(
        config.index,
        Client(access),
        config.opensearch_index,
        config.opensearch_shards,
        into=into,
    )
