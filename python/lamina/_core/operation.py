"""Operation: what can be a node of a functional model."""

from lamina import _lamina
from lamina._core.configs.constructor_arguments import config_of_arguments
from lamina._core.errors import check_layer_name, not_inferred
from lamina._core.hierarchy import OperationType
from lamina._core.public import publish
from lamina._core.symbolic import compute_output_spec
from lamina._core.user_classes import own
from lamina._core.values.structures import flatten


class Operation(_lamina.OperationCore, metaclass=OperationType):
    """What can be a node of a functional model. Subclass it with call() and compute_output_spec().

    Args:
        name: a string without "/"; made from the class by default.

    Raises:
        ValueError: for another name.
    """

    _builtin = True
    _virtual = True

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls, *args, **kwargs)
        object.__setattr__(self, "_init_arguments", (args, kwargs))
        return self

    def __init__(self, name=None):
        if isinstance(name, _lamina.ObjectBox):
            super().__init__(name)
            own(self, False)
            return
        check_layer_name(name)
        super().__init__(None, {"name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__))})
        own(self)

    def __call__(self, *args, **kwargs):
        if type(self) is Operation:
            return self._run_node(*args, **kwargs)
        if any(isinstance(x, _lamina.KerasTensor) for x in flatten((args, kwargs))):
            return self.symbolic_call(*args, **kwargs)
        if getattr(self, "quantization_mode", None) is not None:
            return self.quantized_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args, **kwargs):
        """Records a call on symbolic tensors.

        Args:
            *args: KerasTensors, or structures of them.
            **kwargs: further arguments of call().

        Returns:
            KerasTensors that remember the call.
        """
        return self._record(*args, self.compute_output_spec(*args, **kwargs), **kwargs)

    def call(self, *args, **kwargs):
        """What the operation computes. Subclasses override it.

        Args:
            *args: tensors, or structures of tensors.
            **kwargs: further arguments.

        Returns:
            A tensor or a structure of tensors.
        """
        if type(self) is Operation:  # an op of this library in a functional model
            return self._run_node(*args, **kwargs)
        raise NotImplementedError

    def quantized_call(self, *args, **kwargs):
        """What the operation computes instead of call() while its `quantization_mode` is not None. Subclasses that
        have such a mode override it.

        Args:
            *args: tensors, or structures of tensors.
            **kwargs: further arguments.

        Returns:
            What call() returns.

        Raises:
            NotImplementedError: where it is not overridden.
        """
        raise NotImplementedError

    def compute_output_spec(self, *args, **kwargs):
        """What call() would give, without running it.

        Args:
            *args: KerasTensors, or structures of them.
            **kwargs: further arguments of call().

        Returns:
            KerasTensors of the outputs' shapes and dtypes.

        Raises:
            Exception: what call() raises on symbolic tensors, with the advice to override this method.
        """
        try:
            return compute_output_spec(self.call, *args, **kwargs)
        except Exception as e:
            not_inferred(e, self)
            raise

    def get_config(self):
        """The constructor's arguments. A subclass that does not override it has all of its own arguments in it.

        Returns:
            A dict of plain values.

        Raises:
            NotImplementedError: if the constructor was given what a config cannot hold.
        """
        if type(self) is Operation or type(self).get_config is not Operation.get_config:
            return self._get_config()
        return config_of_arguments(self, *self._init_arguments)

    @classmethod
    def from_config(cls, config):
        """An operation from get_config().

        Args:
            config: a dict of the constructor's arguments.

        Raises:
            TypeError: if the constructor fails on them.
        """
        try:
            return cls(**config)
        except Exception as e:
            raise TypeError(
                f"Error when deserializing class '{cls.__name__}' using config={config}.\n\nException encountered: {e}"
            ) from e

    def _nodes(self):
        """The calls on symbolic tensors, with None for those whose outputs nothing holds any more."""

        def node(i):
            try:
                return self._node(i)
            except ValueError:
                return None

        return [node(i) for i in range(self._node_count())]

    @property
    def _inbound_nodes(self):
        return self._nodes()

    def __repr__(self):
        return f"<Operation name={self.name}>"

    @property
    def input(self):
        """The symbolic input of the first call, or a list of them."""
        return _node_tensors(self, inputs=True)

    @property
    def output(self):
        """The symbolic output of the first call, or a list of them."""
        return _node_tensors(self, inputs=False)


def _node_tensors(op, inputs):
    if op._node_count() == 0:
        raise AttributeError(
            f"The layer {op.name} has never been called and thus has no defined {'input' if inputs else 'output'}."
        )
    tensors = op._node_inputs(0) if inputs else op._node(0)[2]
    return tensors[0] if len(tensors) == 1 else tensors


publish("lamina", Operation)
