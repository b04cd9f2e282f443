"""What the operations share is whole."""

import json
import re

from support.openapi import EVERY, description

from pyramid_sessiontoken.scripts.openapi_operations import OPERATIONS
from pyramid_sessiontoken.scripts.openapi_parts import (
    RESPONSES,
    SCHEMAS,
    errors,
    json_of,
)


def test_every_answer_is_one_that_is_kept():
    codes = (400, 401, 403, 413, 415, 429, 503)
    told = errors(*codes)

    assert list(told) == [str(code) for code in codes]
    names = [ref["$ref"].rpartition("/")[2] for ref in told.values()]
    assert sorted(names) == sorted(RESPONSES)
    for response in RESPONSES.values():
        assert response["content"] == json_of("Error")


def test_every_schema_and_every_answer_is_used(make):
    told = json.dumps(description(make(EVERY)))

    used = set(re.findall(r"#/components/(\w+/\w+)", told))
    assert used == {
        *(f"schemas/{name}" for name in SCHEMAS),
        *(f"responses/{name}" for name in RESPONSES),
    }
    assert len(OPERATIONS) > 5
