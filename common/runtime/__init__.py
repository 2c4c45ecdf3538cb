"""What every process needs around its work: settings, logging, signals, clock."""
