"""What a cookie says, and how it travels."""
