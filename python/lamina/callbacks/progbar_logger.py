"""ProgbarLogger: the progress bar of fit(), evaluate() and predict()."""

import inspect

from lamina import _lamina
from lamina._core.public import publish
from lamina._core.user_classes import own
from lamina.callbacks.callback import Callback


class ProgbarLogger(Callback):
    """Prints a progress bar; fit(), evaluate() and predict() add one themselves unless verbose is 0."""

    _builtin = True
    __signature__ = inspect.Signature()

    def __init__(self, _box=None):
        if _box is not None:
            self._wrap_init(self, _box)
        else:
            _lamina.CallbackCore.__init__(self, _lamina.new_progbar_logger())
            own(self)


publish("lamina.callbacks", ProgbarLogger)
