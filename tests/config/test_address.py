"""The address of the client behind proxies, as the INI names them."""

import pytest
from pyramid.exceptions import ConfigurationError
from support.settings import read

from pyramid_sessiontoken.config.address import AddressSettings


def faults_of(make, settings):
    with pytest.raises(ConfigurationError) as caught:
        make(settings)
    return str(caught.value)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_a_header_needs_proxies(make, header):
    faults = faults_of(make, {"address.header": header})

    assert "faults: 1" in faults
    assert (
        "sessiontoken.address.header: anybody can send a header; it needs"
        " sessiontoken.address.trusted_proxies"
    ) in faults
    make({"address.header": header, "address.trusted_proxies": "10.0.0.0/8"})


@pytest.mark.parametrize("header", ["X-Real-IP", "forwarded", ""])
def test_another_header_is_a_fault(make, header):
    faults = faults_of(make, {"address.header": header})

    assert "sessiontoken.address.header: " in faults
    assert "allowed: X-Forwarded-For | Forwarded" in faults


def test_every_address_is_no_proxy(make):
    assert "0.0.0.0/0 is every address" in faults_of(
        make, {"address.trusted_proxies": "0.0.0.0/0"}
    )


def test_proxies_without_a_header_are_advised_on():
    for settings, number in (
        ({"address.trusted_proxies": "10.0.0.1"}, 1),
        (
            {
                "address.trusted_proxies": "10.0.0.1",
                "address.header": "Forwarded",
            },
            0,
        ),
        ({}, 0),
    ):
        advice = [a for a in read(settings)[0].advice() if "address" in a]
        assert len(advice) == number


def test_nothing_set_is_the_peer():
    settings = AddressSettings("address", None, None)

    found = settings.make().find({"REMOTE_ADDR": "192.0.2.1"})
    assert str(found) == "192.0.2.1"
