"""The requests that the library answers itself."""
