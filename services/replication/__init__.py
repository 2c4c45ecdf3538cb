"""EBT and history sessions, and the verification of what they bring."""
