"""A module of an application, with parts that dotted names name."""

OWN = """
    from pyramid_sessiontoken.identity import Identity
    from pyramid_sessiontoken.errors import InvalidCredential
    from pyramid.response import Response

    class Header:
        scheme = None
        ambient = False

        def __init__(self, options, registry):
            self.vary = (options.get("header", "X-User"),)

        def authenticate(self, request):
            user = request.headers.get(self.vary[0])
            return None if user is None else Identity(user)

        def challenge(self, request):
            return None

    def make_header(options, registry):
        return Header(options, registry)

    header = Header({}, None)

    class Transformer:
        def __init__(self, options, registry):
            self.role = options["role"]

        def transform(self, identity, request):
            return Identity(identity.userid, {"roles": [self.role]})

    class Broken:
        def __init__(self, options, registry):
            raise LookupError("cannot be made")

    class Nothing:
        def __init__(self, options, registry):
            pass

    class Backwards:
        def encode(self, content):
            assert b"alice" in content
            return content[::-1]

        def decode(self, protected):
            if protected == b"junk":
                raise InvalidCredential("junk")
            return protected[::-1]

    backwards = Backwards()

    def load(identity, request):
        return identity

    def principals(identity, request):
        return ["role:admin"] if identity else []

    def authorize(request, context, permission, principals):
        return permission == "administer" and "bob" in principals

    NUMBER = 7
"""
