"""The store that the settings name: a folder, or a cluster."""

from searchsvc.config import Config
from searchsvc.engines.base import ServedStore
from searchsvc.errors import ConfigError
from searchsvc.store import DirectoryStore


def open_store(config: Config) -> ServedStore:
    """The store for *config*; nothing is looked at yet. Raises ConfigError."""
    if config.engine != "opensearch":
        return DirectoryStore(config.index, config.engine)
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
        config.index, Client(access), config.opensearch_index, config.opensearch_shards
    )
