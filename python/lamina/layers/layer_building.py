"""How a layer makes its weights: build() in its forms, and the shapes that it is built with."""

import inspect

import numpy as np

from lamina._core.user_classes import user_part
from lamina._core.values.shapes import shape_tuple
from lamina.layers import users_build

_signatures = {}


def signature(f):
    key = getattr(f, "__func__", f)
    if key not in _signatures:
        _signatures[key] = inspect.signature(f)
    return _signatures[key]


class LayerBuilding:
    """build() and what goes with it. `self` is a LayerCore."""

    _builtin = True

    def build(self, *args, **kwargs):
        """Makes the weights. Subclasses override it; the first call of the layer calls it with its inputs' shapes.

        Args:
            *args: the shape of each argument of call(), with None for unknown sizes.
            **kwargs: the same by name: `query_shape` for the argument `query`.
        """
        if self.built:
            return
        shapes = self._shapes_dict(args, kwargs)
        if not users_build.under_way(self):
            self._build_from(shapes)
            return
        self._build(shapes)
        self.built = True

    def _hook_build(self, shapes):
        with users_build.building(self):
            self._call_build(shapes)

    def _call_build(self, shapes):
        own = self.__dict__.pop("_build_arguments", None) or {}  # what a build() called by hand got beside shapes
        parameters = [
            p
            for p in signature(self.build).parameters.values()
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in own
        ]
        shapes = {k: shape_tuple(v) for k, v in shapes.items()}
        if not parameters:
            return self.build(**own)
        required = [p for p in parameters if p.default is p.empty]
        if len(required) <= 1 and not any(p.name == f"{k}_shape" for p in parameters for k in list(shapes)[1:]):
            return self.build(next(iter(shapes.values()), None), **own)
        # Several parameters: each names an argument of call().
        known = {
            *signature(self.call).parameters,
            *self._input_arguments(),
        }  # of a call() written in Python, of a built-in one
        for p in parameters:
            if not p.name.endswith("_shape"):
                raise ValueError(
                    "For a `build()` method with more than one argument, all arguments should have a `_shape` "
                    "suffix and match an argument from `call()`. E.g. `build(self, foo_shape, "
                    f"bar_shape)`. For layer '{type(self).__name__}', Received `build()` argument `{p.name}`, which "
                    "does not end in `_shape`."
                )
            if p.name[: -len("_shape")] not in known:
                raise ValueError(
                    "For a `build()` method with more than one argument, all arguments should have a `_shape` "
                    "suffix and match an argument from `call()`. For layer "
                    f"'{type(self).__name__}', received `build()` argument `{p.name}`, but `call()` does not have "
                    f"argument `{p.name[:-6]}`."
                )
        self.build(
            **{f"{k}_shape": v for k, v in shapes.items() if any(p.name == f"{k}_shape" for p in parameters)}, **own
        )

    def _hook_compute_output_shape(self, shapes):
        parameters = signature(self.compute_output_shape).parameters
        shapes = {k: shape_tuple(v) for k, v in shapes.items()}
        if len(shapes) > 1 and any(f"{k}_shape" in parameters for k in list(shapes)[1:]):
            return self.compute_output_shape(
                **{f"{k}_shape": v for k, v in shapes.items() if f"{k}_shape" in parameters}
            )
        return self.compute_output_shape(next(iter(shapes.values()), None))

    # What a recurrence layer asks of a user's cell; None where its class does not say.
    def _hook_state_size(self):
        return getattr(self, "state_size", None)

    def _hook_output_size(self):
        return getattr(self, "output_size", None)

    def _hook_initial_state(self, batch_size):
        f = getattr(self, "get_initial_state", None)
        return None if f is None else f(batch_size=batch_size)

    def _build_at_init(self):
        """Marks a layer built whose weights were made in __init__."""
        if "build" not in (user_part(type(self)) or ("", "", "", ()))[3]:
            self.built = True
            self._locked = True

    def _shapes_dict(self, args, kwargs):
        names = self._input_arguments()
        out = {}
        for name, shape in zip(names, args):
            out[name] = shape
        for key, shape in kwargs.items():
            name = key[: -len("_shape")] if key.endswith("_shape") else key
            out[names[0] if name == "input" and names else name] = shape
        return {k: shape_tuple(v) if isinstance(v, np.ndarray) else v for k, v in out.items() if v is not None}

    def build_from_config(self, config):
        """Builds the layer as the one was that gave the config.

        Args:
            config: of get_build_config(): {"input_shape": ...} or {"shapes_dict": {argument: shape}}.
        """
        if config:
            if "input_shape" in config:
                self._build_through(config["input_shape"])
            elif "shapes_dict" in config:
                self._build_through(**config["shapes_dict"])

    def _build_through(self, *args, **kwargs):
        if not self.built and (kwargs or args[0] is not None):
            self._build_from(
                self._shapes_dict([shape_tuple(a) for a in args], {k: shape_tuple(v) for k, v in kwargs.items()})
            )

    def get_build_config(self):
        """The shapes that the layer was built with, for files.

        Returns:
            A dict for build_from_config(), or None if it is not built.
        """
        return self._build_config()

    def compute_output_shape(self, *args, **kwargs):
        """The shape of what call() would give.

        Args:
            *args: the shape of each argument of call(), with None for unknown sizes.
            **kwargs: the same by name, with "_shape" behind it.

        Returns:
            A tuple, or a structure of tuples.
        """
        return self._compute_output_shape(self._shapes_dict(args, kwargs))
