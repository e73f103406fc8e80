"""Attention layers and dot_product_attention against real Keras."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import lamina  # noqa: E402
from layer_in_model import expect_error, inputs_for, on, plain  # noqa: E402

ENGINES = pytest.mark.parametrize("engine", ["graph", "eager"])
Q, V, K = inputs_for((3, 5, 8)), inputs_for((3, 6, 8), 1), inputs_for((3, 6, 8), 2)
QUERY_MASK, VALUE_MASK = np.random.default_rng(3).random((3, 5)) > 0.3, np.random.default_rng(4).random((3, 6)) > 0.3
ATTENTION_MASK = np.random.default_rng(5).random((3, 5, 6)) > 0.3


def near(a, b, rtol=1e-4, atol=1e-5):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


def pair(name, config, build):
    """The layer in both libraries with the same weights."""
    theirs, mine = getattr(keras.layers, name)(**config), getattr(lamina.layers, name)(**config)
    for layer in (theirs, mine):
        build(layer)
    assert [w.path.split("/", 1)[1] for w in mine.weights] == [w.path.split("/", 1)[1] for w in theirs.weights]
    start = [np.random.default_rng(i).normal(0, 0.5, w.shape).astype("float32") for i, w in enumerate(theirs.weights)]
    theirs.set_weights(start)
    mine.set_weights(start)
    return theirs, mine


HEADS = [
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "value_dim": 3, "output_shape": 7, "use_bias": False}),
    ("MultiHeadAttention", {"num_heads": 3, "key_dim": 4, "use_gate": True, "sliding_window": 2}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "output_shape": (2, 3)}),
    ("GroupQueryAttention", {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}),
    (
        "GroupQueryAttention",
        {
            "head_dim": 3,
            "num_query_heads": 3,
            "num_key_value_heads": 1,
            "use_gate": True,
            "use_bias": False,
            "sliding_window": 3,
        },
    ),
]
CALLS = [
    {},
    {"use_causal_mask": True},
    {"attention_mask": ATTENTION_MASK},
    {"attention_mask": ATTENTION_MASK[:, None]},
    {"attention_mask": ATTENTION_MASK, "use_causal_mask": True},
    {"key": K},
    {"query_mask": QUERY_MASK, "value_mask": VALUE_MASK},
    {"key": K, "key_mask": VALUE_MASK, "use_causal_mask": True},
]


@ENGINES
@pytest.mark.parametrize("name, config", HEADS)
def test_heads(engine, name, config):
    with on(engine):
        theirs, mine = pair(name, config, lambda layer: layer.build((None, 5, 8), (None, 6, 8)))
        assert {k: v for k, v in plain(theirs.get_config()).items() if k not in ("dtype", "name")} == {
            k: v for k, v in plain(mine.get_config()).items() if k not in ("dtype", "name")
        }
        for kwargs in CALLS:
            if (
                "query_mask" in kwargs and name == "MultiHeadAttention"
            ):  # Keras takes the query's mask from the query there
                kwargs = {"value_mask": VALUE_MASK}
            # Keras' attention on JAX takes values only of the keys' size, but for the way that returns the weights.
            near(
                mine(Q, V, **kwargs),
                theirs(Q, V, return_attention_scores=True, **kwargs)[0]
                if "value_dim" in config
                else theirs(Q, V, **kwargs),
            )
            for a, b in zip(
                mine(Q, V, return_attention_scores=True, **kwargs),
                theirs(Q, V, return_attention_scores=True, **kwargs),
                strict=True,
            ):
                near(a, b)
        assert mine.compute_output_shape((None, 5, 8), (None, 6, 8)) == theirs.compute_output_shape(
            (None, 5, 8), (None, 6, 8)
        )


def encoder(k, name, config, causal):
    tokens = k.Input((6,), dtype="int32")
    x = k.layers.Embedding(9, 8, mask_zero=True, name="words")(tokens)
    y = getattr(k.layers, name)(**config, name="attention")(x, x, use_causal_mask=causal)
    x = k.layers.LayerNormalization(name="norm")(x + y)
    return k.Model(tokens, k.layers.Dense(2, name="out")(x))


@ENGINES
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name, config", [HEADS[0], HEADS[2], HEADS[4]])
def test_training_and_files(engine, causal, name, config, tmp_path):
    tokens = np.random.default_rng(0).integers(0, 9, (8, 6)).astype("int32")
    tokens[:, 0] = 1  # a sample that is all padding has no defined output
    target = inputs_for((8, 6, 2))
    with on(engine):
        theirs, mine = encoder(keras, name, config, causal), encoder(lamina, name, config, causal)
        start = [
            np.random.default_rng(i).normal(0, 0.5, w.shape).astype("float32") for i, w in enumerate(theirs.weights)
        ]
        for m, k in ((theirs, keras), (mine, lamina)):
            m.set_weights(start)
            m.compile(k.optimizers.SGD(0.05), "mse")
            m.fit(tokens, target, batch_size=4, epochs=2, verbose=0, shuffle=False)
        for w, v in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            near(w, v, 1e-3, 1e-4)
        expected = theirs.predict(tokens, verbose=0)
        theirs.save(tmp_path / "theirs.keras")
        mine.save(tmp_path / "mine.keras")
        near(lamina.models.load_model(tmp_path / "theirs.keras").predict(tokens, verbose=0), expected)
        near(keras.models.load_model(tmp_path / "mine.keras").predict(tokens, verbose=0), expected, 2e-3, 2e-4)


@ENGINES
@pytest.mark.parametrize("axes", [(1,), (2,), (1, 2), (-2,)])
def test_several_axes_of_positions(engine, axes):
    q, v = inputs_for((2, 3, 4, 6)), inputs_for((2, 3, 4, 6), 1)
    with on(engine):
        theirs, mine = pair(
            "MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "attention_axes": axes}, lambda layer: layer(q, v)
        )
        near(mine(q, v), theirs(q, v))
        for a, b in zip(
            mine(q, v, return_attention_scores=True), theirs(q, v, return_attention_scores=True), strict=True
        ):
            near(a, b)


@ENGINES
@pytest.mark.parametrize(
    "name, config",
    [
        ("Attention", {}),
        ("Attention", {"use_scale": True}),
        ("Attention", {"score_mode": "concat"}),
        ("Attention", {"score_mode": "concat", "use_scale": True}),
        ("AdditiveAttention", {}),
        ("AdditiveAttention", {"use_scale": False}),
    ],
)
def test_lists(engine, name, config):
    with on(engine):
        theirs, mine = pair(name, config, lambda layer: layer([Q, V]))
        assert {k: v for k, v in plain(theirs.get_config()).items() if k not in ("dtype", "name")} == {
            k: v for k, v in plain(mine.get_config()).items() if k not in ("dtype", "name")
        }
        for inputs, kwargs in [
            ([Q, V], {}),
            ([Q, V, K], {}),
            ([Q, V], {"use_causal_mask": True}),
            ([Q, V, K], {"mask": [QUERY_MASK, VALUE_MASK], "use_causal_mask": True}),
            ([Q, V], {"mask": [None, VALUE_MASK]}),
        ]:
            near(mine(inputs, **kwargs), theirs(inputs, **kwargs))
            for a, b in zip(
                mine(inputs, return_attention_scores=True, **kwargs),
                theirs(inputs, return_attention_scores=True, **kwargs),
                strict=True,
            ):
                near(a, b)
        near(mine.compute_mask([Q, V], [QUERY_MASK, VALUE_MASK]), QUERY_MASK)


@ENGINES
def test_op(engine):
    q, k, v = inputs_for((2, 70, 4, 8)), inputs_for((2, 150, 4, 8), 1), inputs_for((2, 150, 4, 8), 2)
    bias, mask = inputs_for((2, 4, 70, 150), 3), np.random.default_rng(0).random((2, 1, 70, 150)) > 0.5
    with on(engine):
        for kwargs in (
            {},
            {"scale": 0.3},
            {"is_causal": True},
            {"bias": bias},
            {"mask": mask},
            {"mask": mask, "is_causal": True, "bias": bias},
            {"flash_attention": False},
        ):
            near(
                lamina.ops.dot_product_attention(q, k, v, **kwargs), keras.ops.dot_product_attention(q, k, v, **kwargs)
            )
        none = np.zeros((2, 1, 70, 150), bool)
        near(lamina.ops.dot_product_attention(q, k, v, mask=none), keras.ops.dot_product_attention(q, k, v, mask=none))
        grouped = [lamina.ops.dot_product_attention(q, t[:, :, :2], v[:, :, :2]) for t in (k,)][0]
        near(grouped, keras.ops.dot_product_attention(q, np.repeat(k[:, :, :2], 2, 2), np.repeat(v[:, :, :2], 2, 2)))


@ENGINES
def test_dropout_acts_on_the_weights(engine):
    with on(engine):
        for layer, call in (
            (lamina.layers.MultiHeadAttention(2, 4, dropout=0.5, seed=3), lambda layer, **kw: layer(Q, V, **kw)),
            (lamina.layers.Attention(dropout=0.5, seed=3), lambda layer, **kw: layer([Q, V], **kw)),
        ):
            calm, again = np.asarray(call(layer)), np.asarray(call(layer))
            np.testing.assert_array_equal(calm, again)
            wild = [np.asarray(call(layer, training=True)) for _ in range(2)]
            assert not np.allclose(wild[0], calm) and not np.allclose(wild[0], wild[1])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    theirs, mine = pair(
        "MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "dtype": policy}, lambda layer: layer(Q, V)
    )
    out = mine(Q, V)
    assert str(out.dtype) == policy[6:]
    near(np.asarray(out).astype("float32"), np.asarray(theirs(Q, V)).astype("float32"), 5e-2, 5e-2)


def test_unknown_lengths_and_subclasses():
    x = lamina.Input((None, 8))
    assert lamina.layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True).shape == (None, None, 8)
    model = lamina.Model(x, lamina.layers.MultiHeadAttention(2, 4)(x, x))
    assert model.predict(Q, verbose=0).shape == Q.shape
    seen = []

    class Watched(lamina.layers.MultiHeadAttention):
        def _compute_attention(
            self, query, key, value, attention_mask=None, training=None, return_attention_scores=False
        ):
            seen.append((tuple(query.shape), attention_mask is None))
            return super()._compute_attention(query, key, value, attention_mask, training, return_attention_scores)

    layer, plain_layer = Watched(2, 4), lamina.layers.MultiHeadAttention(2, 4)
    layer(Q, V), plain_layer(Q, V)
    plain_layer.set_weights(layer.get_weights())
    seen.clear()
    near(layer(Q, V, use_causal_mask=True), plain_layer(Q, V, use_causal_mask=True))
    assert seen == [((3, 5, 2, 4), False)]


ERRORS = [
    (lambda k: k.layers.MultiHeadAttention(0, 4), ValueError, ["`num_heads`", "positive integer", "0"]),
    (lambda k: k.layers.MultiHeadAttention(2, 1.5), ValueError, ["`key_dim`", "1.5"]),
    (lambda k: k.layers.MultiHeadAttention(2, 4, output_shape=2.5), ValueError, ["Invalid `output_shape`", "2.5"]),
    (lambda k: k.layers.MultiHeadAttention(2, 4, sliding_window=0), ValueError, ["`sliding_window`", "0"]),
    (
        lambda k: k.layers.MultiHeadAttention(2, 4, flash_attention=True, dropout=0.1),
        ValueError,
        ["Dropout is not supported when flash attention"],
    ),
    (
        lambda k: k.layers.MultiHeadAttention(2, 4)(Q, V, inputs_for((3, 7, 8))),
        ValueError,
        ["`value` and `key`", "must be equal"],
    ),
    (lambda k: k.layers.MultiHeadAttention(2, 4)(Q), TypeError, ["value"]),
    (
        lambda k: k.layers.GroupQueryAttention(4, 3, 2),
        ValueError,
        ["`num_query_heads` must be divisible by `num_key_value_heads`"],
    ),
    (lambda k: k.layers.Attention(score_mode="sum"), ValueError, ["score_mode", "'dot', 'concat'", "sum"]),
    (lambda k: k.layers.Attention()(Q), ValueError, ["must be called on a list"]),
    (lambda k: k.layers.Attention()([Q]), ValueError, ["length 2 or 3"]),
    (lambda k: k.layers.AdditiveAttention()([Q, V], mask=[None]), ValueError, ["length 2 or 3"]),
    (lambda k: k.ops.dot_product_attention(Q, V, V), ValueError, ["4D", "(3, 5, 8)"]),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_messages(case):
    expect_error(*ERRORS[case])


@pytest.mark.parametrize(
    "make",
    [
        lambda: lamina.layers.MultiHeadAttention(2, 4),
        lambda: lamina.layers.MultiHeadAttention(2, 4, use_gate=True),
        lambda: lamina.layers.MultiHeadAttention(2, 4, dropout=0.1),
        lambda: lamina.layers.GroupQueryAttention(4, 2, 1),
        lambda: lamina.layers.GroupQueryAttention(4, 2, 1, use_gate=True),
    ],
)
@pytest.mark.parametrize("scores", [False, True])
def test_no_mask_is_lost_within_attention(make, scores, engine):
    """The layer's own projections support no masks, which is nobody's loss: the layer obeys the mask and passes the
    query's on."""
    lamina.config.set_lost_masks("error")
    try:
        i = lamina.Input((4,), dtype="int32")
        e = lamina.layers.Embedding(9, 8, mask_zero=True)
        x = e(i)
        layer = make()
        out = layer(x, x, return_attention_scores=scores)
        out = out[0] if scores else out
        assert out._keras_mask is not None
        model = lamina.Model(i, out)
        tokens = np.array([[1, 2, 0, 0]])
        got = model.predict(tokens, verbose=0)[:, :2]
        short = np.asarray(e(tokens[:, :2]))
        np.testing.assert_allclose(got, np.asarray(layer(short, short)), rtol=1e-5, atol=1e-6)
    finally:
        lamina.config.set_lost_masks("warn")
