"""What this service answers on the bus, one function a method, in files by what they serve."""
