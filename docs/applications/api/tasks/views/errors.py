from pyramid.view import notfound_view_config


@notfound_view_config(renderer="json")
def not_found(error, request):
    """Answer as the library does: a word for programs, and a sentence."""
    request.response.status_int = 404
    return {
        "error": "not_found",
        "error_description": "There is no such thing",
    }
