from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config
from sqlalchemy import select

from ..models import Notice


@view_config(
    route_name="home",
    request_method="GET",
    permission="view",
    renderer="noticeboard:templates/home.jinja2",
)
def home(request):
    latest_first = select(Notice).order_by(Notice.posted.desc())
    return {"notices": request.dbsession.scalars(latest_first).all()}


@view_config(route_name="home", request_method="POST", permission="post")
def post_notice(request):
    text = request.POST.get("text", "").strip()
    if text:
        request.dbsession.add(Notice(text=text, author=request.identity))
    return HTTPSeeOther(request.route_path("home"))
