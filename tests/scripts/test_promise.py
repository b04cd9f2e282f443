"""What can be ended early, and how soon every process knows."""

import pytest

SQLITE = {"repository": "sqlalchemy", "repository__url": "sqlite://"}

PUSH = {
    "repository": "redis",
    "repository__url": "redis://localhost",
    "repository__invalidation": "push",
}


@pytest.mark.parametrize(
    ("settings", "promise"),
    [
        ({}, "nothing; a token ends"),
        (SQLITE, "every session; at once in the process"),
        (SQLITE, "within 5 s in every other"),
        (
            {**PUSH, "repository__cache_ttl": "1h"},
            "round trip to Redis in every other, or within 5 s while Redis",
        ),
        (
            {**PUSH, "repository__cache_ttl": "2s"},
            "or within 2 s while Redis cannot tell it.",
        ),
        (
            {**PUSH, "repository__cache_ttl": "0"},
            "at its next request in every other.",
        ),
        (
            {**SQLITE, "repository__grace": "60s"},
            (
                "in every other. While the repository cannot be asked, a"
                " self-contained token whose session ended in another process"
                " may be accepted for up to 60 s."
            ),
        ),
        (
            {**SQLITE, "repository__grace": "5s"},
            "within 5 s in every other.\n",
        ),
        (
            {**SQLITE, "repository__grace": "60s", "revocation": "off"},
            "within 5 s in every other.\n",
        ),
        ({"repository": "memory"}, "at once, in this process only.\n"),
        (
            {**SQLITE, "repository__cache_ttl": "0"},
            "at its next request in every other",
        ),
        (
            {**SQLITE, "revocation__strict": "unsafe"},
            "5 s, and at the next request that changes something, in every",
        ),
        (
            {**SQLITE, "revocation": "off"},
            "sessions by reference, no self-contained ones",
        ),
    ],
)
def test_check_prints_which_sessions_can_be_revoked_and_how_fast(
    run, ini, settings, promise
):
    assert f"{promise}" in run("check", ini(**settings))[1]


def test_it_tells_how_long_a_key_is_needed_for_access_tokens(run, ini):
    status, out, _ = run(
        "check",
        ini(
            authenticators="session access_token",
            repository="memory",
            access_token__lifetime="200d",
        ),
    )
    assert status == 0
    assert "Access tokens: they live 200d at most; a key" in out
    assert "Access tokens:" not in run("check", ini())[1]
