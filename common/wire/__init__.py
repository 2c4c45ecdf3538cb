"""Secret handshake, box stream, packets and muxrpc as state machines without I/O. Pure."""
