"""Build methods of users' classes: called by hand they leave what a built layer has (a path, shapes for files, a lock),
as when C++ calls them."""

import contextlib
import functools
import inspect


def _defining_class(cls):
    return next((k for k in cls.__mro__ if "build" in k.__dict__), None)


def guard(cls):
    """Makes the build() that this user's class has or inherits, if it is a user's, go through C++."""
    home = _defining_class(cls)
    if home is None or "_builtin" in home.__dict__:
        return
    build = home.__dict__["build"]
    if inspect.isfunction(build) and not hasattr(build, "_guarded"):
        cls.build = _guarded(build)


def _first_argument(layer):
    first = next(iter(inspect.signature(layer.call).parameters.values()), None)
    if first is not None and first.kind is not first.VAR_POSITIONAL:
        return first.name
    return next(iter(layer._input_arguments()), "inputs")  # of a built-in call()


def _arguments(layer, build, args, kwargs):
    """What build() was given: the shapes, by the arguments of call() that they are of; and the rest, which is the
    user's own."""
    given = list(inspect.signature(build).bind(layer, *args, **kwargs).arguments.items())[1:]
    shapes = [
        (name, value)
        for i, (name, value) in enumerate(given)
        if value is not None and (i == 0 or name.endswith("_shape"))
    ]
    own = {name: value for i, (name, value) in enumerate(given) if i > 0 and not name.endswith("_shape")}
    if len(shapes) == 1:
        return {_first_argument(layer): shapes[0][1]}, own
    return {name.removesuffix("_shape"): shape for name, shape in shapes}, own


def _guarded(build):
    @functools.wraps(build)
    def run(self, *args, **kwargs):
        if under_way(self) or self.built:
            return build(self, *args, **kwargs)
        shapes, own = _arguments(self, build, args, kwargs)
        object.__setattr__(self, "_build_arguments", own)
        try:
            self._build_from(shapes)
        finally:
            self.__dict__.pop("_build_arguments", None)

    run._guarded = True
    return run


def under_way(layer):
    return layer.__dict__.get("_in_build", False)


@contextlib.contextmanager
def building(layer):
    """While C++ has a layer build itself: its build() methods run as they are written."""
    before = under_way(layer)
    object.__setattr__(layer, "_in_build", True)
    try:
        yield
    finally:
        object.__setattr__(layer, "_in_build", before)
