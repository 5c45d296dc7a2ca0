"""An index in a cluster of OpenSearch: what `store` is for folders.

    searchsvc              an alias: the index that is searched
    searchsvc-000002       its index; `_meta` of the mapping says what is published, see store.py
    searchsvc-000001       the one before, kept for going back
    searchsvc-files        the ledgers of all of them, in parts
    searchsvc-locks        who writes

A rebuild fills an index of its own and turns the alias to it, in one step. An update changes the
index that is searched; readers look at points in time that were taken when the run number in
`_meta` was raised, so they see whole runs.

A run that is killed while it changes the index leaves a list of the articles that it was at. The
next one takes nothing for granted about these, and brings them in again.
"""
