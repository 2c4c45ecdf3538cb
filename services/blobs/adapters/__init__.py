"""What touches the world: files, the database, the peers."""
