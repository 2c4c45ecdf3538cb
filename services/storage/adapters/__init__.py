"""What touches the world: the database, and the order in which it is written."""
