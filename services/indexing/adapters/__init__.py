"""What touches the world around indexing: the files of the views, and the log, read over the bus."""
