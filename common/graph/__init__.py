"""Follows, blocks and hops. Pure."""
