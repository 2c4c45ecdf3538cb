"""What indexing answers beside its views, in groups: friends, the graph as it changes, upkeep."""
