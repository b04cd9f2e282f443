"""Programs that tests start."""

import os
import shutil
from importlib.util import find_spec

import pytest

#: Servers stand in folders that are not on everybody's path.
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])


def lack(what):
    """Skip a test that lacks something; fail it where the variable ``CI`` is
    set.
    """
    if os.environ.get("CI"):
        pytest.fail(f"{what} is needed, and is not here")
    pytest.skip(f"{what} is not here")


def module(name):
    """Skip a test, or fail it, where a module that it runs cannot be
    imported.
    """
    if find_spec(name) is None:
        lack(f"{name}, which tox's environment types has,")


def program(*names):
    """Give the path of the first of these programs that is here."""
    for name in names:
        found = shutil.which(name, path=PATH)
        if found is not None:
            return found
    return lack(names[0])


def apache_with(modules):
    """Give the path of Apache, and the lines that load some modules."""
    found = program("apache2", "httpd")
    for folder in (
        "/usr/lib/apache2/modules",
        "/usr/lib64/httpd/modules",
        "/etc/httpd/modules",
    ):
        if os.path.isdir(folder):
            break
    else:
        lack("the modules of Apache")
    return found, "".join(
        f"LoadModule {name}_module {folder}/mod_{name}.so\n"
        for name in modules.split()
    )
