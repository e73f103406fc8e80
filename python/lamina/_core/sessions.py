"""Automatic names and numbers, and starting them afresh."""

import gc

from lamina import _lamina
from lamina._core.public import publish

_uids = {}


def get_uid(prefix=""):
    """A number that grows by one per call with a prefix.

    Args:
        prefix: any string.

    Returns:
        An int, from 1.
    """
    _uids[prefix] = _uids.get(prefix, 0) + 1
    return _uids[prefix]


def clear_session(free_memory=True):
    """Starts automatic names afresh.

    Args:
        free_memory: whether to collect what nothing refers to any more, such as models in cycles of references.
    """
    _lamina.reset_names()
    if free_memory:
        gc.collect()
    _uids.clear()


publish("lamina.backend", get_uid)
publish("lamina.utils", clear_session)
