"""Pipeline: its layers, and itself from a config."""

from lamina._core.configs.registration import custom_object_scope


def _from_config(cls, config, custom_objects=None):
    """A pipeline from get_config().

    Args:
        config: {"layers": configs of the layers, "name": ...}.
        custom_objects: {name: class or function} that the config may name.

    Raises:
        ValueError: where there is no list of layers.
    """
    layers = config.get("layers")
    if not isinstance(layers, (list, tuple)):
        raise ValueError(f"The config of a Pipeline must have a list `layers`. Received: layers={layers}")
    with custom_object_scope(custom_objects or {}):
        return cls(**config)


MEMBERS = {
    "Pipeline": {
        "layers": property(lambda self: list(self._sublayers()), doc="The layers, in the order of calls."),
        "from_config": classmethod(_from_config),
    },
}
