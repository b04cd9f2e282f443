"""A ticket as the text that travels, and back."""
