"""What indexing knows: messages, the shelf of views in a store, the fold, the follow graph. Awaits nothing."""
