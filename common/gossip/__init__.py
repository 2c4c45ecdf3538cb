"""Replication as pure state machines: epidemic broadcast trees. Pure."""
