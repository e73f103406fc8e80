"""RemoteMonitor: sends the logs of each epoch to a server."""

import json
import urllib.error
import urllib.parse
import urllib.request
import warnings

import numpy as np

from lamina._core.public import publish
from lamina.callbacks.callback import Callback

_TIMEOUT = 10  # seconds; a server that does not answer must not hold up the training


class RemoteMonitor(Callback):
    """Sends the logs of each epoch to a server, by HTTP POST. A server that cannot be reached is a warning.

    Args:
        root: the server's URL.
        path: where on the server.
        field: the name under which a form has the JSON text; of no use with `send_as_json`.
        headers: a dict of further HTTP headers.
        send_as_json: whether the body is JSON ("application/json") instead of a form.
    """

    def __init__(
        self,
        root="http://localhost:9000",
        path="/publish/epoch/end/",
        field="data",
        headers=None,
        send_as_json=False,
    ):
        super().__init__()
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch, logs=None):
        """Sends the logs.

        Args:
            epoch: its number, from 0.
            logs: losses and metrics by name.
        """
        text = json.dumps({"epoch": epoch, **{k: _plain(v) for k, v in (logs or {}).items()}})
        if self.send_as_json:
            body, kind = text, "application/json"
        else:
            body, kind = urllib.parse.urlencode({self.field: text}), "application/x-www-form-urlencoded"
        request = urllib.request.Request(
            self.root + self.path, body.encode(), {"Content-Type": kind, **(self.headers or {})}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT):
                pass
        except OSError:  # refused, unknown, too slow, or an answer that is an error
            warnings.warn(f"Could not reach RemoteMonitor root server at {self.root}", stacklevel=2)


def _plain(value):
    return value.item() if isinstance(value, (np.ndarray, np.generic)) else value


publish("lamina.callbacks", RemoteMonitor)
