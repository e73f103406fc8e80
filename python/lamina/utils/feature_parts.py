"""What a FeatureSpace is made of: features, crosses, and two small layers."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.operation import Operation
from lamina._core.saveable import Saveable
from lamina._core.values.plain import plain
from lamina.layers.layer import Layer

_HOME = "keras.src.layers.preprocessing.feature_space"  # where files look for the classes that have no public name


def named_in_files(cls, module=_HOME, registered=True):
    """Files name the class as Keras' do."""
    hooks = {"saveables", "get_config"} | ({"call"} & set(vars(cls)))
    cls._lamina_user_part = (cls.__name__, module, cls.__name__ if registered else "", hooks)
    return cls


class _Part(Saveable, Operation):
    """What a FeatureSpace is made of: a place in its files, with a config."""

    _kind = Operation

    def __reduce__(self):
        return type(self), tuple(self.get_config().values())

    @classmethod
    def from_config(cls, config):
        """One from get_config().

        Args:
            config: a dict of the constructor's arguments.
        """
        return cls(**config)


@named_in_files
class Cross(_Part):
    """Features that are encoded together, by a hash of their values.

    Args:
        feature_names: the features.
        crossing_dim: how many bins there are.
        output_mode: "one_hot" for a vector, "int" for the bin.

    Raises:
        ValueError: for another mode.
    """

    def __init__(self, feature_names, crossing_dim, output_mode="one_hot"):
        check_mode(output_mode, ("int", "one_hot"))
        super().__init__(name="_X_".join(feature_names))
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = output_mode

    def get_config(self):
        """The constructor's arguments."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }


@named_in_files
class Feature(_Part):
    """A feature: the dtype of its values, the layer that they go through, and what is made of its output.

    Args:
        dtype: a dtype's name.
        preprocessor: a layer, or its config.
        output_mode: "float" or "int" for the layer's output as it is, "one_hot" for a vector.

    Raises:
        ValueError: for another mode.
    """

    def __init__(self, dtype, preprocessor, output_mode):
        check_mode(output_mode, ("int", "one_hot", "float"))
        super().__init__()
        self.dtype = dtype
        self.preprocessor = revived(preprocessor)
        self.output_mode = output_mode

    def get_config(self):
        """The constructor's arguments."""
        return {
            "dtype": self.dtype,
            "preprocessor": _lamina.serialize_object(self.preprocessor),
            "output_mode": self.output_mode,
        }


def check_mode(mode, modes):
    if mode not in modes:
        raise ValueError(
            f"Invalid value for argument `output_mode`. Expected one of {modes}. Received: output_mode={mode}"
        )


def revived(value):
    return _lamina.get_object(plain(value), "") if isinstance(value, dict) else value


@named_in_files
class TFDIdentity(Layer):
    """Gives what it is given."""

    def call(self, x):
        """The same.

        Args:
            x: a tensor.
        """
        return x


@named_in_files
class TFDConcat(Layer):
    """Tensors one after the other along an axis.

    Args:
        axis: the axis.
        **kwargs: arguments of every layer.
    """

    def __init__(self, axis, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, xs):
        """All in one.

        Args:
            xs: a list of tensors.
        """
        return ops.concatenate([ops.cast(x, "float32") for x in xs], axis=self.axis)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
