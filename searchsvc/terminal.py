"""How results look on a terminal: reports, hits, articles, explanations, and JSON.

What goes to stdout is the result; remarks on it go to stderr.
"""

import json
import os
from dataclasses import asdict
from typing import Any

import click

from searchsvc.answers import ArticleAnswer, FacetValue, HitAnswer, Passage, SearchAnswer
from searchsvc.article import Article
from searchsvc.ledger import Remark
from searchsvc.names import NameCard, NameCount
from searchsvc.proposals import Proposal
from searchsvc.report import Change, IndexReport
from searchsvc.searching import Explanation

_MOST_REMARKS = 50  # shown of a report; --json has all
_MOST_VALUES = 5  # shown of a facet; --json has all


def print_json(document: object) -> None:
    """A document on stdout; of a dataclass, its fields."""
    values = asdict(document) if isinstance(document, Explanation) else document
    click.echo(json.dumps(values, indent=2, ensure_ascii=False, default=str))


def report_document(report: IndexReport, dry_run: bool) -> dict[str, Any]:
    """What `index --json` prints."""
    remarks = [
        (r.fault, {"file": _text(r.name), "place": r.place, "reason": _text(r.reason)})
        for r in report.remarks
    ]
    return {
        "dry_run": dry_run,
        "generation": report.generation,
        "files": {
            "found": report.files_found,
            "read": report.files_read,
            "unchanged": report.files_unchanged,
            "vanished": report.files_vanished,
            "failed": report.files_failed,
            "ignored": len(report.ignored),
        },
        "articles": {
            "found": report.articles_found,
            "read": report.articles_read,
            "skipped": report.articles_skipped,
            "added": report.added,
            "changed": report.changed,
            "removed": report.removed,
            "total": report.total,
        },
        "corrections": {
            "file": str(report.corrections.path) if report.corrections.path else None,
            "lines": len({number for number, _ in report.corrections.lines}),
        },
        "changes": {
            what: [{"id": c.id, "file": _text(c.file)} for c in report.changes if c.what == what]
            for what in ("added", "changed", "removed")
        },
        "resumed": report.resumed,
        "skipped": [remark for fault, remark in remarks if fault],
        "notes": [remark for fault, remark in remarks if not fault],
        "ignored": [{"file": _text(s.name), "reason": _text(s.reason)} for s in report.ignored],
        "seconds": round(report.seconds, 3),
    }


def print_json_line(document: dict[str, Any]) -> None:
    """A document on one line of stdout, at once."""
    click.echo(json.dumps(document, ensure_ascii=False, default=str))


def print_update(report: IndexReport) -> None:
    """An update among many, on one line, and what was skipped."""
    _print_remarks([remark for remark in report.remarks if remark.fault])
    if report.generation:
        click.echo(
            f"generation {report.generation}: {report.added:,} added, {report.changed:,} changed,"
            f" {report.removed:,} removed, {report.total:,} in the index; {report.seconds:.2f} s"
        )


def _print_remarks(remarks: list[Remark]) -> None:
    for remark in remarks[:_MOST_REMARKS]:
        where = ": ".join(_text(part) for part in (remark.name, remark.place) if part)
        kind = "skipped" if remark.fault else "note"
        click.echo(f"{kind}: {where}: {_text(remark.reason)}", err=True)
    if len(remarks) > _MOST_REMARKS:
        more = len(remarks) - _MOST_REMARKS
        click.echo(f"... and {more:,} more; --json lists all", err=True)


def _print_changes(changes: list[Change]) -> None:
    for change in changes[:_MOST_REMARKS]:
        click.echo(f"{change.what + ':':<9}{change.id}  {_text(change.file)}")
    if len(changes) > _MOST_REMARKS:
        click.echo(f"... and {len(changes) - _MOST_REMARKS:,} more; --json lists all", err=True)


def print_report(report: IndexReport, dry_run: bool) -> None:
    """What `index` did, or would do."""
    _print_remarks(report.remarks)
    _print_changes(report.changes)
    if report.resumed is not None:
        click.echo(f"resumed:  {report.resumed:,} articles were there from an interrupted run")
    ignored = f", {len(report.ignored):,} ignored" if report.ignored else ""
    click.echo(
        f"files:    {report.files_found:,} found, {report.files_read:,} read,"
        f" {report.files_unchanged:,} unchanged, {report.files_vanished:,} vanished,"
        f" {report.files_failed:,} failed{ignored}"
    )
    click.echo(
        f"articles: {report.added:,} added, {report.changed:,} changed, {report.removed:,} removed,"
        f" {report.total:,} in the index, {report.faults:,} skipped"
    )
    if report.corrections.path:
        lines = len({number for number, _ in report.corrections.lines})
        click.echo(f"names:    corrected by {report.corrections.path}, lines: {lines:,}")
    if dry_run:
        click.echo("nothing was written (--dry-run)")
    elif report.generation:
        click.echo(f"generation {report.generation} is live after {report.seconds:.1f} s")
    else:
        click.echo("the index is up to date")


def print_answer(answer: SearchAnswer) -> None:
    """The hits of a page, with their passages, and the most frequent values of each facet."""
    for warning in answer.query.warnings:
        click.echo(f"note: {warning}", err=True)
    for number, hit in enumerate(answer.hits, answer.offset + 1):
        _print_hit(number, hit)
    for name, values in answer.facets.items():
        if values:
            click.echo(f"{name + ':':<9}{_counted(values)}")
    if answer.query.did_you_mean:
        click.echo(f"did you mean: {answer.query.did_you_mean}")
    partial = "; time ran out, some hits or marks may be missing" if answer.partial else ""
    hits = "1 hit" if answer.total == 1 else f"{answer.total:,} hits"
    if answer.page > answer.last_page:
        hits += f", which end before page {answer.page}: the last is --page {answer.last_page}"
    elif answer.last_page > 1:
        hits += f", page {answer.page:,} of {answer.last_page:,}"
    click.echo(f"{hits}, {answer.took_ms:.0f} ms{partial}")


def _print_hit(number: int, hit: HitAnswer) -> None:
    click.echo(f"{number}. {_marked(hit.snippets.title) or '(no headline)'}")
    facts = [(hit.date or "no date")[:10], hit.source, ", ".join(hit.people + hit.places), hit.id]
    click.echo("   " + " | ".join(fact for fact in facts if fact))
    for passage in hit.snippets.body:
        click.echo("   " + " ".join(_marked(passage).split()))
    click.echo()


def _counted(values: list[FacetValue]) -> str:
    shown = ", ".join(f"{value.value} {value.count:,}" for value in values[:_MOST_VALUES])
    return shown + (", ..." if len(values) > _MOST_VALUES else "")


def _marked(passage: Passage) -> str:
    """The text with its matches in bold; where output is no terminal, click takes that out."""
    parts, end = [], 0
    for start, stop in passage.highlights:
        parts += [passage.text[end:start], click.style(passage.text[start:stop], bold=True)]
        end = stop
    return "".join([*parts, passage.text[end:]])


def print_article(article: Article) -> None:
    """One article, whole."""
    answer = ArticleAnswer.of(article)
    click.echo(click.style(answer.title or "(no headline)", bold=True))
    facts = [
        answer.author,
        answer.source,
        answer.date,
        article.dateline,
        answer.section,
        answer.url,
    ]
    click.echo(" | ".join(fact for fact in facts if fact))
    for name in ("people", "places", "topics"):
        if values := getattr(answer, name):
            click.echo(f"{name}: {', '.join(values)}")
    click.echo(f"\n{answer.body}")


def print_explanation(explanation: Explanation) -> None:
    """How a query is read, and what each part of it finds."""
    click.echo(f"parsed:   {explanation.parsed}")
    click.echo(f"searched: {explanation.searched}")
    for warning in explanation.warnings:
        click.echo(f"note:     {warning}")
    for part in explanation.parts:
        click.echo(f"{part.total:>9,}  {part.query}")
    click.echo(f"{explanation.total:>9,}  in all")


def print_names(names: list[NameCount], size: int, as_json: bool) -> None:
    """Names and the number of articles of each."""
    if as_json:
        print_json([asdict(one) for one in names[:size]])
        return
    for one in names[:size]:
        click.echo(f"{one.articles:>9,}  {one.field:<6}  {one.name}")
    _say_more(len(names) - size)


def print_cards(cards: list[NameCard], size: int, as_json: bool) -> None:
    """What is known of a name: spellings, origins, articles."""
    if as_json:
        shown = [asdict(card) | {"total": len(card.articles)} for card in cards]
        print_json([card | {"articles": card["articles"][:size]} for card in shown])
        return
    for card in cards:
        click.echo(click.style(card.name, bold=True) + f"  ({card.field}: {', '.join(card.keys)})")
        for kind, counts in (("spelt", card.spellings), ("origin", card.origins)):
            click.echo(f"{kind + ':':<9}" + ", ".join(f"{k} {n:,}" for k, n in counts.items()))
        click.echo(f"articles: {len(card.articles):,}")
        for article in card.articles[:size]:
            click.echo(f"  {article.id}  {(article.date or 'no date')[:10]}  {article.title}")
        _say_more(len(card.articles) - size)


def print_proposals(found: list[Proposal], size: int, as_json: bool) -> None:
    """Merges as lines for corrections.tsv, the evidence as a remark."""
    if as_json:
        print_json([asdict(one) | {"line": one.line} for one in found[:size]])
        return
    for one in found[:size]:
        click.echo(one.line)
    _say_more(len(found) - size)


def _say_more(more: int) -> None:
    if more > 0:
        click.echo(f"... and {more:,} more; --size shows them", err=True)


def print_facts(facts: dict[str, Any]) -> None:
    """Names and values, a line each; what is None is left out."""
    width = max(map(len, facts)) + 2
    for name, value in facts.items():
        match value:
            case None:
                continue
            case list():
                value = ", ".join(str(one) for one in value)
            case bool():
                value = "yes" if value else "no"
            case int():
                value = f"{value:,}"
        click.echo(f"{name + ':':<{width}}{value}")


def _text(name: str) -> str:
    """A file's name as text that can be printed: bytes that are no UTF-8 as escapes."""
    printable = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in printable)
