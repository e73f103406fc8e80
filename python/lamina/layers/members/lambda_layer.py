"""Lambda: a config that holds code."""

from lamina import _lamina
from lamina._core.configs.safe_mode import SafeModeScope, in_safe_mode
from lamina._core.configs.serialized import deserialize_keras_object


def _lambda_from_config(cls, config, custom_objects=None, safe_mode=None):
    """A Lambda from its config.

    Args:
        config: a dict of the constructor's arguments, functions as configs.
        custom_objects: {name: function} that the config may name.
        safe_mode: False lets code in the config (a Python lambda) run.

    Raises:
        ValueError: for code in safe mode.
    """
    config = dict(config)
    for key in ("function", "mask", "output_shape"):
        value = config.get(key)
        if not isinstance(value, dict) or "class_name" not in value:
            continue
        with SafeModeScope(safe_mode):
            if value["class_name"] == "__lambda__" and in_safe_mode():
                raise ValueError(
                    "Requested the deserialization of a Lambda layer that carries Python code. This carries a "
                    "potential risk of arbitrary code execution and thus it is disallowed "
                    "by default. If you trust the source of the config, pass `safe_mode=False`, or call "
                    "`keras.config.enable_unsafe_deserialization()`."
                )
            config[key] = deserialize_keras_object(value, custom_objects=custom_objects)
    if isinstance(config.get("output_shape"), list):
        config["output_shape"] = tuple(config["output_shape"])
    return cls(**config)


def _function(self):
    f = _lamina.lambda_function(self)
    return _lamina.find_op(f) if isinstance(f, str) else f


MEMBERS = {
    "Lambda": {
        "from_config": classmethod(_lambda_from_config),
        "function": property(
            _function, lambda self, f: self._set_argument("function", f), doc="The function that the layer calls."
        ),
    }
}
