"""The indexes that the plugins of ssb-server know by name, with what each is sorted by.

ssb-query 2.4, ssb-links 3.0, ssb-backlinks 2.1 and ssb-private 1.1. Where rows are kept is for the views to decide.
"""

from common.query.choice import Field, Index

__all__ = ["BACKLINKS", "LINKS2", "PRIVATE", "QUERY"]

_AUTHOR: Field = ("value", "author")
_TYPE: Field = ("value", "content", "type")
_CLAIMED: Field = ("value", "timestamp")

QUERY: tuple[Index, ...] = (
    Index("log", ("timestamp",)),
    Index("clk", (_AUTHOR, ("value", "sequence"))),
    Index("typ", (_TYPE, ("timestamp",))),
    Index("tya", (_TYPE, _CLAIMED)),
    Index("cha", (("value", "content", "channel"), ("timestamp",))),
    Index("aty", (_AUTHOR, _TYPE, ("timestamp",))),
    Index("ata", (_AUTHOR, _TYPE, _CLAIMED)),
    Index("art", (("value", "content", "root"), _CLAIMED)),
    Index("lor", (("rts",),)),
)
LINKS2: tuple[Index, ...] = (
    Index("SRD", ("source", "rel", "dest", "ts")),
    Index("DRS", ("dest", "rel", "source", "ts")),
    Index("RDS", ("rel", "dest", "source", "ts")),
)
BACKLINKS: tuple[Index, ...] = (
    Index("DTS", (("dest",), ("timestamp",))),
    Index("DTA", (("dest",), ("rts",))),
    Index("TDT", (_TYPE, ("dest",), ("rts",))),
)
PRIVATE: tuple[Index, ...] = (
    Index("TSP", ("timestamp",)),
    Index("ATY", (_AUTHOR, _TYPE, "timestamp")),
)
