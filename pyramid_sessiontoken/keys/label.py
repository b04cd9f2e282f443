"""What says for which purpose something is derived."""

from __future__ import annotations

#: The first label of every derivation. The other labels name the purpose.
LABEL = "pyramid_sessiontoken/1"


def labelled(*texts: str) -> bytes:
    """Join texts, each before its length in bytes, so that no two lists of
    texts are written alike.
    """
    return b"".join(
        text.encode() + len(text.encode()).to_bytes(2, "big") for text in texts
    )
