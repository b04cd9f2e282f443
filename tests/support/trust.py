"""Applications that trust another issuer, and the faults of their settings."""

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError

from support import KEY
from support.issuer import (
    AUDIENCE,
    ISSUER,
    pem,
    private_key,
)

PEM = pem(private_key("ES256"))
TRUST = {
    "keys": KEY,
    "authenticators": "session bearer",
    "bearer.issuer": ISSUER,
    "bearer.audience": AUDIENCE,
    "bearer.algorithms": "ES256",
    "bearer.key": PEM,
}

#: The same for ``make``, and the cookie counts, too.
WITH_COOKIE = {
    **TRUST,
    "authenticators": "session cookie bearer",
    "basic.check": None,
}


def start(given):
    every = {
        f"sessiontoken.{key}": value
        for key, value in {**TRUST, **given}.items()
        if value is not None
    }
    config = Configurator(settings=every)
    config.include("pyramid_sessiontoken")
    config.commit()


def faults(**given):
    with pytest.raises(ConfigurationError) as caught:
        start({key.replace("__", "."): v for key, v in given.items()})
    told = str(caught.value).partition("\n- sessiontoken.")[2]
    return told.partition("\n  in:")[0].strip().split("\n- sessiontoken.")


def fault(**given):
    [only] = faults(**given)
    return only
