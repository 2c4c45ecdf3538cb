"""One function for each method."""
