"""What touches the world: the bus."""
