"""Whether code in configs (Python lambdas) may run: said by each load, for its own thread and as long as it lasts."""

import threading

from lamina._core.public import publish


class _Unsaid(int):
    """The default `safe_mode` of a call that may be part of another: True, unless the call around it was told False."""

    def __repr__(self):
        return "True"


UNSAID = _Unsaid(1)
_thread = threading.local()
_unsafe_deserialization = False


class SafeModeScope:
    """Inside it, and in its thread alone, configs are read in this mode. Safe wins: a scope opens it only where no
    scope around it was told True."""

    def __init__(self, safe_mode):
        self._asked = safe_mode

    def __enter__(self):
        modes = _modes()
        around = modes[-1] if modes else None
        if self._asked is None or self._asked is UNSAID:
            mode = around is not False
        else:
            mode = bool(self._asked) or around is True
        modes.append(mode)
        return self

    def __exit__(self, *exc):
        _modes().pop()


def _modes():
    if not hasattr(_thread, "modes"):
        _thread.modes = []
    return _thread.modes


def in_safe_mode():
    """Whether code in configs is refused here: unless a load was told otherwise, or unsafe deserialization is
    enabled."""
    modes = _modes()
    return not (modes and modes[-1] is False) and not _unsafe_deserialization


def enable_unsafe_deserialization():
    """Lets files run code (lambdas) in this process. Only for files you made."""
    global _unsafe_deserialization
    _unsafe_deserialization = True


def unsafe_deserialization_enabled():
    """Whether files may run code (lambdas) in this process."""
    return _unsafe_deserialization


publish("lamina.config", enable_unsafe_deserialization, unsafe_deserialization_enabled)
