"""The state of a request, as the policy begins it."""

from pyramid_sessiontoken.authenticators.state import STATE, RequestState


def begin_state(request):
    state = request.__dict__[STATE] = RequestState()
    return state
