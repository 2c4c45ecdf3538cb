"""The actor runtime over ZeroMQ (docs/bus.md); the only importer of zmq.

A `Node` is one process on the bus. It offers `Method`s, whose handlers get a `Call`, and calls the
methods of others: a `Reply` for an async call, a `Stream` of `Batch`es for the other shapes.

    errors    whose fault           frames   messages as bytes      credit   bytes granted
    values    callers, batches      channel  one open direction     socket   ZeroMQ in the loop
    calling   a call we made        remote   a service we call
    serving   a call we got         session  who calls us           endpoint folders and locks
    keyring   key files for tcp     curve    who may come in        node     all of it together
    following what is done again whenever a service is up
"""

from common.bus.calling import Stream
from common.bus.errors import (
    BusError,
    CallerError,
    DeadlineExceeded,
    EndpointError,
    KeysError,
    OurError,
    PeerError,
    Unavailable,
)
from common.bus.following import again
from common.bus.node import Node
from common.bus.remote import Manifest, Timing
from common.bus.serving import Call, Method
from common.bus.values import Batch, Caller, Raw, Reply

__all__ = [
    "Batch",
    "BusError",
    "Call",
    "Caller",
    "CallerError",
    "DeadlineExceeded",
    "EndpointError",
    "KeysError",
    "Manifest",
    "Method",
    "Node",
    "OurError",
    "PeerError",
    "Raw",
    "Reply",
    "Stream",
    "Timing",
    "Unavailable",
    "again",
]
