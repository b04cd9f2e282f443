import os


def includeme(config):
    here = os.path.dirname(__file__)
    config.pyramid_openapi3_spec(
        os.path.join(here, "openapi.json"), route="/openapi.json"
    )
    config.add_static_view("static", "static", cache_max_age=3600)
    config.add_route("page", "/")
    config.add_route("sign_in", "/sign-in")
    config.add_route("tasks", "/tasks")
    config.add_route("task", r"/tasks/{id}")
    config.add_route("api_keys", "/api-keys")
    config.add_route("api_key", r"/api-keys/{id}")
