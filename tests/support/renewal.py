"""Whether a response renews the token that was shown."""


def is_renewed(client, path="/custom", **headers):
    """Use a token of half an hour; tell whether the response renews it."""
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    response = client.ask(token, path, **headers)
    return "Session-Token" in response.headers
