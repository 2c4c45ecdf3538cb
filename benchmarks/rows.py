"""The rows of the bench by name: each takes the kind of server to measure and gives figures by name."""

from collections.abc import Awaitable, Callable

from benchmarks.bench import Bench
from benchmarks.blobs import blob_large, blobs_small, blobs_to_twenty
from benchmarks.connections import handshakes, idle
from benchmarks.figures import Figures
from benchmarks.following import hops_50000
from benchmarks.forwarding import forward_ten, line_of_five, serve_200
from benchmarks.indexing import index_lag, index_zero, while_indexing
from benchmarks.publishing import latency, publish
from benchmarks.questions import queries, views
from benchmarks.reading import read_history, read_log
from benchmarks.siege import siege
from benchmarks.spreading import ebt_duplicates
from benchmarks.starting import disk, start
from benchmarks.sync import (
    sync_in_ebt,
    sync_in_history,
    sync_out_ebt,
    sync_out_history,
    sync_same,
)
from benchmarks.web import http_ranges
from tests.support.servers import Server

Row = Callable[[Bench, type[Server]], Awaitable[Figures]]

ROWS: dict[str, Row] = {
    "sync-in-ebt": sync_in_ebt,
    "sync-in-history": sync_in_history,
    "sync-out-ebt": sync_out_ebt,
    "sync-out-history": sync_out_history,
    "sync-same": sync_same,
    "publish": publish,
    "latency": latency,
    "read-log": read_log,
    "read-history": read_history,
    "queries": queries,
    "handshakes": handshakes,
    "idle": idle,
    "start": start,
    "forward-ten": forward_ten,
    "line-of-five": line_of_five,
    "serve-200": serve_200,
    "blob-large": blob_large,
    "blobs-small": blobs_small,
    "blobs-to-twenty": blobs_to_twenty,
    "http-ranges": http_ranges,
    "ebt-duplicates": ebt_duplicates,
    "index-zero": index_zero,
    "index-lag": index_lag,
    "while-indexing": while_indexing,
    "views": views,
    "hops-50000": hops_50000,
    "siege": siege,
    "disk": disk,
}
