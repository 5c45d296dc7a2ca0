"""What an operator's monitoring counts, at `/metrics`: requests, their time, and the index.

In the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/).
Several workers count together, in files of a folder that SHARED names in the environment before
this is imported; whichever of them is asked tells the sums.
"""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from searchsvc.engines.base import Store
from searchsvc.errors import ClusterRefuses, IndexProblem

# When each count began, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # the library reads it once, when it is imported
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The counts of one application."""

    def __init__(self, store: Store) -> None:
        if shared := os.environ.get(SHARED):
            Path(shared).mkdir(exist_ok=True)  # whatever cleans up the folder it lies in
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "searchsvc_requests",
            "Requests answered, by the view that answered.",
            ("endpoint", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "searchsvc_request_seconds",
            "Time to an answer, waiting for a turn included.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.turned_away = Counter(
            "searchsvc_turned_away",
            "Requests to the API that found the service full, answered with 503 at once.",
            registry=self._registry,
        )
        self.partial = Counter(
            "searchsvc_partial_searches",
            "Searches that time ran out for.",
            registry=self._registry,
        )
        self._told = self._registry
        if shared:
            self._told = CollectorRegistry()
            MultiProcessCollector(self._told)  # type: ignore[no-untyped-call]
        else:
            ProcessCollector(registry=self._registry)
        self._told.register(_Index(store))

    def turning_away(self, answer: WSGIApplication) -> WSGIApplication:
        """*answer*, which is given to whoever finds the service full, counted."""

        def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            self.turned_away.inc()
            return answer(environ, start_response)

        return counted

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._told)


class _Index(Collector):
    """How the index is, looked at when asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        try:
            served = self._store.current()
        except (IndexProblem, ClusterRefuses):
            yield GaugeMetricFamily("searchsvc_ready", "Whether the index can be searched.", 0)
            return
        yield GaugeMetricFamily("searchsvc_ready", "Whether the index can be searched.", 1)
        yield GaugeMetricFamily(
            "searchsvc_articles", "Articles in the index.", served.engine.count()
        )
        yield InfoMetricFamily(
            "searchsvc_index", "The state that is searched.", {"generation": served.name}
        )
        yield GaugeMetricFamily(
            "searchsvc_damaged", "Whether a part of the index is damaged.", bool(served.notice)
        )
        yield GaugeMetricFamily(
            "searchsvc_fallback", "Whether an older state is searched.", bool(served.fallback)
        )


def metrics() -> Metrics:
    """The counts of this application."""
    kept: Metrics = current_app.extensions["searchsvc.metrics"]
    return kept


def measure(app: Flask, store: Store) -> Metrics:
    """Counts the requests to *app*, and tells at `/metrics`."""
    counts = app.extensions["searchsvc.metrics"] = Metrics(store)
    app.before_request(_begin)
    app.after_request(_end)
    app.add_url_rule("/metrics", view_func=_tell, endpoint="metrics")
    return counts


def _begin() -> None:
    g.begun = time.perf_counter()


def _end(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    counts = metrics()
    counts.requests.labels(endpoint, response.status_code).inc()
    if "begun" in g:  # not if it was refused before any view was looked for
        counts.seconds.labels(endpoint).observe(time.perf_counter() - g.begun)
    return response


def _tell() -> Response:
    return Response(metrics().text(), content_type=CONTENT_TYPE_LATEST)
