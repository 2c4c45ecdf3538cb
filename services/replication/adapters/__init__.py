"""What touches the world around replication: the bus, threads, clocks."""
