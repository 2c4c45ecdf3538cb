"""What is decided about blobs without looking at the world."""
