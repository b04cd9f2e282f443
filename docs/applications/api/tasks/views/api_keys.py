from pyramid.httpexceptions import HTTPNoContent, HTTPNotFound
from pyramid.view import view_config
from sqlalchemy import select

from ..models import ApiKey
from ..models.api_key import digest_of, new_text


@view_config(
    route_name="api_keys",
    request_method="GET",
    permission="keys",
    renderer="json",
    openapi=True,
)
def api_keys(request):
    """List the user's keys. The table has digests, and not their texts."""
    owner = request.authenticated_userid
    wanted = select(ApiKey).where(ApiKey.owner == owner).order_by(ApiKey.id)
    return [row.as_dict() for row in request.dbsession.scalars(wanted)]


@view_config(
    route_name="api_keys",
    request_method="POST",
    permission="keys",
    renderer="json",
    openapi=True,
)
def make_api_key(request):
    """Make a key, and show its text once."""
    body, text = request.openapi_validated.body, new_text()
    row = ApiKey(
        digest=digest_of(text),
        name=body["name"],
        owner=request.authenticated_userid,
        scope=body["scope"],
    )
    request.dbsession.add(row)
    request.dbsession.flush()
    request.response.status_int = 201
    request.response.cache_control = "no-store"
    return {**row.as_dict(), "key": text}


@view_config(
    route_name="api_key",
    request_method="DELETE",
    permission="keys",
    openapi=True,
)
def remove_api_key(request):
    id_ = request.openapi_validated.parameters.path["id"]
    row = request.dbsession.get(ApiKey, id_)
    if row is None or row.owner != request.authenticated_userid:
        raise HTTPNotFound
    request.dbsession.delete(row)
    return HTTPNoContent()
