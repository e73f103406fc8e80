"""What TensorFlow calls by another name, or with other names of arguments, than keras.ops: a table, and the functions
that it stands for."""

from lamina import ops

# Namespaces ("." is tensorflow's own), TensorFlow's name, ours, and TensorFlow's arguments in its order, with our name
# for one behind a colon.
_TABLE = """
. math    acos arccos x
. math    acosh arccosh x
. math    add add x:x1 y:x2
math      angle angle input:x
. math    asin arcsin x
. math    asinh arcsinh x
. math    atan arctan x
. math    atan2 arctan2 y:x1 x:x2
. math    atanh arctanh x
math      ceil ceil x
math      conj conj x
. math    cos cos x
. math    cosh cosh x
. math    divide true_divide x:x1 y:x2
math      divide_no_nan divide_no_nan x:x1 y:x2
math      erf erf x
math      erfc erfc x
math      erfinv erfinv x
math      expm1 expm1 x
. math    exp exp x
. math    floor floor x
math      floordiv floor_divide x:x1 y:x2
math      floormod mod x:x1 y:x2
. math    greater greater x:x1 y:x2
. math    greater_equal greater_equal x:x1 y:x2
math      imag imag input:x
math      is_finite isfinite x
math      is_inf isinf x
math      is_nan isnan x
. math    less less x:x1 y:x2
. math    less_equal less_equal x:x1 y:x2
math      log log x
math      log1p log1p x
math      log_sigmoid log_sigmoid x
. math    logical_and logical_and x:x1 y:x2
. math    logical_not logical_not x
. math    logical_or logical_or x:x1 y:x2
math      logical_xor logical_xor x:x1 y:x2
. math    maximum maximum x:x1 y:x2
. math    minimum minimum x:x1 y:x2
math      mod mod x:x1 y:x2
. math    multiply multiply x:x1 y:x2
. math    negative negative x
. math    pow power x:x1 y:x2
math      real real input:x
math      reciprocal reciprocal x
. math    reduce_all all input_tensor:x axis keepdims
. math    reduce_any any input_tensor:x axis keepdims
. math    reduce_logsumexp logsumexp input_tensor:x axis keepdims
. math    reduce_max max input_tensor:x axis keepdims
. math    reduce_mean mean input_tensor:x axis keepdims
. math    reduce_min min input_tensor:x axis keepdims
. math    reduce_prod prod input_tensor:x axis keepdims
math      reduce_std std input_tensor:x axis keepdims
. math    reduce_sum sum input_tensor:x axis keepdims
math      reduce_variance var input_tensor:x axis keepdims
math      rint round x
. math    round round x
math      rsqrt rsqrt x
. math nn sigmoid sigmoid x
. math    sign sign x
. math    sin sin x
. math    sinh sinh x
. math    sqrt sqrt x
. math    square square x
. math    subtract subtract x:x1 y:x2
. math    tan tan x
. math nn tanh tanh x
. math    truediv true_divide x:x1 y:x2
.         identity copy input:x
.         repeat repeat input:x repeats axis
.         reverse flip tensor:x axis
.         roll roll input:x shift axis
.         squeeze squeeze input:x axis
.         stop_gradient stop_gradient input:variable
.         zeros_like zeros_like input:x dtype
.         ones_like ones_like input:x dtype
linalg    cholesky cholesky input:x
linalg    cross cross a:x1 b:x2
linalg    det det input:x
linalg    diag_part diagonal input:x
linalg    eigh eigh tensor:x
linalg    inv inv input:x
linalg    pinv pinv a:x rcond
linalg    qr qr input:x
linalg    solve solve matrix:a rhs:b
linalg    trace trace x
nn        elu elu features:x
nn        gelu gelu features:x approximate
nn        leaky_relu leaky_relu features:x alpha:negative_slope
nn        log_softmax log_softmax logits:x axis
nn        relu relu features:x
nn        relu6 relu6 features:x
nn        selu selu features:x
nn        silu silu features:x
nn        swish silu features:x
. nn math softmax softmax logits:x axis
nn math   softplus softplus features:x
nn math   softsign softsign features:x
image     hsv_to_rgb image.hsv_to_rgb images
image     rgb_to_grayscale image.rgb_to_grayscale images
image     rgb_to_hsv image.rgb_to_hsv images
image     sobel_edges image.sobel_edges image:images
"""
# Where TensorFlow's default is another than ours.
_DEFAULTS = {"nn.gelu": {"approximate": False}}


def _rows():
    for line in _TABLE.split("\n"):
        namespaces = line[:10].split()
        if namespaces:
            name, ours, *arguments = line[10:].split()
            for namespace in namespaces:
                path = name if namespace == "." else f"{namespace}.{name}"
                yield path, (ours, [a.partition(":")[::2] for a in arguments])


_ROWS = dict(_rows())


def find(path):
    """The function for TensorFlow's `path` ("math.reduce_mean"), or None."""
    if path not in _ROWS:
        return None
    ours, arguments = _ROWS[path]
    op = ops
    for part in ours.split("."):
        op = getattr(op, part)
    return _renamed(path, op, {theirs: name or theirs for theirs, name in arguments})


def _renamed(path, op, names):
    defaults = _DEFAULTS.get(path, {})

    def call(*args, name=None, **kwargs):
        if len(args) > len(names):
            raise TypeError(f"tf.{path}() takes {', '.join(names)}. Received {len(args)} arguments.")
        given = dict(zip(names, args))
        for key, value in kwargs.items():
            if key not in names or key in given:
                problem = "twice the argument" if key in given else "the argument"
                raise TypeError(f"tf.{path}() takes {', '.join(names)}. Received {problem} `{key}`.")
            given[key] = value
        return op(**{**defaults, **{names[key]: plain(value, key) for key, value in given.items()}})

    call.__name__ = call.__qualname__ = path.rpartition(".")[2]
    call.__doc__ = f"TensorFlow's tf.{path}({', '.join(names)}), by keras.ops.{op.__name__}."
    return call


def plain(value, key="axis"):
    """Axes as keras.ops takes them: ints and tuples of ints, where TensorFlow takes lists and tensors, too."""
    if key not in ("axis", "axes", "perm", "shift"):
        return value
    if hasattr(value, "numpy"):
        value = value.numpy().tolist()
    return tuple(int(v) for v in value) if isinstance(value, (list, tuple)) else value
