"""The cookie: what it says, how that is protected, how it is set."""
