from pyramid_sessiontoken.repositories.outages import tell


def test_the_first_line_is_told():
    assert tell(OSError(), "it is down\nDETAIL: hunter2") == (
        "OSError: it is down"
    )


def test_without_a_text_the_kind_is_told():
    assert tell(OSError(), " \n ") == "OSError"


def test_a_secret_is_not_told():
    assert tell(OSError(), "no hunter2", ["", "hunter2"]) == "OSError"
    assert (
        tell(OSError(), "no hunter", ["", "hunter2"]) == "OSError: no hunter"
    )


def test_what_is_told_is_one_plain_line():
    told = tell(OSError(), "a\x1b[31m\u202eb" + 400 * "c")
    assert told.startswith("OSError: a?[31m?bc")
    assert len(told) == len("OSError: ") + 300
