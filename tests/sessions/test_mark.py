"""The mark of a user is written and read."""

from hypothesis import given
from hypothesis import strategies as st
from support.tokens import NAMES

from pyramid_sessiontoken.sessions.mark import Mark, read_mark

SIDS = [letter * 22 for letter in "abc"]


@given(st.integers(-(2**40), 2**40), st.sampled_from(["", *SIDS]))
def test_a_mark_is_read_as_it_was_written(time, spared):
    mark = Mark(time, spared and NAMES.session_mark(spared), time - 1)
    assert read_mark(mark.write()) == mark


@given(st.binary(max_size=60))
def test_what_is_read_as_a_mark_could_have_been_written(token):
    mark = read_mark(token)
    assert mark is None or mark.write() == token
