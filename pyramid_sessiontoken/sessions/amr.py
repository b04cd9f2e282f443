"""How a user was authenticated, in the words of RFC 8176."""

from __future__ import annotations

from collections.abc import Iterable

#: The names of RFC 8176 for authenticators. An authenticator that has none
#: there goes by its own name.
AMR = {"basic": "pwd", "client_certificate": "hwk"}
_AUTHENTICATORS = {method: name for name, method in AMR.items()}


def amr_of(authenticators: str) -> tuple[str, ...]:
    """Name how the user was authenticated (RFC 8176).

    :param authenticators: their names, separated by blanks.
    """
    return tuple(AMR.get(name, name) for name in authenticators.split())


def authenticators_of(methods: Iterable[str]) -> str:
    """Turn :func:`amr_of` round: give the names that it takes."""
    return " ".join(_AUTHENTICATORS.get(each, each) for each in methods)
