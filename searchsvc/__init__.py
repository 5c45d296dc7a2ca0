"""Full-text search for news archives: a folder of articles in, a search page and JSON out."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("searchsvc")
