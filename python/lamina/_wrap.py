"""Python classes for C++ classes: made once, when first used, from the C++ description of their arguments."""
import importlib

from lamina import _lamina
from lamina._errors import no_attribute
from lamina._hierarchy import PARENTS
from lamina._signatures import signature_of

# Where the classes of each registry module live in Python, and their Python base.
_HOMES = {
    "keras.layers": ("lamina.layers", "lamina._layer", "Layer"),
    "keras.src.applications.convnext": ("lamina.layers", "lamina._layer", "Layer"),
    "keras.src.applications.inception_resnet_v2": ("lamina.layers", "lamina._layer", "Layer"),
    "keras.models": ("lamina.models", "lamina.models", "Model"),
    "keras.initializers": ("lamina.initializers", "lamina.initializers", "Initializer"),
    "keras.regularizers": ("lamina.regularizers", "lamina.regularizers", "Regularizer"),
    "keras.constraints": ("lamina.constraints", "lamina.constraints", "Constraint"),
    "keras.losses": ("lamina.losses", "lamina.losses", "Loss"),
    "keras.metrics": ("lamina.metrics", "lamina.metrics", "Metric"),
    "keras.optimizers.schedules": ("lamina.optimizers.schedules", "lamina.optimizers.schedules", "LearningRateSchedule"),
    "keras.optimizers": ("lamina.optimizers", "lamina.optimizers", "Optimizer"),
    "keras.callbacks": ("lamina.callbacks", "lamina.callbacks", "Callback"),
    "keras.random": ("lamina.random", "lamina._seed", "SeedGenerator"),
    "keras.dtype_policies": ("lamina.dtype_policies", "lamina.dtype_policies", "DTypePolicy"),
}
_classes = {}

# Methods that a user's class may override and C++ asks for.
HOOKS = (
    "call", "build", "get_config", "compute_mask", "get_build_config", "build_from_config", "get_compile_config", "compile_from_config", "compute_loss",
    "compute_metrics", "train_step", "test_step", "predict_step", "reset_metrics", "update_state", "result", "reset_state", "update_step", "__call__",
    "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end", "on_test_begin", "on_test_end",
    "on_test_batch_begin", "on_test_batch_end", "on_predict_begin", "on_predict_end", "on_predict_batch_begin", "on_predict_batch_end", "on_batch_begin",
    "on_batch_end", "get_monitor_value", "in_cooldown", "set_model", "set_params", "save_own_variables", "load_own_variables", "save_assets", "load_assets", "compute_output_shape", "compute_output_spec",
    "_compute_attention", "_calculate_scores",
)


def user_part(cls):
    """None for a built-in class, else (name, module, registered name, overridden methods) for C++."""
    if "_builtin" in cls.__dict__:
        return None
    cached = cls.__dict__.get("_lamina_user_part")
    if cached is None:
        from lamina._registration import GLOBAL_CUSTOM_NAMES, get_registered_name

        overridden = {"saveables", "get_config"} if issubclass(cls, _lamina.LayerCore) else {"saveables"}  # Layer.get_config adds a class's own arguments
        for name in HOOKS:
            for klass in cls.__mro__:
                if name in klass.__dict__:
                    if "_builtin" not in klass.__dict__ and klass is not object and not klass.__module__.startswith(("lamina._lamina", "pybind11")):
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


def get_class(name, module):
    """The Python class of a registered C++ class, or None."""
    info = _lamina.class_info(name, module)
    if info is None:
        return None
    key = (info[1], info[0])
    if key not in _classes:
        home, base_module, base_name = _HOMES[info[1]]
        existing = importlib.import_module(home).__dict__.get(info[0])
        _classes[key] = existing if isinstance(existing, type) else _make_class(info, home, getattr(importlib.import_module(base_module), base_name))
    return _classes[key]


def _make_class(info, home, base):
    name, module, _doc, fields, _ = info
    signature = signature_of(name, base.__name__, [field[:3] for field in fields])
    names = [p.name for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]

    def __init__(self, *args, **kwargs):
        if len(args) == 1 and isinstance(args[0], _lamina.ObjectBox):
            base._wrap_init(self, args[0])
            return
        if len(args) > len(names):
            raise TypeError(f"{name}.__init__() takes at most {len(names)} positional arguments ({', '.join(names)}), received {len(args)}.")
        for key, value in zip(names, args):
            if key in kwargs:
                raise TypeError(f"{name}.__init__() got multiple values for argument '{key}'.")
            kwargs[key] = value
        base._builtin_init(self, name, module, kwargs)

    members = {"__init__": __init__, "__signature__": signature, "__doc__": _lamina.class_docstring(name, module), "__module__": home, "_builtin": True, "_fields": tuple(f[0] for f in fields)}
    members.update(getattr(importlib.import_module(home), "_MEMBERS", {}).get(name, {}))
    parent = PARENTS.get(module, {}).get(name)
    bases = (get_class(parent, module),) if parent else (base,)
    return type(bases[0])(name, bases, members)


def wrap(box, name, module):
    """For C++: a Python object for a C++ object that has none yet."""
    if module.startswith(("keras.src.ops", "keras.src.activations")):  # an op in a graph: layers have such names too
        from lamina._operation import Operation as cls

        self = cls.__new__(cls)
        cls.__init__(self, box)
        return self
    cls = None
    for where in (module, "keras.models" if name in ("Functional", "Model", "Sequential") else module, ""):
        cls = get_class(name, where)
        if cls is not None:
            break
    if name == "SeedGenerator":
        from lamina._seed import SeedGenerator as cls
    if cls is None and module in _HOMES:  # classes that Python itself defines: History
        cls = getattr(importlib.import_module(_HOMES[module][0]), name, None)
    if cls is None:
        raise TypeError(f"There is no Python class for the C++ class {module}.{name}.")
    self = cls.__new__(cls)
    cls.__init__(self, box)
    return self


def module_getattr(module, registry, extra=None, aliases=False):
    """A module's __getattr__: classes of a registry module by name, made on demand.

    Args:
        module: the Python module.
        registry: its name in the C++ registry.
        extra: name -> what else the module has, or None; asked first.
        aliases: whether classes are found by their further names too (`zeros` for Zeros).
    """

    def __getattr__(name):
        found = None if extra is None else extra(name)
        if found is None and not name.startswith("_"):
            cls = get_class(name, registry)
            found = cls if cls is not None and (aliases or cls.__name__ == name) else None
        if found is None:
            raise no_attribute(module, name, lambda: _lamina.class_names(registry))
        setattr(importlib.import_module(module), name, found)
        return found

    return __getattr__


def module_dir(module, registry):
    def __dir__():
        return sorted(set(importlib.import_module(module).__dict__) | set(_lamina.class_names(registry)))

    return __dir__
