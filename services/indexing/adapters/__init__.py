"""What touches the world around indexing: the log, read over the bus."""
