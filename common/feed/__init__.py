"""Canonical JSON, the classic message format, its validation and creation, private boxes, records. Pure."""
