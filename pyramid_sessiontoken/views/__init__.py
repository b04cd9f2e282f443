"""The token endpoint, and the answer to a refusal."""
