"""Files that Keras publishes: weights, and the names of ImageNet's classes."""

import os

_ORIGIN = "https://storage.googleapis.com/"


def fetch(name, origin, file_hash=None):
    """The path of a published file in Keras' cache. LAMINA_APPLICATIONS_ORIGIN names a mirror of the host."""
    from lamina.utils.downloads import get_file

    origin = os.environ.get("LAMINA_APPLICATIONS_ORIGIN", _ORIGIN) + origin.removeprefix(_ORIGIN)
    return get_file(name, origin, cache_subdir="models", file_hash=file_hash or None)
