"""What touches the world around api: the file of the invites."""
