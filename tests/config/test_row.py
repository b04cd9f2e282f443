"""The same rows can make groups under several names."""

import pytest

from pyramid_sessiontoken.config.basic import BasicSettings
from pyramid_sessiontoken.config.bearer import BearerSettings
from pyramid_sessiontoken.config.row import fill, rows_of
from pyramid_sessiontoken.config.settings import BUILT_IN, TABLE, Settings


def defaults(rows, name):
    return {
        row.key: None if row.default is None else row.kind.read(row.default)
        for row in rows_of(rows, name).values()
    }


@pytest.mark.parametrize("field", BUILT_IN.values())
def test_every_key_of_an_authenticator_begins_with_its_group(field):
    (rows,) = [
        each.metadata["group"]
        for each in Settings.__dataclass_fields__.values()
        if each.name == field
    ]

    renamed = rows_of(rows, "another")

    assert [row.key for row in renamed.values()] == [
        f"another.{name}" for name in renamed
    ]
    assert [row.meaning for row in renamed.values()] == [
        row.meaning
        for key, row in TABLE.items()
        if key.startswith(f"{field}.") and key != "token.keys"
    ]


def test_faults_of_a_group_use_its_own_name():
    staff = fill(BasicSettings, "staff", defaults(BasicSettings, "staff"))
    google = fill(BearerSettings, "google", defaults(BearerSettings, "google"))

    assert list(staff.lacks()) == [
        (
            "sessiontoken.authenticators: 'staff' needs"
            " sessiontoken.staff.check or sessiontoken.staff.htpasswd"
        )
    ]
    needs = "sessiontoken.authenticators: 'google' needs sessiontoken.google"
    assert list(google.lacks()) == [
        f"{needs}.issuer",
        f"{needs}.audience",
        f"{needs}.algorithms",
        f"{needs}.key or sessiontoken.google.jwks",
    ]
