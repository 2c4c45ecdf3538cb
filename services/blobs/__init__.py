"""Files by hash: kept, given out, wanted and fetched."""
