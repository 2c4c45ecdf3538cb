"""The shared kernel of the suite: protocols, the log's formats, the bus and the store.

Knows no service; everything in `services` is built from it.
"""
