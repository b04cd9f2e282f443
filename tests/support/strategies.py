"""What hypothesis draws for userids and claims."""

from hypothesis import strategies as st

from pyramid_sessiontoken.identity.claims import RESERVED

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
USERIDS = (
    st.text(
        st.characters(exclude_categories=("Cc", "Cs")),
        min_size=1,
        max_size=255,
    ).filter(lambda t: not t.startswith(("system.", "role:", "group:")))
    | st.integers(1 - 10**254, 10**254 - 1)
    | st.uuids()
).filter(lambda userid: not str(userid).startswith("scope:"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)
CLAIMS = st.dictionaries(
    TEXTS.filter(lambda name: name not in RESERVED), VALUES, max_size=4
)
