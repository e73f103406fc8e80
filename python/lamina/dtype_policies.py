"""keras.dtype_policies."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.configs.serialized import serialize_keras_object
from lamina._core.configurable import Configurable
from lamina._core.identifiers import deserializer
from lamina._core.public import public_module
from lamina._core.user_classes import own


class DTypePolicy(Configurable, _lamina.DTypePolicyCore):
    """Which dtype a layer computes in and which its variables have.

    Args:
        name: a dtype's name, "mixed_float16" or "mixed_bfloat16"; floatx by default.

    Raises:
        TypeError: if it is no string.
        ValueError: for other names.
    """

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
        """An argument of a layer's call(), in the layer's compute dtype.

        Args:
            x: a tensor or an array; anything else stays as it is.
            autocast: whether floating-point values are cast.
            dtype: the dtype to cast to.

        Returns:
            A tensor, or x.
        """
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


FloatDTypePolicy = DTypePolicy  # the name that Keras had for it


def dtype_policy():
    """The policy of layers that are given none."""
    return _lamina.global_dtype_policy()


def set_dtype_policy(policy):
    """Sets the policy of layers that are given none.

    Args:
        policy: a DTypePolicy or a name.
    """
    _lamina.set_global_dtype_policy(policy)


def get(identifier):
    """The policy that is meant.

    Args:
        identifier: a name, a config or a DTypePolicy; None gives the policy of layers that are given none.

    Raises:
        ValueError: for anything else.
    """
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


def serialize(dtype_policy):
    """The config of a policy.

    Args:
        dtype_policy: the object.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(dtype_policy)


deserialize = deserializer(__name__, "a policy")
__getattr__, __dir__ = public_module(
    __name__,
    defined=("DTypePolicy", "FloatDTypePolicy", "deserialize", "dtype_policy", "get", "serialize", "set_dtype_policy"),
)
