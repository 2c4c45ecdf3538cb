"""Views of the log, each with a position of its own."""
