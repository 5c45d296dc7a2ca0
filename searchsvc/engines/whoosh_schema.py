"""What stands where in the Whoosh index.

For a text field `body` and a facet `people`:

    body            stems, each with its articles and how often; lengths of the field
    body_written    folded words, with positions
    people_value    the values as they are
    id              ids, also as a column
    day, instant    columns of numbers
    article         the whole article as JSON, stored
"""

from whoosh import columns, fields, formats

from searchsvc.schema import FACET_FIELDS, TEXT_FIELDS

VERSION = "whoosh 2.7.4, layout 1"

# Between two values of one field: more than any phrase is wide, so that none spans them.
VALUE_GAP = 1000

UNDATED = float("inf")  # what the column of instants holds where there is no date


def schema() -> fields.Schema:
    """The Whoosh schema, of stock parts only, so that stock Whoosh reads it."""
    made = fields.Schema(
        id=fields.ID(unique=True, sortable=True),
        article=fields.STORED,
        day=fields.COLUMN(columns.NumericColumn("i", default=0)),
        instant=fields.COLUMN(columns.NumericColumn("d", default=UNDATED)),
    )
    for name in TEXT_FIELDS:
        stems = fields.KEYWORD(scorable=True)
        stems.format = formats.Existence()  # the frequency is the weight of the posting
        made.add(name, stems)
        made.add(f"{name}_written", fields.TEXT(analyzer=fields.analysis.IDTokenizer()))
    for name in FACET_FIELDS:
        made.add(f"{name}_value", fields.ID())
    return made
