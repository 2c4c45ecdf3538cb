"""Sockets, handshakes, frames and the permission of every call."""
