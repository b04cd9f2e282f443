"""Claims: JSON values by name, copied and made read-only."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn, SupportsIndex, TypeVar

from ..errors import ClaimsError

#: The token's own names, which no claim of a user may have. ``nbf``, ``cnf``
#: and ``act`` have a meaning for other readers of a token (RFC 7519, section
#: 4.1.5; RFC 7800; RFC 8693, section 4.1).
RESERVED = frozenset(
    "iss aud sub sub_type iat exp nbf jti sid auth_time session_end amr"
    " cnf act persistent stamp began".split()
)

MAX_DEPTH = 16

_SCALARS = frozenset((bool, type(None)))

# Python writes and reads at most 4,300 digits of an int.
_MAX_INT = 10**1000

Frozen = TypeVar("Frozen", bound="FrozenDict")

# Users have claims of the same names, so each name is kept once, and all are
# forgotten when they are too many. Not sys.intern: in some versions of Python
# it keeps a text for ever.
_NAMES: dict[str, str] = {}
_MOST_NAMES = 1000

_SURROGATE = re.compile("[\ud800-\udfff]")


def freeze_claims(claims: object) -> Claims:
    """Copy claims into a read-only mapping of JSON values. Claims that this
    gave before are given back as they are.

    :raises ClaimsError: for a reserved name, for a value that JSON does not
        have, or for one that is nested deeper than 16 levels.
    """
    if type(claims) is Claims:
        return claims
    if not isinstance(claims, (dict, Mapping)):
        raise ClaimsError(f"claims must be a mapping, not {_name(claims)}")
    if not claims:
        return NO_CLAIMS
    frozen = _freeze_items(claims, MAX_DEPTH, Claims)
    if not RESERVED.isdisjoint(frozen):
        taken = RESERVED.intersection(frozen)
        raise ClaimsError(
            f"the claim {min(taken)!r} is one of the token's own names"
        )
    return frozen


def _freeze_items(
    value: Mapping[Any, Any], depth: int, kind: type[Frozen]
) -> Frozen:
    _check_depth(value, depth)
    if len(_NAMES) >= _MOST_NAMES:
        _NAMES.clear()
    frozen = {}
    for name, item in value.items():
        if type(name) is not str:
            return _freeze_items(_plain_names(value), depth, kind)
        if not name.isascii():
            _check_text(name)
        if type(item) is not str or not item.isascii():
            item = _freeze(item, depth - 1)  # noqa: PLW2901
        frozen[_NAMES.setdefault(name, name)] = item
    return kind(frozen)


def _plain_names(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Give the plain text of each name, also of a subclass that compares
    itself otherwise.
    """
    for name in value:
        if not isinstance(name, str):
            raise ClaimsError(
                f"the name of a claim must be a text, not {name!r}"
            )
    return {str.__str__(name): item for name, item in value.items()}


def _freeze_list(value: Sequence[Any], depth: int) -> FrozenList:
    _check_depth(value, depth)
    return FrozenList(
        [
            item
            if type(item) is str and item.isascii()
            else _freeze(item, depth - 1)
            for item in value
        ]
    )


def _freeze(value: object, depth: int) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is int and -_MAX_INT < value < _MAX_INT:  # type: ignore[operator]
        return value
    if isinstance(value, (list, tuple)):
        return _freeze_list(value, depth)
    if isinstance(value, str):
        return _check_text(value)
    if isinstance(value, (dict, Mapping)):
        return _freeze_items(value, depth, FrozenDict)
    if kind is float and math.isfinite(value):  # type: ignore[arg-type]
        return value
    raise ClaimsError(f"a claim must be a JSON value, not {_name(value)}")


def _check_depth(inside: Collection[Any], depth: int) -> None:
    if depth <= 0 and inside:
        raise ClaimsError(
            f"claims must not be nested deeper than {MAX_DEPTH} levels"
        )


def _check_text(text: str) -> str:
    # A surrogate is half a character. UTF-8 cannot write it, so neither a
    # token nor a log can contain it.
    if not text.isascii() and _SURROGATE.search(text):
        raise ClaimsError(
            "a claim must not contain half a character (a surrogate)"
        )
    return text


def _name(value: object) -> str:
    return type(value).__name__


def _read_only(self: object, *args: object, **kw: object) -> NoReturn:
    raise TypeError("claims are read-only: make a new Identity")


class FrozenDict(dict[str, Any]):
    """A read-only ``dict``, which ``json`` can write."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _read_only
    update = setdefault = pop = popitem = clear = _read_only

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


class FrozenList(list[Any]):
    """A read-only ``list``, which ``json`` can write."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _read_only
    append = extend = insert = remove = pop = _read_only
    clear = sort = reverse = _read_only

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return FrozenList, (list(self),)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))


class Claims(FrozenDict):
    """All claims of a user. Only :func:`freeze_claims` makes one, so its
    names and values need no second look; those of a :class:`FrozenDict`
    inside it do.
    """

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return freeze_claims, (dict(self),)


NO_CLAIMS = Claims()
