"""Follows, blocks and hops. Pure."""

from common.graph.contact import BLOCK, FOLLOW, NEITHER, Edge, edge_of
from common.graph.graph import Graph, Hops
from common.graph.reach import Changes, Reach

__all__ = ["BLOCK", "FOLLOW", "NEITHER", "Changes", "Edge", "Graph", "Hops", "Reach", "edge_of"]
