"""What C++ learns of a user's class: its names, which methods it overrides, what arguments they take."""

import inspect

from lamina import _lamina
from lamina._core.configs.registration import GLOBAL_CUSTOM_NAMES, get_registered_name

# Methods that a user's class may override and C++ asks for.
HOOKS = (
    "call",
    "build",
    "get_config",
    "compute_mask",
    "get_build_config",
    "build_from_config",
    "get_compile_config",
    "compile_from_config",
    "compute_loss",
    "compute_metrics",
    "train_step",
    "test_step",
    "predict_step",
    "reset_metrics",
    "update_state",
    "result",
    "reset_state",
    "update_step",
    "__call__",
    "on_train_begin",
    "on_train_end",
    "on_epoch_begin",
    "on_epoch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_begin",
    "on_test_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_begin",
    "on_predict_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
    "on_batch_begin",
    "on_batch_end",
    "get_monitor_value",
    "in_cooldown",
    "set_model",
    "set_params",
    "save_own_variables",
    "load_own_variables",
    "save_assets",
    "load_assets",
    "compute_output_shape",
    "compute_output_spec",
    "_compute_attention",
    "_calculate_scores",
    "inner_loop",
    "compile",
)


def user_part(cls):
    """None for a built-in class, else (name, module, registered name, overridden methods) for C++."""
    if "_builtin" in cls.__dict__:
        return None
    cached = cls.__dict__.get("_lamina_user_part")
    if cached is None:
        overridden = (
            {"saveables", "get_config"} if issubclass(cls, _lamina.OperationCore) else {"saveables"}
        )  # get_config() of operations and layers adds a class's own arguments
        for name in HOOKS:
            for klass in cls.__mro__:
                if name in klass.__dict__:
                    if (
                        "_builtin" not in klass.__dict__
                        and klass is not object
                        and not klass.__module__.startswith(("lamina._lamina", "pybind11"))
                    ):
                        overridden.add(name)
                    break
        module = None if cls.__module__ == "__main__" else cls.__module__
        cached = (cls.__name__, module, get_registered_name(cls), overridden)
        if cls in GLOBAL_CUSTOM_NAMES:  # registration comes after the class body: keep it only then
            cls._lamina_user_part = cached
    return cached


def own(self, owned_by_python=True):
    """Ties a fresh wrapper to its C++ object."""
    user = user_part(type(self))
    _lamina.attach(self, user, owned_by_python)
    if user is not None and "build" in user[3] and self.built:
        self.built = False  # a stateless built-in layer is built from the start; its subclass has a build() to run


# Methods that an attribute of one object may replace. Python looks special methods up in the class; build() is wrapped.
_REPLACEABLE = frozenset(HOOKS) - {"__call__", "build", "compile"}


def note_replaced_method(self, name, value):
    """Tells C++ of an attribute that takes the place of a method, as in `callback.on_epoch_end = f`."""
    if name in _REPLACEABLE and callable(value):
        _lamina.override_method(self, name)


def argument_names(f):
    """For C++: names of f's arguments; "**" among them if it takes any keyword."""
    names = []
    for p in inspect.signature(f).parameters.values():
        if p.kind is p.VAR_KEYWORD:
            names.append("**")
        elif p.kind is p.VAR_POSITIONAL:
            names.append("*" + p.name)
        else:
            names.append(p.name)
    return names
