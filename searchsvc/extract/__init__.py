"""People and places of an article: the stage between reading and writing.

>>> article = Article(id="1", people=("Volcker, Paul ", "", "Volcker, Paul"), places=("usa",))
>>> extract(article).people
('Volcker, Paul',)

What the source tags is what counts; the tags stay as they are but for white space, blanks and
repetitions.
"""

from dataclasses import replace

from searchsvc.article import Article


def extract(article: Article) -> Article:
    """*article* with the people and places that it names."""
    return replace(
        article,
        people=_names(article.people),
        places=_names(article.places),
        topics=_names(article.topics),
    )


def _names(tags: tuple[str, ...]) -> tuple[str, ...]:
    cleaned = (" ".join(tag.split()) for tag in tags)
    return tuple(dict.fromkeys(tag for tag in cleaned if tag))
