"""Where stored sessions and revocations are kept."""
