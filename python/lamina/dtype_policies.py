"""keras.dtype_policies."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.configurable import Configurable
from lamina._core.identifiers import deserializer, serializer
from lamina._core.public import public_module
from lamina._core.user_classes import own


class DTypePolicy(Configurable, _lamina.DTypePolicyCore):
    """Which dtype a layer computes in and which its variables have: a dtype's name, "mixed_float16" or
    "mixed_bfloat16"."""

    _builtin = True
    _core = _lamina.DTypePolicyCore

    def __init__(self, name=None):
        if isinstance(name, _lamina.ObjectBox):
            self._wrap_init(self, name)
            return
        if name is None:
            name = _lamina.floatx()
        if not isinstance(name, str):
            raise TypeError(
                f"'name' must be a string, such as 'mixed_float16'. Received: name={name} (of type {type(name)})"
            )
        _lamina.DTypePolicyCore.__init__(self, name)
        own(self)

    quantization_mode = None

    def convert_input(self, x, autocast, dtype):
        dtype = str(dtype)
        if isinstance(x, (_lamina.Tensor, _lamina.KerasTensor)):
            if autocast and "float" in x.dtype and x.dtype != dtype:
                return ops.cast(x, dtype)
            return x
        if hasattr(x, "__array__"):
            x = ops.convert_to_tensor(x)
            return ops.cast(x, dtype) if autocast and "float" in x.dtype else x
        return x

    def __repr__(self):
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other):
        return type(other) is type(self) and other.name == self.name

    def __hash__(self):
        return hash(self.name)


def dtype_policy():
    """The policy of layers that are given none."""
    return _lamina.global_dtype_policy()


def set_dtype_policy(policy):
    _lamina.set_global_dtype_policy(policy)


def get(identifier):
    if isinstance(identifier, DTypePolicy):
        return identifier
    if identifier is None:
        return dtype_policy()
    try:
        return _lamina.get_dtype_policy(identifier)
    except (TypeError, ValueError) as e:
        raise ValueError(
            "Cannot interpret `dtype` argument. Expected a string or an instance of DTypePolicy. Received: "
            f"dtype={identifier}"
        ) from e


serialize = serializer(__name__, "a policy")
deserialize = deserializer(__name__, "a policy")
__getattr__, __dir__ = public_module(
    __name__, defined=("DTypePolicy", "deserialize", "dtype_policy", "get", "serialize", "set_dtype_policy")
)
