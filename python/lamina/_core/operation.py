"""Operation: what can be a node of a functional model."""

from lamina import _lamina
from lamina._core.hierarchy import OperationType
from lamina._core.public import publish
from lamina._core.symbolic import compute_output_spec
from lamina._core.user_classes import own
from lamina._core.values.structures import flatten


class Operation(_lamina.OperationCore, metaclass=OperationType):
    """What can be a node of a functional model. Subclass it with call() and compute_output_spec().

    Args:
        name: made from the class by default.
    """

    _builtin = True
    _virtual = True

    def __init__(self, name=None):
        if isinstance(name, _lamina.ObjectBox):
            super().__init__(name)
            own(self, False)
            return
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
        """What runs in place of call() where the operation has a `quantization_mode`. Subclasses override it.

        Args:
            *args: as of call().
            **kwargs: as of call().

        Raises:
            NotImplementedError: of the base class.
        """
        raise NotImplementedError

    def compute_output_spec(self, *args, **kwargs):
        """What call() would give, without running it.

        Args:
            *args: KerasTensors, or structures of them.
            **kwargs: further arguments of call().

        Returns:
            KerasTensors of the outputs' shapes and dtypes.
        """
        return compute_output_spec(self.call, *args, **kwargs)

    def get_config(self):
        """The constructor's arguments.

        Returns:
            A dict of plain values.
        """
        return self._get_config()

    @classmethod
    def from_config(cls, config):
        """An operation from get_config().

        Args:
            config: a dict of the constructor's arguments.
        """
        return cls(**config)

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
