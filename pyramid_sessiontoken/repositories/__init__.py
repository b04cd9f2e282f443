"""Where tickets are kept that references point to: key, bytes, expiry."""
