"""An authenticator of an application's own."""


class Own:
    """An authenticator that does what it is told.

    :ivar asked: how often it was asked.
    """

    scheme = None
    vary = ("X-Own",)
    ambient = False

    def __init__(self, does):
        self.does = does
        self.asked = 0

    def authenticate(self, request):
        self.asked += 1
        if isinstance(self.does, Exception):
            raise self.does
        return self.does(request) if callable(self.does) else self.does

    def challenge(self, request):
        return None
