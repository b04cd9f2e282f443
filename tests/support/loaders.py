"""Which packages load an INI: asked once, since none is installed meanwhile.

plaster reads the metadata of every installed package each time.
"""

from functools import cache

import plaster.loaders

_find = plaster.loaders.find_loaders


@cache
def _found(scheme, protocols):
    return _find(scheme, protocols)


def _find_once(scheme, protocols=None):
    return _found(scheme, None if protocols is None else tuple(protocols))


plaster.loaders.find_loaders = _find_once
