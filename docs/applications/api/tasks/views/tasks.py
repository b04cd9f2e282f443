from pyramid.httpexceptions import HTTPNoContent, HTTPNotFound
from pyramid.view import view_config, view_defaults
from sqlalchemy import select

from ..models import Task


@view_defaults(route_name="tasks", renderer="json", openapi=True)
class Tasks:
    """The tasks of the user."""

    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission="read")
    def read(self):
        owner = self.request.authenticated_userid
        wanted = select(Task).where(Task.owner == owner).order_by(Task.id)
        return [
            row.as_dict() for row in self.request.dbsession.scalars(wanted)
        ]

    @view_config(request_method="POST", permission="write")
    def add(self):
        task = Task(
            owner=self.request.authenticated_userid,
            title=self.request.openapi_validated.body["title"],
            done=False,
        )
        self.request.dbsession.add(task)
        self.request.dbsession.flush()
        self.request.response.status_int = 201
        return task.as_dict()


@view_defaults(route_name="task", renderer="json", openapi=True)
class OneTask:
    """One task of the user; that of another user is not found."""

    def __init__(self, request):
        self.request = request
        id_ = request.openapi_validated.parameters.path["id"]
        self.task = request.dbsession.get(Task, id_)
        owner = request.authenticated_userid
        if self.task is None or self.task.owner != owner:
            raise HTTPNotFound

    @view_config(request_method="PATCH", permission="write")
    def change(self):
        self.task.done = self.request.openapi_validated.body["done"]
        return self.task.as_dict()

    @view_config(request_method="DELETE", permission="write")
    def remove(self):
        self.request.dbsession.delete(self.task)
        return HTTPNoContent()
