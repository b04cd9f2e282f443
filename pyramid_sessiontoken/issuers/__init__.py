"""Other issuers, whose tokens are believed."""
