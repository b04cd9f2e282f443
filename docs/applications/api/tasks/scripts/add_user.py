"""Add a user, or give a user another password."""

import argparse
import getpass

from pyramid.paster import bootstrap, setup_logging

from ..models import User


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config_uri", help="development.ini, for example")
    parser.add_argument("name")
    arguments = parser.parse_args(argv)
    password = getpass.getpass()
    setup_logging(arguments.config_uri)
    with bootstrap(arguments.config_uri) as env, env["request"].tm:
        dbsession = env["request"].dbsession
        user = dbsession.get(User, arguments.name) or User(name=arguments.name)
        user.set_password(password)
        dbsession.add(user)
