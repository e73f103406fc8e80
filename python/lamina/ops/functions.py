"""Ops on functions: custom_gradient and jvp."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.gradients import GradientTape
from lamina._core.public import publish
from lamina._core.values.structures import flatten, map_structure, pack_sequence_as


def _tensors(structure):
    return map_structure(lambda x: x if isinstance(x, _lamina.TensorBase) else ops.convert_to_tensor(x), structure)


def custom_gradient(f):
    """A function whose gradient is the one that it gives.

    Args:
        f: f(*args) -> (output, grad). `grad` is called with the gradient of each tensor of `output` and gives those of
            the arguments: one, or a tuple of as many as `args` has tensors; None where there is none.

    Returns:
        g(*args) -> output. Works in layers, training steps and compiled functions, to any order.

    Raises:
        TypeError: if `f` gives no such pair, or g is called with the symbolic tensors of a functional model.
        ValueError: if `grad` gives another number of gradients, or other shapes.
    """

    def g(*args, **kwargs):
        args = _tensors(args)
        sources = flatten(args)
        pair = f(*args, **kwargs)
        if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and callable(pair[1])):
            raise TypeError(
                f"A function with a custom gradient must return (output, grad_function). Received: {pair!r} of type "
                f"{type(pair).__name__}"
            )
        output, grad = pair
        output = _tensors(output)

        def rule(gradients):
            given = grad(*gradients)
            return list(given) if isinstance(given, (tuple, list)) else [given]

        return pack_sequence_as(output, _lamina.custom_gradient(sources, flatten(output), rule))

    g.__name__ = getattr(f, "__name__", "g")
    g.__doc__ = getattr(f, "__doc__", None)
    return g


def jvp(fun, primals, tangents, has_aux=False):
    """A function's value, and the product of its Jacobian with a vector.

    Args:
        fun: takes and gives floating tensors, or structures of them.
        primals: a tuple or list: where the function is differentiated.
        tangents: the vector, in the structure of `primals`.
        has_aux: whether `fun` gives (output, anything else), whose second part is handed on.

    Returns:
        (output, product), and what `fun` gave beside its output if `has_aux`.

    Raises:
        ValueError: if `tangents` has not the structure of `primals`.
    """
    primals, tangents = _tensors(tuple(primals)), _tensors(tuple(tangents))
    at, along = flatten(primals), flatten(tangents)
    if len(at) != len(along) or any(tuple(p.shape) != tuple(t.shape) for p, t in zip(at, along)):
        raise ValueError(
            "`tangents` must have the structure and the shapes of `primals`. Received: "
            f"primals of shapes {[tuple(p.shape) for p in at]}, tangents of shapes {[tuple(t.shape) for t in along]}."
        )
    # The gradients of fun are linear in what they are multiplied with: its factors, differentiated, give the product
    # the other way round.
    with GradientTape() as outer:
        with GradientTape() as inner:
            out = fun(*primals)
            out, aux = out if has_aux else (out, None)
            out = _tensors(out)
        results = flatten(out)
        factors = [ops.zeros_like(r) for r in results]
        gradients = inner.gradient(results, at, factors)
        terms = [ops.sum(g * t) for g, t in zip(gradients, along) if g is not None]
        total = sum(terms[1:], terms[0]) if terms else None
    products = [None] * len(results) if total is None else outer.gradient(total, factors)
    products = [ops.zeros_like(r) if p is None else p for r, p in zip(results, products)]
    product = pack_sequence_as(out, products)
    return (out, product, aux) if has_aux else (out, product)


publish("lamina.ops", custom_gradient, jvp)
