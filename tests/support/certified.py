"""An application behind a proxy that asks for client certificates."""

import ssl
from contextlib import contextmanager
from ipaddress import ip_address

import httpx
from cryptography import x509
from pyramid.config import Configurator
from webtest.http import StopableWSGIServer

from support import KEY, Root, includeme
from support.certificates import SERVER_AUTH

#: The proxy connects from this address. A test that goes around it does not.
PROXY = "127.0.0.2"
LOCALHOST = "127.0.0.1"

SETTINGS = {
    "keys": KEY,
    "authenticators": "session client_certificate remote_user",
    "client_certificate.trusted_proxies": PROXY,
    "client_certificate.subject": "CN=alice\nCN=bob",
    "client_certificate.bind": "true",
    "remote_user.header": "X-User",
    "remote_user.trusted_proxies": PROXY,
}


@contextmanager
def serve(settings, **adjustments):
    """Give the port of an application under waitress."""
    config = Configurator(
        settings={f"sessiontoken.{k}": v for k, v in settings.items()},
        root_factory=Root,
    )
    config.include("pyramid_sessiontoken")
    config.include(includeme)
    server = StopableWSGIServer.create(
        config.make_wsgi_app(), host=LOCALHOST, port=0, **adjustments
    )
    try:
        yield server.effective_port
    finally:
        server.shutdown()
        server.runner.join()


TRUST = {
    "trusted_proxy": PROXY,
    "trusted_proxy_headers": {"x-forwarded-proto"},
    "clear_untrusted_proxy_headers": True,
}


class Site:
    """A site, and clients of it with a certificate each."""

    def __init__(self, folder, authority, port, upstream):
        self.folder = folder
        self.authority = authority
        self.port = port
        self.upstream = upstream
        self.clients = []

    def client(self, made=None, address=LOCALHOST):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.authority.made.pem)
        if made is not None:
            file = self.folder / "client.pem"
            file.write_text(made.pem + made.key_pem)
            context.load_cert_chain(file)
        client = httpx.Client(
            base_url=f"https://{LOCALHOST}:{self.port}",
            transport=httpx.HTTPTransport(
                verify=context, local_address=address
            ),
            trust_env=False,
            timeout=20,
        )
        self.clients.append(client)
        return client


def who(client, token=None, path="/identity", **headers):
    if token is not None:
        headers["Authorization"] = f"Session {token}"
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def swap(client):
    answer = client.post("/token")
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def write_pairs(folder, authority):
    """Write the certificates that the proxy needs."""
    host = authority.make(
        "server",
        usages=(SERVER_AUTH,),
        names=[x509.IPAddress(ip_address(LOCALHOST))],
    )
    for name, text in (
        ("ca.pem", authority.made.pem),
        ("server.pem", host.pem),
        ("server.key", host.key_pem),
        ("both.pem", host.pem + host.key_pem),
    ):
        (folder / name).write_text(text)
