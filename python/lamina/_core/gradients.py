"""Gradients by hand: GradientTape, grad, value_and_grad."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import publish
from lamina._core.values.structures import flatten, map_structure, pack_sequence_as


class GradientTape:
    """Records ops run inside, for gradient(). Tapes nest: the gradient of a gradient works.

    Args:
        persistent: as in TensorFlow; gradient() may be called often in any case.
        watch_accessed_variables: as in TensorFlow; all variables are watched.
    """

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self._persistent = persistent

    def __enter__(self):
        self._scope = _lamina.new_tape()
        return self

    def __exit__(self, *exc):
        del self._scope

    def watch(self, tensor):
        """Every op is recorded; nothing needs watching.

        Args:
            tensor: a tensor.
        """

    def gradient(self, target, sources, output_gradients=None):
        """Derivatives of what was computed inside.

        Args:
            target: a tensor or a structure of tensors.
            sources: variables or tensors that it may depend on, in any structure.
            output_gradients: what `target` is multiplied with before it is summed, 1 by default.

        Returns:
            d sum(target * output_gradients) / d source for each source, in their structure; None where independent.

        Raises:
            TypeError: for sources that are neither variables nor tensors of this library.
        """
        flat = flatten(sources)
        for source in flat:
            if not isinstance(source, (_lamina.TensorBase, _lamina.VariableCore)):
                raise TypeError(
                    "The sources of a gradient are keras.Variables and tensors of this library, which the tape "
                    f"records. Received: {source!r:.200} (of type {type(source)}). Make it one before it is used: "
                    "keras.Variable(x) or keras.ops.convert_to_tensor(x)."
                )
        grads = _lamina.gradients(
            flatten(target), flat, None if output_gradients is None else flatten(output_gradients)
        )
        return pack_sequence_as(sources, grads)


def value_and_grad(f, variables=None, has_aux=False):
    """A function that gives its value and its gradients.

    Args:
        f: gives a scalar tensor.
        variables: what to differentiate by; f's first argument by default.
        has_aux: whether f gives (scalar, anything else).

    Returns:
        g(*args) -> (f(*args), gradients).
    """

    def g(*args, **kwargs):
        with GradientTape() as tape:
            if variables is None:
                args = (
                    map_structure(
                        lambda x: x if isinstance(x, _lamina.TensorBase) else ops.convert_to_tensor(x), args[0]
                    ),
                ) + args[1:]
            out = f(*args, **kwargs)
            grads = tape.gradient(out[0] if has_aux else out, args[0] if variables is None else list(variables))
        return out, grads

    return g


def grad(f, variables=None):
    """A function's gradients.

    Args:
        f: gives a scalar tensor.
        variables: what to differentiate by; f's first argument by default.

    Returns:
        g(*args) -> gradients.
    """
    both = value_and_grad(f, variables)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


publish("lamina", GradientTape, grad, value_and_grad)
