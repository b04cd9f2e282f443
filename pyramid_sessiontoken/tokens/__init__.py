"""A ticket to a text, and back."""
