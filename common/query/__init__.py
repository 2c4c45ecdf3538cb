"""The query language of ssb-query: map-filter-reduce over JavaScript's values, and the choice of an index.

Pure: no clock, no I/O. `rules` makes functions of the parts of a query, `stages` runs them one after the
other, `choice` picks the index, `keys` spells the rows of an index in their order. Called by indexing.
"""
