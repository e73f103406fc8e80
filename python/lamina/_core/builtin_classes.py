"""Python classes for C++ classes: made once, when first used, from the C++ description of their arguments."""

from lamina import _lamina
from lamina._core import homes
from lamina._core.hierarchy import KINDS, PARENTS
from lamina._core.operation import Operation
from lamina._core.signatures import ConstructorSignature, signature_of
from lamina._core.tensors.seeds import SeedGenerator

_classes = {}


def get_class(name, module):
    """The Python class of a registered C++ class, or None."""
    info = _lamina.class_info(name, module)
    if info is None:
        return None
    key = (info[1], info[0])
    if key not in _classes:
        home, base = homes.classes[info[1]]
        base = KINDS.get(info[1], {}).get(info[0], base)
        _classes[key] = homes.defined(home, info[0]) or _make_class(info, home, homes.attribute(home, base))
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
            raise TypeError(
                f"{name}.__init__() takes at most {len(names)} positional arguments ({', '.join(names)}), received "
                f"{len(args)}."
            )
        for key, value in zip(names, args):
            if key in kwargs:
                raise TypeError(f"{name}.__init__() got multiple values for argument '{key}'.")
            kwargs[key] = value
        base._builtin_init(self, name, module, kwargs)

    members = {
        "__init__": __init__,
        "__doc__": _lamina.class_docstring(name, module),
        "__module__": home,
        "_builtin": True,
        "_fields": tuple(f[0] for f in fields),
    }
    members.update(homes.members(home, name))
    members.setdefault("__signature__", ConstructorSignature(signature, members["__init__"]))
    parent = PARENTS.get(module, {}).get(name)
    bases = (get_class(parent, module),) if parent else (base,)
    return type(bases[0])(name, bases, members)


def wrap(box, name, module):
    """For C++: a Python object for a C++ object that has none yet."""
    cls = None
    if module.startswith(("keras.src.ops", "keras.src.activations")):  # an op in a graph: layers have such names too
        cls = Operation
    elif name == "SeedGenerator":
        cls = SeedGenerator
    else:
        for where in (module, "keras.models" if name in ("Functional", "Model", "Sequential") else module, ""):
            cls = cls or get_class(name, where)
        if cls is None and module in homes.classes:  # classes that Python itself defines: History
            home = homes.classes[module][0]
            cls = homes.defined(home, name) or homes.attribute(home, name)
    if cls is None:
        raise TypeError(f"There is no Python class for the C++ class {module}.{name}.")
    self = cls.__new__(cls)
    cls.__init__(self, box)
    return self


def find_class(registry, aliases=False):
    """find(name) -> the class of that name in a module of the C++ registry, or None.

    Args:
        registry: the module.
        aliases: whether classes are found by their further names too (`zeros` for Zeros).
    """

    def find(name):
        cls = None if name.startswith("_") else get_class(name, registry)
        return cls if cls is not None and (aliases or cls.__name__ == name) else None

    return find


def class_names(registry):
    """known() -> the names of the classes in a module of the C++ registry."""
    return lambda: _lamina.class_names(registry)
