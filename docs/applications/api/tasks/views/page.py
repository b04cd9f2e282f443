import os

from pyramid.response import FileResponse
from pyramid.view import view_config

PAGE = os.path.join(os.path.dirname(__file__), "..", "static", "index.html")


@view_config(route_name="page", request_method="GET")
def page(request):
    """The single-page application. It asks for everything by itself."""
    return FileResponse(PAGE, request=request)
