"""An ordered key-value port with RocksDB and in-memory adapters; the only importer of rocksdict."""
