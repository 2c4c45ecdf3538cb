"""Ids of feeds, messages and blobs, multiserver addresses, SSB URIs. Pure."""
