"""What the log may tell of a repository that could not be asked."""

from __future__ import annotations

from collections.abc import Iterable

#: Characters of a sentence at most.
LONGEST = 300


def tell(error: BaseException, text: str, secrets: Iterable[str] = ()) -> str:
    """Give the kind of an error and its first line, which is a server's or a
    driver's own sentence; the kind alone where that holds a secret.
    """
    kind = type(error).__name__
    (line, *_) = text.strip().splitlines() or [""]
    if not line or any(secret and secret in line for secret in secrets):
        return kind
    plain = "".join(c if c.isprintable() else "?" for c in line[:LONGEST])
    return f"{kind}: {plain}"
