"""Errors as sentences: what a command could not do, and why."""

from __future__ import annotations

import configparser
import json
from collections.abc import Iterator

from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPException

from ..errors import SessionTokenError

#: What is told in a sentence. Anything else is a mistake in some code, and
#: its traceback says where.
EXPECTED = (
    ConfigurationError,
    SessionTokenError,
    ValueError,
    LookupError,
    OSError,
    ImportError,
    HTTPException,
    configparser.Error,
)


def sentence(error: BaseException) -> str:
    """Write an error for the person at the terminal."""
    return "\n".join(_parts(error))


def sentences(error: BaseException) -> list[str]:
    """Write an error as a list of faults."""
    text = sentence(error)
    lines = text.splitlines()
    faults = [line[2:] for line in lines if line.startswith("- ")]
    return faults or [text]


def _parts(error: BaseException) -> Iterator[str]:
    # Pyramid wraps what an action raises, and adds the place in its own code.
    error = getattr(error, "evalue", error)
    if isinstance(error, configparser.InterpolationError):
        # Its own sentence has the value, which may be secret.
        yield (
            f"[{error.section}] {error.option}: the value has a variable that"
            " cannot be filled in: give it with --set NAME=VALUE, or write %%"
            " for %"
        )
    elif isinstance(error, configparser.Error):
        yield f"the INI cannot be read: {error.message}"
    elif isinstance(error, ImportError):
        yield (
            f"the application cannot be imported ({error}): install what is"
            " missing, or set PYTHONPATH=. where its code lies in this"
            " directory"
        )
    elif isinstance(error, json.JSONDecodeError):
        yield f"not JSON: {error}"
    elif isinstance(error, OSError) and error.filename is not None:
        yield f"{error.filename}: {error.strerror}"
    elif isinstance(error, KeyError):
        yield f"{error.args[0] if error.args else 'a key'} is missing"
    else:
        yield str(error) or type(error).__name__
