"""A small wiki, of the shape of the wiki in Pyramid's own tutorial."""

from pyramid.config import Configurator


def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        config.include("pyramid_mako")
        config.include("pyramid_tm")
        config.include(".security")
        config.include(".models")
        config.include(".routes")
        config.scan(".views")
        return config.make_wsgi_app()
