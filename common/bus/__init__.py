"""The actor runtime over ZeroMQ (docs/bus.md); the only importer of zmq."""
