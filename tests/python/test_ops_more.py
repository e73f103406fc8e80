"""Ops on sets, patches, label sequences and functions, against Keras and by definition, on both engines."""

import math

import lamina as keras
import numpy as np
import pytest

ops = keras.ops


@pytest.fixture(params=["graph", "eager"])
def compiled(request):
    """Runs a function compiled, or op by op."""
    return keras.function if request.param == "graph" else lambda f: f


def real():
    import keras as theirs

    return theirs.ops


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# --- unique -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["int32", "float32", "bool", "uint8"])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_unique_is_numpys(dtype, axis):
    x = (random(6, 4, seed=3) * 1.2).round().astype(dtype)
    x[4] = x[1]
    ours = ops.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    theirs = np.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    assert isinstance(ours, tuple)
    for a, b in zip(ours, theirs):
        np.testing.assert_array_equal(a, np.reshape(b, np.shape(a)))
    np.testing.assert_array_equal(ops.unique(x, axis=axis), theirs[0])


@pytest.mark.parametrize("size", [1, 3, 4, 9])
def test_unique_of_a_size(size, compiled):
    x = np.array([[3, 1, 2], [1, 3, 7]], "int32")
    f = lambda v: ops.unique(v, return_index=True, return_inverse=True, return_counts=True, size=size, fill_value=-5)
    values, index, inverse, counts = compiled(f)(ops.array(x))
    want, places, back, often = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    fill = lambda v, w: np.array([*v, *[w] * size][:size])
    np.testing.assert_array_equal(values, fill(want, -5))
    np.testing.assert_array_equal(index, fill(places, 0))
    np.testing.assert_array_equal(counts, fill(often, 0))
    np.testing.assert_array_equal(inverse, back.reshape(x.shape))
    np.testing.assert_array_equal(values, real().unique(x, size=size, fill_value=-5))


def test_unique_of_nothing_and_of_unknown_values():
    assert ops.unique(np.zeros((0,), "float32")).shape == (0,)
    assert [v.shape for v in ops.unique(keras.KerasTensor((2, 4)), axis=1, size=6, return_index=True)] == [(2, 6), (6,)]
    assert [v.shape for v in ops.unique(keras.KerasTensor((None, 3)), return_inverse=True)] == [(None,), (None, 3)]
    with pytest.raises(ValueError, match="Pass `size`"):
        keras.function(lambda x: ops.unique(x))(ops.ones((3,)))
    with pytest.raises(ValueError, match="size"):
        ops.unique(ops.ones((3,)), size=-1)


# --- NaN left out -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
@pytest.mark.parametrize("axis, keepdims", [(None, False), (0, True), (-1, False), ((0, 2), True)])
def test_nan_quantiles(method, axis, keepdims, compiled):
    x = random(4, 5, 6)
    x[x > 1] = np.nan
    x[:, 2, 3] = np.nan
    for q in (0.3, [0.0, 0.5, 1.0]):
        f = lambda v: ops.nanquantile(v, q, axis=axis, method=method, keepdims=keepdims)
        want = np.nanquantile(x, q, axis=axis, method=method, keepdims=keepdims)
        np.testing.assert_allclose(compiled(f)(ops.array(x, "float64")), want, rtol=1e-12)
    f = lambda v: ops.nanpercentile(v, 40, axis=axis, method=method, keepdims=keepdims)
    np.testing.assert_allclose(
        compiled(f)(ops.array(x, "float64")), np.nanpercentile(x, 40, axis=axis, method=method, keepdims=keepdims)
    )
    f = lambda v: ops.nanmedian(v, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(compiled(f)(ops.array(x, "float64")), np.nanmedian(x, axis=axis, keepdims=keepdims))


def test_nan_quantiles_of_no_number():
    assert math.isnan(ops.nanmedian([float("nan")] * 3))
    np.testing.assert_array_equal(ops.nanmedian([[1.0, 3.0], [float("nan")] * 2], axis=1), [2.0, np.nan])


# --- integers ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint64"])
def test_divisors_and_multiples(dtype, compiled):
    generator = np.random.default_rng(1)
    signed = dtype.startswith("i")
    a, b = (generator.integers(-11 if signed else 0, 12, (40, 7)).astype(dtype) for _ in range(2))
    a[0], b[0] = 0, 0
    for name, op in (("gcd", ops.gcd), ("lcm", ops.lcm)):
        out = compiled(lambda x, y, op=op: op(x, y))(ops.array(a), ops.array(b))
        assert out.dtype == dtype
        want = getattr(np, name)(a.astype("int64"), b.astype("int64")).astype(dtype)
        np.testing.assert_array_equal(out, want)
    with pytest.raises(TypeError):
        ops.gcd([1.5], [2])
    assert int(ops.gcd(np.int32(-(2**31)), np.int32(6))) == 2


# --- patches ----------------------------------------------------------------------------------------------------------
PATCHES = [(2, 1, 0, 1), ((3, 2), (1, 2), (1, 0), (2, 1)), (3, 2, 2, 3)]


@pytest.mark.parametrize("kernel, dilation, padding, stride", PATCHES)
def test_unfold_and_fold(kernel, dilation, padding, stride, compiled):
    x = random(2, 3, 7, 8).astype("float32")
    options = {"dilation": dilation, "padding": padding, "stride": stride}
    blocks = compiled(lambda v: ops.unfold(v, kernel, **options))(ops.array(x))
    np.testing.assert_allclose(blocks, real().unfold(x, kernel, **options), rtol=1e-6)
    images = compiled(lambda v: ops.fold(v, (7, 8), kernel, **options))(blocks)
    np.testing.assert_allclose(images, real().fold(np.array(blocks), (7, 8), kernel, **options), rtol=1e-5, atol=1e-6)
    assert ops.unfold(keras.KerasTensor((None, 3, 7, 8)), kernel, **options).shape == (None, *blocks.shape[1:])


def test_fold_is_the_transpose_of_unfold():
    """<unfold(x), y> = <x, fold(y)>, which is what their gradients are as well."""
    x, y = ops.array(random(1, 2, 5, 5)), ops.array(random(1, 8, 9, seed=1))
    unfold = lambda v: ops.unfold(v, 2, dilation=2)
    fold = lambda v: ops.fold(v, 5, 2, dilation=2)
    np.testing.assert_allclose(ops.sum(unfold(x) * y), ops.sum(x * fold(y)), rtol=1e-12)
    np.testing.assert_allclose(keras.grad(lambda v: ops.sum(unfold(v) * y))(x), fold(y), rtol=1e-12)
    np.testing.assert_allclose(keras.grad(lambda v: ops.sum(fold(v) * x))(y), unfold(x), rtol=1e-12)


def test_patches_refuse_what_does_not_fit():
    for call, word in (
        (lambda: ops.unfold(ops.ones((2, 3, 4)), 2), "shape"),
        (lambda: ops.unfold(ops.ones((1, 1, 2, 2)), 3), "no block"),
        (lambda: ops.unfold(ops.ones((1, 1, 2, 2)), (1, 1, 1)), "pair"),
        (lambda: ops.unfold(ops.ones((1, 1, 2, 2)), 1, stride=0), "stride"),
        (lambda: ops.fold(ops.ones((1, 5, 4)), 3, 2), "multiple"),
        (lambda: ops.fold(ops.ones((1, 4, 5)), 3, 2), "blocks"),
    ):
        with pytest.raises(ValueError, match=word):
            call()


# --- label sequences --------------------------------------------------------------------------------------------------
LENGTHS = {"target_length": [3, 2, 1], "output_length": [9, 7, 4]}
TARGETS = np.array([[1, 1, 3], [2, 4, 0], [3, 0, 0]])


@pytest.mark.parametrize("blank", [0, 4])
def test_ctc_loss(blank, compiled):
    targets = np.where(blank == np.maximum(TARGETS, 0), 2, TARGETS) if blank else TARGETS
    scores = random(3, 9, 5).astype("float32")
    f = lambda t, s: ops.ctc_loss(t, s, **LENGTHS, mask_index=blank)
    want = real().ctc_loss(targets, scores, **{k: np.array(v) for k, v in LENGTHS.items()}, mask_index=blank)
    np.testing.assert_allclose(compiled(f)(ops.array(targets), ops.array(scores)), want, rtol=1e-5)


def paths(scores, length, blank):
    """Probabilities of all label sequences, by going through all alignments."""
    p = np.exp(scores - np.log(np.exp(scores).sum(-1, keepdims=True)))
    out = {(): 1.0}
    totals = {}
    out = {((), blank): 1.0}
    for step in range(length):
        following = {}
        for (labels, last), weight in out.items():
            for c in range(p.shape[1]):
                grown = labels if c in (blank, last) else (*labels, c)
                following[grown, c] = following.get((grown, c), 0) + weight * p[step, c]
        out = following
    for (labels, _), weight in out.items():
        totals[labels] = totals.get(labels, 0) + weight
    return totals


def test_ctc_loss_by_definition_and_its_gradient():
    scores = random(1, 5, 3)
    loss = lambda s: ops.sum(ops.ctc_loss([[1, 2]], s, [2], [5]))
    assert float(loss(ops.array(scores))) == pytest.approx(-np.log(paths(scores[0], 5, 0)[1, 2]), rel=1e-9)
    gradient = np.array(keras.grad(loss)(ops.array(scores)))
    step = 1e-6
    for at in np.ndindex(*scores.shape):
        moved = [scores.copy() for _ in range(2)]
        moved[0][at] += step
        moved[1][at] -= step
        slope = (float(loss(ops.array(moved[0]))) - float(loss(ops.array(moved[1])))) / (2 * step)
        assert gradient[at] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("merge", [True, False])
def test_ctc_decode_greedy(merge, compiled):
    scores = (random(3, 9, 5) * 3).round().astype("float32") + np.arange(5, dtype="float32") / 100
    f = lambda s, n: ops.ctc_decode(s, n, merge_repeated=merge)
    ours = compiled(f)(ops.array(scores), ops.array([9, 7, 4]))
    theirs = real().ctc_decode(scores, np.array([9, 7, 4]), merge_repeated=merge)
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)


@pytest.mark.parametrize("blank", [0, 2])
def test_ctc_decode_by_beams_finds_the_best_sequences(blank, compiled):
    scores = random(2, 6, 4) * 2
    f = lambda s, n: ops.ctc_decode(s, n, strategy="beam_search", beam_width=400, top_paths=5, mask_index=blank)
    found, logs = compiled(f)(ops.array(scores, "float64"), ops.array([6, 4]))
    assert found.shape == (5, 2, 6) and logs.shape == (2, 5)
    for row, length in enumerate((6, 4)):
        best = sorted(paths(scores[row], length, blank).items(), key=lambda item: -item[1])[:5]
        for place, (labels, weight) in enumerate(best):
            np.testing.assert_array_equal(found[place, row], [*labels, *[-1] * (6 - len(labels))])
            assert float(logs[row, place]) == pytest.approx(np.log(weight), rel=1e-9)


def test_ctc_refuses_what_does_not_fit():
    scores = ops.ones((2, 4, 3))
    for call, word in (
        (lambda: ops.ctc_decode(scores, [4, 4], strategy="beams"), "Invalid strategy"),
        (lambda: ops.ctc_decode(scores, [4, 4], mask_index=3), "mask_index"),
        (lambda: ops.ctc_decode(scores, [4]), "one length per sequence"),
        (lambda: ops.ctc_decode(scores, [4, 4], strategy="beam_search", beam_width=2, top_paths=3), "top_paths"),
        (lambda: ops.ctc_loss([1, 2], scores, [1, 1], [4, 4]), "target"),
    ):
        with pytest.raises(ValueError, match=word):
            call()


# --- functions --------------------------------------------------------------------------------------------------------
def test_custom_gradient(compiled):
    @ops.custom_gradient
    def log1pexp(x):
        e = ops.exp(x)

        def grad(*args, upstream=None):
            if upstream is None:
                (upstream,) = args
            return ops.multiply(upstream, 1.0 - 1.0 / ops.add(1, e))

        return ops.log(1 + e), grad

    x = ops.array([0.0, 2.0, 100.0])
    f = lambda v: keras.value_and_grad(lambda w: ops.sum(log1pexp(w)))(v)
    value, gradient = compiled(f)(x)
    assert float(value) == pytest.approx(102.82007, rel=1e-5)
    np.testing.assert_allclose(gradient, [0.5, 0.880797, 1.0], rtol=1e-5)  # where the formula's own gradient is NaN
    second = compiled(lambda v: keras.grad(lambda w: ops.sum(keras.grad(lambda u: ops.sum(log1pexp(u)))(w)))(v))
    np.testing.assert_allclose(second(ops.array([0.0, 2.0])), [0.25, 0.104994], rtol=1e-4)


def test_custom_gradients_of_several_arguments_and_results(compiled):
    @ops.custom_gradient
    def f(x, y):
        return (x * y, x + y), lambda p, s: (100 * p + s, None)

    x, y = ops.array([1.0, 2.0]), ops.array([3.0, 4.0])

    def both(a, b):
        with keras.GradientTape() as tape:
            product, total = f(a, b)
            loss = ops.sum(2 * product) + ops.sum(3 * total)
        return product, tape.gradient(loss, [a])[0]

    product, gradient = compiled(both)(x, y)
    np.testing.assert_array_equal(product, [3.0, 8.0])
    np.testing.assert_array_equal(gradient, [203.0, 203.0])
    with keras.GradientTape() as tape:
        loss = ops.sum(f(x, y)[0])
    assert tape.gradient(loss, [y]) == [None]


def test_a_layer_trains_with_a_custom_gradient():
    class Doubling(keras.layers.Layer):
        def call(self, x):
            return ops.custom_gradient(lambda v: (v, lambda upstream: 2 * upstream))(x)

    def trained(layer, rate):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones"), layer])
        model.compile(keras.optimizers.SGD(rate), "mse")
        model.fit(np.ones((4, 2)), np.zeros((4, 1)), verbose=0)
        return model.get_weights()[0]

    np.testing.assert_allclose(trained(Doubling(), 0.05), trained(keras.layers.Identity(), 0.1), rtol=1e-6)


def test_custom_gradient_refuses_what_does_not_fit():
    with pytest.raises(TypeError, match="output, grad_function"):
        ops.custom_gradient(lambda x: x)(ops.ones(2))
    with pytest.raises(TypeError, match="symbolic tensor"):
        ops.custom_gradient(lambda x: (x, lambda g: g))(keras.Input((2,)))
    for grad, word in ((lambda g: (g, g), "one gradient per argument"), (lambda g: ops.ones(3), "shapes")):
        f = ops.custom_gradient(lambda x, grad=grad: (x * 1, grad))
        with pytest.raises(ValueError, match=word):
            keras.grad(lambda x: ops.sum(f(x)))(ops.ones(2))


def test_jvp(compiled):
    x, t = random(3, 4), random(3, 4, seed=1)
    a, b = random(4, 2, seed=2), random(4, 2, seed=3)
    fun = lambda u, w: {"y": ops.tanh(ops.matmul(u, w)), "n": ops.sum(u * u)}
    f = lambda *v: ops.jvp(fun, (v[0], v[2]), (v[1], v[3]))
    out, product = compiled(f)(*map(ops.array, (x, t, a, b)))
    np.testing.assert_allclose(out["y"], np.tanh(x @ a), rtol=1e-12)
    np.testing.assert_allclose(product["y"], (1 - np.tanh(x @ a) ** 2) * (t @ a + x @ b), rtol=1e-10)
    np.testing.assert_allclose(product["n"], 2 * (x * t).sum(), rtol=1e-12)
    value, product, aux = ops.jvp(lambda v: (ops.sin(v), "more"), (ops.array(0.1),), (ops.array(0.2),), has_aux=True)
    assert aux == "more" and float(product) == pytest.approx(0.2 * math.cos(0.1))
    assert float(ops.jvp(lambda v: ops.ones(()), (ops.array(0.1),), (ops.array(0.2),))[1]) == 0
    with pytest.raises(ValueError, match="structure"):
        ops.jvp(ops.sin, (ops.ones(2),), (ops.ones(3),))


@pytest.mark.parametrize(
    "pattern, lengths",
    [
        ("b h w c -> b c h w", {}),
        ("b h w c -> (b h) w c", {}),
        ("b h w c -> h (b w) c", {}),
        ("b h w c -> b (c h w)", {}),
        ("b (h1 h) (w1 w) c -> (b h1 w1) h w c", {"h1": 2, "w1": 2}),
        ("b (h h1) (w w1) c -> b h w (c h1 w1)", {"h1": 2, "w1": 2}),
    ],
)
def test_rearrange(pattern, lengths):
    x = random(2, 4, 6, 3)
    theirs = np.array(real().rearrange(x, pattern, **dict(lengths)))
    np.testing.assert_allclose(ops.rearrange(x, pattern, **lengths), theirs, rtol=1e-6)
    symbolic = keras.Input(batch_shape=(2, 4, 6, 3))
    model = keras.Model(symbolic, ops.rearrange(symbolic, pattern, **lengths))
    np.testing.assert_allclose(model(x), theirs, rtol=1e-6)


def test_rearrange_refuses_what_does_not_fit():
    x = ops.ones((2, 6))
    for pattern, lengths, word in (
        ("a b", {}, "one '->'"),
        ("a b c -> a", {}, "Both sides"),
        ("a b c -> c b a", {}, "names 3 axes"),
        ("a (b c) -> a b c", {}, "one length at most"),
        ("a (b c) -> a b c", {"b": 4}, "cannot be"),
        ("a b -> b a", {"q": 4}, "no axis q"),
        ("a a -> a", {}, "each once"),
        ("a (b c -> a b c", {}, "Parentheses"),
        ("a ((b) c) -> a b c", {}, "Parentheses"),
        ("a b -> b a", {"a": 0}, "at least 1"),
    ):
        with pytest.raises(ValueError, match=word):
            ops.rearrange(x, pattern, **lengths)
    assert ops.rearrange(keras.Input((6,)), "b (h w) -> b w h", h=2).shape == (None, 3, 2)
    assert ops.rearrange(keras.Input((None, 6)), "b n (h w) -> (b n h) w", h=2).shape == (None, 3)
    with pytest.raises(TypeError, match="at most 2"):
        ops.rearrange(x, "a b -> b a", {"a": 2})


@pytest.mark.parametrize("writer", ["lamina", "keras"])
def test_rearrange_in_files(engine, tmp_path, writer):
    import keras as theirs

    libraries = {"lamina": keras, "keras": theirs}
    made = libraries[writer]
    x = made.Input(batch_shape=(2, 4, 6))
    made.Model(x, made.ops.rearrange(x, "b (h p) w -> b h (p w)", p=2)).save(tmp_path / "model.keras")
    data = random(2, 4, 6)
    for library in libraries.values():
        found = library.models.load_model(tmp_path / "model.keras")(data)
        np.testing.assert_allclose(np.asarray(found), data.reshape(2, 2, 12), rtol=1e-6)


def test_view_and_eig():
    np.testing.assert_array_equal(ops.view(np.array([1.0], "float32"), "int32"), [0x3F800000])
    with pytest.raises(NotImplementedError, match="complex"):
        ops.eig(np.eye(2))


# --- Function, Config and settings ------------------------------------------------------------------------------------
def test_function_of_a_graph():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    dense = keras.layers.Dense(2)
    f = keras.Function({"a": a, "b": b}, [dense(a) + ops.sum(b), a * 2], name="f")
    x, y = np.ones((4, 3), "float32"), np.full((4, 3), 2, "float32")
    first, second = f({"a": x, "b": y})
    np.testing.assert_allclose(first, np.array(dense(x)) + 24, rtol=1e-6)
    np.testing.assert_array_equal(second, x * 2)
    assert [t.shape for t in f.compute_output_spec({"a": a, "b": b})] == [(None, 2), (None, 3)]
    assert [t.name for t in f.inputs] == ["a", "b"] and len(f.outputs) == 2 and f.name == "f"
    assert dense in f.operations
    with pytest.raises(ValueError, match="invalid input structure"):
        f([x, y])
    with pytest.raises(ValueError, match="incompatible inputs"):
        f({"a": np.ones((4, 2)), "b": y})
    for inputs, outputs in (([], a), (a, [])):
        with pytest.raises(ValueError, match="cannot be empty"):
            keras.Function(inputs, outputs)


def test_config():
    import keras as theirs

    for library in (keras, theirs):
        config = library.utils.Config(rate=0.1, momentum=0.9)
        config.use_ema = True
        config["seed"] = 5
        assert config.seed == 5 and config["rate"] == 0.1 and len(config) == 4 and "seed" in config
        assert config.to_json() == '{"rate": 0.1, "momentum": 0.9, "use_ema": true, "seed": 5}'
        assert list(config) == ["momentum", "rate", "seed", "use_ema"]
        assert config.pop("seed") == 5 and config.get("seed", 3) == 3
        config.update(rate=1)
        config.freeze()
        assert config.frozen and config.as_dict() == {"rate": 1, "momentum": 0.9, "use_ema": True}
        with pytest.raises(ValueError, match="frozen"):
            config.rate = 2
        with pytest.raises(ValueError, match="frozen"):
            config["rate"] = 2
        config.unfreeze()
        del config["rate"]
        with pytest.raises(AttributeError, match="Did you mean 'momentum'"):
            config.momentun  # noqa: B018


def test_set_backend():
    before = keras.config.engine()
    try:
        keras.config.set_backend("eager")
        assert keras.config.engine() == "eager"
        with pytest.warns(UserWarning, match="its own engines"):
            keras.config.set_backend("jax")
        assert keras.config.engine() == "eager"
        with pytest.raises(ValueError, match="'graph' and 'eager'"):
            keras.config.set_backend("theano")
    finally:
        keras.config.set_backend(before)


@pytest.mark.parametrize("name", ["TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"])
def test_layers_of_other_frameworks_say_why_not(name):
    with pytest.raises(NotImplementedError, match=f"{name} runs .* which Lamina's engines do not run"):
        getattr(keras.layers, name)("x")
