"""Plain HTTP on the port of the WebSockets.

Knows one request and how to answer it. Must never know WebSockets. The doorway hands it each link whose request
is no upgrade; the reference serves blobs and messages here, we nothing yet.
"""

from websockets.http11 import Request

from services.network.adapters.link import Link
from services.network.websocket import http_response

__all__ = ["serve"]


def serve(link: Link, request: Request | None) -> None:
    """Answer one request and close: every path is unknown."""
    is_head = request is not None and request.method == "HEAD"
    link.write(http_response(404, "Not Found", b"Not Found\n", head_only=is_head))
    link.close("answered over http")
