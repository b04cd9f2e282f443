"""The cookie: protected, chunked, with attributes."""
