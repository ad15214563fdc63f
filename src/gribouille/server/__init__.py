"""The server: the page, the model file, and guesses over HTTP and WebSocket.

`wire` is what crosses the network, `app` the routes, `live` the WebSocket, `drawings` those of a store, `page` the built
page, `published` what it takes from a model, `guard` headers and limits, `run` a listening process. Stateless: every request
carries its whole drawing, and no drawing is kept or logged.
"""

from gribouille.server.app import create_app
from gribouille.server.run import PortError, serve

__all__ = ["PortError", "create_app", "serve"]
