"""Documents that somebody has open: caches of a store."""
