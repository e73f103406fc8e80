"""Misuses of ops. Where JAX itself complains of shapes, Keras passes on its TypeError."""

import numpy as np
from misuse import case, ones

case(
    "matmul",
    lambda k: k.ops.matmul(ones(2, 3), ones(4, 5)),
    ValueError,
    "[matmul]",
    "x1.shape=(2, 3)",
    "x2.shape=(4, 5)",
    "must be equal",
    keras=TypeError,
)
case("add", lambda k: k.ops.add(ones(2, 3), ones(4)), ValueError, "[add]", "(2, 3) and (4,)", "broadcast")
case(
    "add, symbolic",
    lambda k: k.ops.add(k.Input((3,)), k.Input((4,))),
    ValueError,
    "[add]",
    "(None, 3) and (None, 4)",
    "broadcast",
)
case(
    "reshape",
    lambda k: k.ops.reshape(ones(2, 3), (4, 2)),
    ValueError,
    "[reshape]",
    "(2, 3) (6 elements)",
    "(4, 2) (8 elements)",
    keras=TypeError,
)
case("sum's axis", lambda k: k.ops.sum(ones(2, 3), axis=2), ValueError, "[sum]", "axis 2", "2 axes", "[-2, 2)")
case(
    "concatenate",
    lambda k: k.ops.concatenate([ones(2, 3), ones(3, 2)], axis=0),
    ValueError,
    "[concatenate]",
    "(2, 3)",
    "(3, 2)",
    "must match except along axis 0",
    keras=TypeError,
)
case("stack", lambda k: k.ops.stack([ones(2, 3), ones(3, 2)]), ValueError, "[stack]", "same shape", "(2, 3) and (3, 2)")
case(
    "transpose",
    lambda k: k.ops.transpose(ones(2, 3), (0, 0)),
    ValueError,
    "[transpose]",
    "[0, 0]",
    "(2, 3)",
    "permutation",
    keras=TypeError,
)
case("squeeze", lambda k: k.ops.squeeze(ones(2, 3), axis=0), ValueError, "[squeeze]", "axis=0", "(2, 3)")
case("split", lambda k: k.ops.split(ones(5, 2), 3, axis=0), ValueError, "[split]", "(5, 2)", "3 equal parts")
case(
    "einsum",
    lambda k: k.ops.einsum("ij,jk->ik", ones(2, 3), ones(4, 5)),
    ValueError,
    "[einsum]",
    "'j'",
    "sizes 3 and 4",
)
case(
    "einsum's operands",
    lambda k: k.ops.einsum("ij,jk->ik", ones(2, 3)),
    ValueError,
    "[einsum]",
    "2 operands",
    "received 1",
)
case("cast", lambda k: k.ops.cast(ones(2), "flaot32"), ValueError, "[cast]", "Invalid dtype: 'flaot32'", "float32")
case(
    "misspelt argument of an op",
    lambda k: k.ops.sum(ones(2, 3), axes=1),
    TypeError,
    "sum()",
    "'axes'",
    "Did you mean 'axis'?",
)
case("missing argument of an op", lambda k: k.ops.relu(), TypeError, "relu()", "'x'")
case("misspelt op", lambda k: k.ops.rellu, AttributeError, "'rellu'", "Did you mean 'relu'?")
case("text for a tensor", lambda k: k.ops.add("a", ones(2)), TypeError, "[add]", "'a' (str)", "Expected a tensor")
case(
    "ragged list",
    lambda k: k.ops.convert_to_tensor([[1, 2], [3]]),
    ValueError,
    "[convert_to_tensor]",
    "rectangular",
    "2 and 1",
)
case(
    "array of objects",
    lambda k: k.ops.convert_to_tensor(np.array([object()])),
    TypeError,
    "object",
    "numbers, bools or strings",
)
case("strings in sums", lambda k: k.ops.add(np.array(["a"]), 1), TypeError, "[add]", "strings", "StringLookup")
case("top_k", lambda k: k.ops.top_k(ones(2, 3), k=7), ValueError, "[top_k]", "k=7", "(2, 3)")
case(
    "bits of floats",
    lambda k: k.ops.bitwise_and(ones(3), ones(3)),
    TypeError,
    "[bitwise_and]",
    "integers or bools",
    "float32",
)
case(
    "too many indices",
    lambda k: k.ops.convert_to_tensor(ones(2, 3))[0, 0, 0],
    IndexError,
    "[get_item]",
    "2 axes",
    "3 were indexed",
)
case("truth of a symbolic tensor", lambda k: bool(k.Input((3,))), TypeError, "symbolic", "boolean")
case(
    "values of a symbolic tensor",
    lambda k: np.asarray(k.Input((3,))),
    ValueError,
    "KerasTensor is symbolic",
    "NumPy array",
)
case(
    "truth of a vector", lambda k: bool(k.ops.convert_to_tensor(ones(3))), ValueError, "more than one element", "any()"
)
case(
    "seed",
    lambda k: k.random.uniform((2,), seed="x"),
    ValueError,
    "[random.uniform]",
    "`seed`",
    "integer",
    "SeedGenerator",
)
case("random seed", lambda k: k.utils.set_random_seed("a"), ValueError, "`seed`", "integer", "seed=a")
