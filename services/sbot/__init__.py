"""The command: starts the suite under supervisor, and calls a running one."""
