"""Give a user a role: the first administrator cannot get it from a page."""

import argparse
import sys

from pyramid.paster import bootstrap, setup_logging
from sqlalchemy import select

from ..models import ROLES, User


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config_uri", help="development.ini, for example")
    parser.add_argument("name", help="the name of a user who has signed up")
    parser.add_argument("role", choices=ROLES)
    arguments = parser.parse_args(argv)
    setup_logging(arguments.config_uri)
    with bootstrap(arguments.config_uri) as env, env["request"].tm:
        wanted = select(User).where(User.name == arguments.name)
        user = env["request"].dbsession.scalar(wanted)
        if user is None:
            sys.exit(f"no user is called {arguments.name!r}")
        user.roles = user.roles | {arguments.role}
