"""keras.dtype_policies."""

from collections.abc import MutableMapping

from lamina import _lamina
from lamina._core import ops
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.configurable import Configurable
from lamina._core.identifiers import deserializer
from lamina._core.public import public_module
from lamina._core.user_classes import own
from lamina._core.values.dtypes import standardize_dtype


class DTypePolicy(Configurable, _lamina.DTypePolicyCore):
    """Which dtype a layer computes in and which its variables have.

    Args:
        name: a dtype's name, "mixed_float16" or "mixed_bfloat16"; the global policy's by default.

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
            name = _lamina.global_dtype_policy().name
        if not isinstance(name, str):
            raise TypeError(
                f"'name' must be a string, such as 'mixed_float16'. Received: name={name} (of type {type(name)})"
            )
        _lamina.DTypePolicyCore.__init__(self, name)
        own(self)

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
        return self._repr()

    def __eq__(self, other):
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self):
        return hash(self.name)


FloatDTypePolicy = DTypePolicy  # the name that Keras had for it


class QuantizedDTypePolicy(DTypePolicy):
    """The dtypes of another policy, with quantized weights.

    Args:
        mode: how weights are kept: "int8", "int4", "float8", "gptq" or "awq".
        source_name: the other policy's name; the global policy's by default.

    Raises:
        ValueError: for other modes, and for int8 with float16.
    """

    _builtin = True

    def __init__(self, mode, source_name=None):
        if isinstance(mode, _lamina.ObjectBox):
            self._wrap_init(self, mode)
            return
        self._init_quantized({"mode": mode, "source_name": source_name})

    def _init_quantized(self, config):
        _lamina.DTypePolicyCore.__init__(self, type(self)._registered(), config)
        own(self)

    @classmethod
    def _registered(cls):
        return next(k.__name__ for k in cls.__mro__ if "_builtin" in k.__dict__)

    @property
    def _source_name(self):
        return _lamina.source_name_of(self)


class QuantizedFloat8DTypePolicy(QuantizedDTypePolicy):
    """The dtypes of another policy, for float8 training.

    Args:
        mode: "float8".
        source_name: the other policy's name; the global policy's by default.
        amax_history_length: steps whose greatest values are remembered.

    Raises:
        TypeError: if the length is no integer.
    """

    _builtin = True
    default_amax_history_length = 1024

    def __init__(self, mode, source_name=None, amax_history_length=1024):
        if isinstance(mode, _lamina.ObjectBox):
            self._wrap_init(self, mode)
            return
        if not isinstance(amax_history_length, int):
            raise TypeError(
                f"`amax_history_length` must be an integer. Received: amax_history_length={amax_history_length}"
            )
        self._init_quantized({"mode": mode, "source_name": source_name, "amax_history_length": amax_history_length})

    @property
    def amax_history_length(self):
        """Steps whose greatest values are remembered."""
        return _lamina.amax_history_length_of(self)


class _GroupedDTypePolicy(QuantizedDTypePolicy):
    _builtin = True

    @property
    def mode(self):
        """The mode without the numbers behind it."""
        return self.quantization_mode


class Int4DTypePolicy(_GroupedDTypePolicy):
    """The dtypes of another policy, with weights of 4 bits and a scale per group of them.

    Args:
        mode: "int4/<block_size>", where -1 is one scale per channel.
        source_name: the other policy's name; the global policy's by default.

    Raises:
        ValueError: for other modes.
    """

    _builtin = True

    @property
    def block_size(self):
        """Values that share a scale, or -1."""
        return _lamina.group_size_of(self)


class _CalibratedDTypePolicy(_GroupedDTypePolicy):
    _builtin = True

    @property
    def weight_bits(self):
        """Bits of a weight."""
        return _lamina.weight_bits_of(self)

    @property
    def group_size(self):
        """Values that share a scale, or -1."""
        return _lamina.group_size_of(self)


class GPTQDTypePolicy(_CalibratedDTypePolicy):
    """The dtypes of another policy, with weights that GPTQ quantized.

    Args:
        mode: "gptq/<weight_bits>/<group_size>", where -1 is one scale per channel.
        source_name: the other policy's name; the global policy's by default.

    Raises:
        ValueError: for other modes.
    """

    _builtin = True


class AWQDTypePolicy(_CalibratedDTypePolicy):
    """The dtypes of another policy, with weights that AWQ quantized.

    Args:
        mode: "awq/4/<group_size>", where -1 is one scale per channel.
        source_name: the other policy's name; the global policy's by default.

    Raises:
        ValueError: for other modes.
    """

    _builtin = True


class DTypePolicyMap(DTypePolicy):
    """Policies by layers' paths: a key is a path, or a regular expression that matches all of one.

    Args:
        default_policy: of layers that no key matches; the global policy by default.
        policy_map: a dict of further ones.

    Raises:
        ValueError: if the default is a map.
        TypeError: if policy_map is no dict.
    """

    _builtin = True

    def __init__(self, default_policy=None, policy_map=None):
        if isinstance(default_policy, _lamina.ObjectBox):
            self._wrap_init(self, default_policy)
            return
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(
                "If specified, `policy_map` must be a dict. "
                f"Received: policy_map={policy_map} of type {type(policy_map)}"
            )
        _lamina.DTypePolicyCore.__init__(
            self, "DTypePolicyMap", {"default_policy": default_policy, "policy_map": policy_map}
        )
        own(self)

    @property
    def default_policy(self):
        """The policy of layers that no key matches."""
        return _lamina.policy_map_default(self)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A map from get_config().

        Args:
            config: the policies as configs.
            custom_objects: {name: class or function} that the config may name.
        """
        default = config["default_policy"]
        return cls(
            deserialize_keras_object(default, custom_objects=custom_objects) if isinstance(default, dict) else default,
            deserialize_keras_object(config["policy_map"], custom_objects=custom_objects),
        )

    def __getitem__(self, key):
        return _lamina.policy_map_find(self, key)

    def __setitem__(self, key, policy):
        if key in self:
            raise ValueError(
                f"{key} already exist in the DTypePolicyMap with value {self[key]}. Please make sure to not use "
                "duplicated keys."
            )
        try:
            policy = get(policy)
        except Exception as e:
            raise ValueError(
                "Cannot interpret the assigned value by `keras.dtype_policies.get`. "
                f"Received: {policy} of type {type(policy)}"
            ) from e
        _lamina.policy_map_set(self, key, policy)

    def __delitem__(self, key):
        _lamina.policy_map_erase(self, key)

    def pop(self, key):
        """Takes an entry out.

        Args:
            key: as it was set.

        Returns:
            Its policy.

        Raises:
            KeyError: if there is none.
        """
        policy = _lamina.policy_map_entries(self)[key]
        del self[key]
        return policy

    def __contains__(self, key):
        return key in _lamina.policy_map_entries(self)

    def __len__(self):
        return len(_lamina.policy_map_entries(self))

    def __iter__(self):
        return iter(_lamina.policy_map_entries(self))


for _name in ("keys", "items", "values", "get", "popitem", "clear", "update", "setdefault"):
    setattr(DTypePolicyMap, _name, getattr(MutableMapping, _name))  # its metaclass is not that of C++ classes
MutableMapping.register(DTypePolicyMap)


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
    if isinstance(identifier, str):
        return _lamina.get_dtype_policy(identifier)
    try:
        return _lamina.get_dtype_policy(identifier if isinstance(identifier, dict) else standardize_dtype(identifier))
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
    defined=(
        "AWQDTypePolicy",
        "DTypePolicy",
        "DTypePolicyMap",
        "FloatDTypePolicy",
        "GPTQDTypePolicy",
        "Int4DTypePolicy",
        "QuantizedDTypePolicy",
        "QuantizedFloat8DTypePolicy",
        "deserialize",
        "dtype_policy",
        "get",
        "serialize",
        "set_dtype_policy",
    ),
)
