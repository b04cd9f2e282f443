"""Keys: the ring, where it comes from, and what is derived from it."""
