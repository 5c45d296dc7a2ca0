"""The service over HTTP: pages for people, JSON for scripts, both from the same answers.

>>> from searchsvc.engines.memory import MemoryStore
>>> create_app(MemoryStore()).test_client().get("/healthz").json
{'status': 'alive'}

Serve the application with any WSGI server; `searchsvc serve` does it with waitress. Addresses
begin at the root of the host. This package is the only one that imports Flask.
"""

from collections.abc import Callable
from pathlib import Path

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from jinja2 import StrictUndefined

from searchsvc import __version__
from searchsvc.answers import Problem
from searchsvc.engines.base import Store
from searchsvc.errors import SearchServiceError
from searchsvc.web import api, feed, metrics, pages, problems, security
from searchsvc.web.admission import Admission, admit
from searchsvc.web.kept import KeptAnswers
from searchsvc.web.links import NameConverter
from searchsvc.web.samples import Samples

_PACKAGE = Path(__file__).resolve().parents[1]
# An installed package holds the templates; in a checkout they lie beside it.
_TEMPLATES = next(
    folder for folder in (_PACKAGE / "templates", _PACKAGE.parent / "templates") if folder.is_dir()
)


def create_app(
    store: Store,
    *,
    trusted_hosts: list[str] | None = None,
    suspect: Callable[[], bool] = lambda: False,
    admission: Admission | None = None,
    answers: KeptAnswers | None = None,
    worded: Callable[[SearchServiceError], str] = str,
) -> OpenAPI:
    """The WSGI application that searches *store*.

    It answers only under the names in *trusted_hosts*, as `Host` has them; None is any name.
    *suspect* is asked when an answer failed as none should: whether the index was damaged.
    *admission* says how many are answered at a time, all unless it is given. *answers* are those
    that are kept. What is wrong with the index is told as it is *worded*.
    """
    app = OpenAPI(
        __name__,
        info=Info(title="searchsvc", version=__version__, description=api.DESCRIPTION),
        security_schemes={},  # none at all would be a null, which OpenAPI does not know
        doc_ui=False,
        validation_error_status=400,
        validation_error_model=Problem,
        template_folder=_TEMPLATES,
    )
    app.extensions["searchsvc.store"] = store
    app.extensions["searchsvc.suspect"] = suspect
    app.extensions["searchsvc.worded"] = worded
    app.extensions["searchsvc.answers"] = answers or KeptAnswers()
    app.extensions["searchsvc.samples"] = Samples()
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    app.url_map.converters["name"] = NameConverter
    security.secure(app, trusted_hosts)
    counts = metrics.measure(app, store)
    if admission:
        admit(app, admission, counts.turning_away(problems.busy))
    problems.handle_errors(app)
    app.register_api(api.search_api)
    app.register_api(api.health)
    app.register_blueprint(pages.pages)
    app.register_blueprint(feed.feed)
    app.add_url_rule("/openapi.json", view_func=api.description)
    return app
