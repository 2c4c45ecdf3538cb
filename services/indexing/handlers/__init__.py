"""What indexing answers, in groups: messages of the views, friends, the graph as it changes."""
