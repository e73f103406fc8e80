"""keras.Function: a graph of ops and layers as a function."""

from lamina import _lamina
from lamina._core.operation import Operation
from lamina._core.public import publish
from lamina._core.symbolic import compute_output_spec
from lamina._core.values.structures import (
    assert_same_structure,
    flatten,
    map_shape_structure,
    map_structure,
    pack_sequence_as,
)


class Function(Operation):
    """What was computed from symbolic inputs to symbolic outputs, as a function of other inputs. Unlike a Model it has
    no training of its own, and it is no layer.

    Args:
        inputs: symbolic tensors, or a structure of them.
        outputs: symbolic tensors that follow from the inputs, or a structure of them.
        name: a name; None makes one.

    Raises:
        ValueError: if `inputs` or `outputs` is empty, or an output does not follow from the inputs.
    """

    def __init__(self, inputs, outputs, name=None):
        for which, given in (("inputs", inputs), ("outputs", outputs)):
            if not flatten(given):
                raise ValueError(f"`{which}` argument cannot be empty. Received:\ninputs={inputs}\noutputs={outputs}")
        super().__init__(name)
        self._inputs_struct, self._outputs_struct = inputs, outputs
        self._graph = _lamina.FunctionGraph(inputs, outputs)

    @property
    def inputs(self):
        """The flat list of the symbolic inputs."""
        return flatten(self._inputs_struct)

    @property
    def outputs(self):
        """The flat list of the symbolic outputs."""
        return flatten(self._outputs_struct)

    @property
    def input(self):
        """The structure of the symbolic inputs."""
        return self._inputs_struct

    @property
    def output(self):
        """The structure of the symbolic outputs."""
        return self._outputs_struct

    @property
    def operations(self):
        """The layers and ops of the graph, in the order in which they run."""
        return self._graph.operations()

    def call(self, inputs):
        """The outputs for other inputs. Calling the function itself records a call on symbolic ones.

        Args:
            inputs: tensors in the structure of `inputs`.

        Returns:
            Tensors in the structure of `outputs`.

        Raises:
            ValueError: for another structure or other shapes.
        """
        self._check(inputs)
        return self._graph.run(inputs)

    def compute_output_spec(self, inputs):
        """The shapes and dtypes of the outputs.

        Args:
            inputs: symbolic tensors in the structure of `inputs`.

        Returns:
            KerasTensors in the structure of `outputs`.
        """
        self._check(inputs)
        return compute_output_spec(self._graph.infer, inputs)

    def compute_output_shape(self, input_shape):
        """The shapes of the outputs.

        Args:
            input_shape: shapes in the structure of `inputs`.

        Returns:
            Shapes in the structure of `outputs`.
        """
        specs = map_shape_structure(_lamina.KerasTensor, input_shape)
        dtyped = [_lamina.KerasTensor(x.shape, given.dtype) for x, given in zip(flatten(specs), self.inputs)]
        return map_structure(lambda x: x.shape, self.compute_output_spec(pack_sequence_as(specs, dtyped)))

    def _check(self, inputs):
        try:
            assert_same_structure(inputs, self._inputs_struct)
        except ValueError:
            raise ValueError(
                f"{type(self).__name__} was called with an invalid input structure. Expected input structure: "
                f"{map_structure(lambda x: x.name, self._inputs_struct)}\nReceived input structure: {inputs}"
            ) from None
        for x, reference in zip(flatten(inputs), self.inputs):
            shape = tuple(getattr(x, "shape", ()))
            if len(shape) != len(reference.shape) or any(
                a is not None and b is not None and a != b for a, b in zip(shape, reference.shape)
            ):
                raise ValueError(
                    f"{type(self).__name__} was passed incompatible inputs. For input '{reference.name}', expected "
                    f"shape {tuple(reference.shape)}, but received instead a tensor with shape {shape}."
                )


publish("lamina", Function)
