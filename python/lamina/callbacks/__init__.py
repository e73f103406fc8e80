"""keras.callbacks."""

from lamina._core.builtin_classes import class_names, find_class
from lamina._core.public import public_module
from lamina.callbacks.members import MEMBERS

__getattr__, __dir__ = public_module(
    __name__,
    loaded={
        "Callback": "lamina.callbacks.callback",
        "CallbackList": "lamina.callbacks.callback_list",
        "History": "lamina.callbacks.history",
        "ProgbarLogger": "lamina.callbacks.progbar_logger",
        "RemoteMonitor": "lamina.callbacks.remote_monitor",
        "_restored": "lamina.callbacks.callback",
    },
    find=find_class("keras.callbacks"),
    known=class_names("keras.callbacks"),
    members=MEMBERS,
)
