"""What touches the world: sockets, the bus, a file."""
