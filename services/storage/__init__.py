"""The log and the heads of all feeds; the only writer."""
