from pyramid_sessiontoken.repositories.outages import tell


def test_the_first_line_of_a_message_is_given():
    assert tell(OSError(), "it is down\nDETAIL: hunter2") == (
        "OSError: it is down"
    )


def test_without_a_message_the_class_is_given():
    assert tell(OSError(), " \n ") == "OSError"


def test_a_secret_is_left_out():
    assert tell(OSError(), "no hunter2", ["", "hunter2"]) == "OSError"
    assert (
        tell(OSError(), "no hunter", ["", "hunter2"]) == "OSError: no hunter"
    )


def test_a_message_becomes_one_plain_line():
    told = tell(OSError(), "a\x1b[31m\u202eb" + 400 * "c")
    assert told.startswith("OSError: a?[31m?bc")
    assert len(told) == len("OSError: ") + 300
