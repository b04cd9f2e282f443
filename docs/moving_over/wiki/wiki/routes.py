"""The paths of the wiki, and who may do what there."""

from pyramid.authorization import Allow, Everyone
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther

from .models import Page


def includeme(config):
    config.add_route("home", "/")
    config.add_route("login", "/login")
    config.add_route("logout", "/logout")
    config.add_route("add", "/add/{name}", factory=NewPage)
    config.add_route("edit", "/{name}/edit", factory=OldPage)
    config.add_route("view", "/{name}", factory=OldPage)


class NewPage:
    def __init__(self, request):
        self.name = request.matchdict["name"]
        if request.db.get(Page, self.name) is not None:
            raise HTTPSeeOther(request.route_path("edit", name=self.name))

    def __acl__(self):
        return [
            (Allow, "role:editor", "create"),
            (Allow, "role:basic", "create"),
        ]


class OldPage:
    def __init__(self, request):
        self.page = request.db.get(Page, request.matchdict["name"])
        if self.page is None:
            raise HTTPNotFound

    def __acl__(self):
        return [
            (Allow, Everyone, "view"),
            (Allow, "role:editor", "edit"),
            (Allow, f"u:{self.page.creator_id}", "edit"),
        ]
