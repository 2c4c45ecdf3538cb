"""Keys, signatures and boxes; the only importer of nacl. Pure: randomness is an argument."""
