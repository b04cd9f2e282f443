"""Tokens of another issuer: their keys, their checks, what is taken over."""
