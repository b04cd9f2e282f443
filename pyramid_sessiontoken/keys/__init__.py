"""The keys of the application."""
