"""lamina.function: compiles Python functions on the graph engine."""

import weakref

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import publish
from lamina._core.values.structures import flatten, map_structure, pack_sequence_as

_TENSOR = object()
_MOST_STRUCTURES = 64


class OfEachInstance:
    """What wraps a function and, as a method of a class, is another one for each instance, as long as that lives."""

    def __init__(self, f):
        self.f = f
        self.__name__ = getattr(f, "__name__", "function")
        self._methods = weakref.WeakKeyDictionary()

    def __get__(self, instance, owner=None):
        """The method of an object."""
        if instance is None:
            return self
        method = self._methods.get(instance)
        if method is None:
            f, alive = self.f, weakref.ref(instance)  # not the instance itself, which leads back here
            method = self._methods[instance] = type(self)(lambda *args, **kwargs: f(alive(), *args, **kwargs))
            method.__name__ = self.__name__
        return method


class function(OfEachInstance):
    """f compiled: on the graph engine traced once per signature of its tensors; on the eager engine f itself.

    Arguments that are no tensors belong to the signature. Under a GradientTape that is open where it is called, and in
    a StatelessScope, f runs op by op, so that gradients flow through it; to have gradients compiled, put the tape
    inside f. At most 64 signatures are kept, those used last.

    Args:
        f: takes and returns structures of tensors (and other values, which are returned as they were when f was
            traced).
    """

    def __init__(self, f):
        super().__init__(f)
        self._compiled = {}

    def __call__(self, *args, **kwargs):
        structure = (args, kwargs)
        leaves = [
            ops.convert_to_tensor(x)
            if hasattr(x, "__array__") and not isinstance(x, (_lamina.TensorBase, _lamina.VariableCore))
            else x
            for x in flatten(structure)
        ]
        tensors = [x for x in leaves if isinstance(x, _lamina.TensorBase)]
        key = repr(
            map_structure(
                lambda x: "*" if isinstance(x, (_lamina.TensorBase,)) or hasattr(x, "__array__") else repr(x), structure
            )
        )
        entry = self._compiled.pop(key, None)
        if entry is None:
            entry = self._compile(structure, leaves)
            while len(self._compiled) >= _MOST_STRUCTURES:
                self._compiled.pop(next(iter(self._compiled)))  # the one that was not used for the longest time
        self._compiled[key] = entry
        compiled, returned = entry
        results = iter(compiled(tensors))
        return map_structure(lambda x: next(results) if isinstance(x, _lamina.TensorBase) else x, returned[0])

    def _compile(self, structure, leaves):
        """(compiled f for arguments of this structure, [what f returned when it ran last])."""
        # What C++ holds must not lead back to it, or neither would ever be freed: neither `self` nor the entry, and no
        # batch.
        f, plan, returned = self.f, [_TENSOR if isinstance(x, _lamina.TensorBase) else x for x in leaves], [None]
        structure = map_structure(lambda x: None, structure)

        def run(tensors):
            given = iter(tensors)
            a, k = pack_sequence_as(structure, [next(given) if x is _TENSOR else x for x in plan])
            out = f(*a, **k)
            flat = [x for x in flatten(out) if isinstance(x, _lamina.TensorBase)]
            returned[0] = map_structure(
                lambda x: _lamina.KerasTensor(x.shape, x.dtype) if isinstance(x, _lamina.TensorBase) else x, out
            )
            return flat

        return _lamina.CompiledFunction(run, self.__name__), returned

    def dump(self):
        """The compiled graphs as text."""
        return "".join(compiled.dump() for compiled, _ in self._compiled.values())


publish("lamina", function)
