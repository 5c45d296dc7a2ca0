"""Full-text search for news archives: a folder of articles in, a search page and JSON out."""

__all__ = ["__version__"]

__version__ = "0.1.0"
