"""The rights that the docs give to users of Redis."""

import re

from support.architecture import TOP


def acl_of(name):
    """Give a command of the page on repositories."""
    page = (TOP / "docs" / "howto" / "repository.rst").read_text("utf-8")
    block = re.search(rf":name: acl-{name}\n\n +(ACL .*)\n", page)
    return block[1].split()
