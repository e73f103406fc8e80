"""Fourier transforms, windows and the layers of spectrograms against real Keras."""

import warnings

import keras
import lamina
import numpy as np
import pytest
from layer_in_model import expect_error

RNG = np.random.default_rng(4)
X = RNG.standard_normal((2, 3, 50)).astype("float32")
PAIR = (X, RNG.standard_normal(X.shape).astype("float32"))
OPS = lamina.ops


def same(mine, theirs, **tolerance):
    if isinstance(theirs, (tuple, list)):
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            same(a, b, **tolerance)
        return
    a, b = np.asarray(mine), np.asarray(theirs)
    assert a.shape == b.shape and a.dtype == b.dtype, (a.shape, b.shape, a.dtype, b.dtype)
    np.testing.assert_allclose(a, b, **{"rtol": 1e-5, "atol": 2e-5, **tolerance})


CALLS = [
    ("fft", lambda ops: ops.fft(PAIR)),
    ("fft_prime", lambda ops: ops.fft((X[..., :37], PAIR[1][..., :37]))),
    ("fft2", lambda ops: ops.fft2(PAIR)),
    ("ifft2", lambda ops: ops.ifft2(PAIR)),
    ("rfft", lambda ops: ops.rfft(X)),
    ("rfft_cut", lambda ops: ops.rfft(X, 31)),
    ("rfft_filled", lambda ops: ops.rfft(X, fft_length=64)),
    ("rfft_whole", lambda ops: ops.rfft(np.arange(6))),
    ("irfft", lambda ops: ops.irfft(PAIR)),
    ("irfft_odd", lambda ops: ops.irfft(PAIR, 41)),
    ("irfft_filled", lambda ops: ops.irfft(PAIR, fft_length=128)),
    ("stft", lambda ops: ops.stft(X, 16, 5, 16)),
    ("stft_padded", lambda ops: ops.stft(X, 10, 4, 17, window="hamming")),
    ("stft_uncentred", lambda ops: ops.stft(X, 10, 12, 16, window=None, center=False)),
    ("stft_window", lambda ops: ops.stft(X, 8, 4, 8, window=np.arange(1.0, 9.0).astype("float32"))),
    ("stft_long", lambda ops: ops.stft(X[..., :9], 32, 3, 32)),
    ("view_as_real", lambda ops: ops.view_as_real(X)),
    ("i0", lambda ops: ops.i0(X * 6)),
    ("i0_whole", lambda ops: ops.i0(np.arange(-12, 12, dtype="int32"))),
    ("i0_half", lambda ops: ops.i0(X.astype("float16"))),
    *((f"{name}_{n}", lambda ops, name=name, n=n: getattr(ops, name)(n))
      for name in ("bartlett", "blackman", "hamming", "hanning") for n in (0, 1, 2, 7, 12)),
    *((f"kaiser_{n}", lambda ops, n=n: ops.kaiser(n, 8.6)) for n in (1, 7, 12)),
]  # fmt: skip


@pytest.mark.parametrize("name, call", CALLS, ids=[name for name, _ in CALLS])
def test_values(name, call):
    same(call(lamina.ops), call(keras.ops), rtol=1e-3 if name == "i0_half" else 2e-5)


SHORT = [
    {"sequence_length": 16, "sequence_stride": 4, "fft_length": 16},
    {"sequence_length": 10, "sequence_stride": 3, "fft_length": 16, "window": "hamming"},
    {"sequence_length": 12, "sequence_stride": 4, "fft_length": 13, "window": None, "center": False},
    {"sequence_length": 8, "sequence_stride": 2, "fft_length": 8, "window": np.hanning(10)[1:-1].astype("float32")},
]


@pytest.mark.parametrize("options", SHORT)
def test_inverse_of_short_times(options):
    spectrum = tuple(np.asarray(t) for t in keras.ops.stft(X, **options))
    for length in (None, 30):
        mine, theirs = (k.ops.istft(spectrum, length=length, **options) for k in (lamina, keras))
        same(mine, theirs, atol=1e-4)
    if options.get("window", "hann") is not None:
        n = np.asarray(mine).shape[-1]
        inner = slice(0 if options.get("center", True) else 8, n - 8)
        np.testing.assert_allclose(np.asarray(mine)[..., inner], X[..., :n][..., inner], atol=1e-4)


def test_windows_without_overlap():
    """Each window is its own inverse; Keras on JAX takes an overlap of half a window there."""
    options = {"sequence_length": 8, "sequence_stride": 8, "fft_length": 8, "window": "hamming", "center": False}
    x = X[..., :48]
    np.testing.assert_allclose(np.asarray(OPS.istft(OPS.stft(x, **options), **options)), x, atol=1e-5)


def test_strides_of_one():
    options = {"sequence_length": 100, "sequence_stride": 1, "fft_length": 100}
    x = RNG.standard_normal((2, 300)).astype("float32")
    spectrum = OPS.stft(x, **options)
    np.testing.assert_allclose(np.asarray(OPS.istft(spectrum, **options)), x[:, :300], atol=1e-4)


def test_i0_in_double_precision():
    x = np.concatenate([np.linspace(-40, 40, 801), [1e-300, 8.0, 300.0]])
    np.testing.assert_allclose(np.asarray(OPS.i0(x)), np.i0(x), rtol=3e-14)


def test_precision():
    x = RNG.standard_normal((1, 4096)).astype("float32")
    exact = np.fft.rfft(x.astype("float64"))
    real, imaginary = (np.asarray(t) for t in OPS.rfft(x))
    np.testing.assert_allclose(real, exact.real, rtol=1.2e-7, atol=1e-12)
    np.testing.assert_allclose(imaginary, exact.imag, rtol=1.2e-7, atol=1e-12)


def test_the_same_bits_for_any_number_of_threads():
    before, results = lamina.config.threads(), []
    for threads in (1, 4):
        lamina.config.set_threads(threads)
        results.append([np.asarray(t) for t in OPS.fft((X, PAIR[1]))] + [np.asarray(OPS.stft(X, 16, 5, 16)[0])])
    lamina.config.set_threads(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_in_a_functional_model(engine, tmp_path):
    def build(k):
        x = k.Input((40,))
        real, imaginary = k.ops.stft(x, 8, 4, 8)
        power = real * real + imaginary * imaginary
        again = k.ops.irfft(k.ops.rfft(x, 32))
        return k.Model(x, [k.layers.Dense(2)(k.layers.Flatten()(power)), again])

    mine = build(lamina)
    assert [tuple(t.shape) for t in mine.outputs] == [tuple(t.shape) for t in build(keras).outputs]
    x = RNG.standard_normal((3, 40)).astype("float32")
    mine.compile(lamina.optimizers.SGD(1e-5), "mse")
    losses = mine.fit(x, [np.zeros((3, 2)), np.zeros((3, 32))], epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    expected = mine.predict(x, verbose=0)
    mine.save(tmp_path / "m.keras")
    for k in (lamina, keras):
        model = k.models.load_model(tmp_path / "m.keras")
        same([np.asarray(t) for t in model(x)], expected, atol=1e-4)


def test_shapes_of_unknown_size():
    for k in (keras, lamina):
        x = k.KerasTensor((None, None))
        assert [tuple(t.shape) for t in k.ops.stft(x, 8, 4, 8)] == [(None, None, 5)] * 2
        assert [tuple(t.shape) for t in k.ops.rfft(x)] == [(None, None)] * 2
        y = k.KerasTensor((None, None, 5))
        assert tuple(k.ops.istft((y, y), 8, 4, 8).shape) == (None, None)
        with pytest.raises(ValueError):
            k.ops.fft((x, x))


ERRORS = [
    (lambda k: k.ops.fft((X,)), ValueError, ["tuple of two"]),
    (lambda k: k.ops.fft((X, X[..., :4])), ValueError, ["same shape", "(2, 3, 4)"]),
    (lambda k: k.ops.fft2((np.arange(4), np.arange(4))), ValueError, ["rank", "(4,)"]),
    (lambda k: k.ops.fft((np.arange(4), np.arange(4))), ValueError, ["float", "int"]),
    (lambda k: k.ops.stft(X.astype("int32"), 4, 2, 4), TypeError, ["float32", "int32"]),
    (lambda k: k.ops.stft(X, 8, 2, 4), ValueError, ["fft_length", "8"]),
    (lambda k: k.ops.stft(X, 8, 2, 8, window="kaiser"), ValueError, ["hann", "kaiser"]),
    (lambda k: k.ops.stft(X, 8, 2, 8, window=np.ones(5, "float32")), ValueError, ["window", "(5,)"]),
    (lambda k: k.ops.istft((X[0, 0], X[0, 0]), 8, 2, 8), ValueError, ["rank", "(50,)"]),
    (lambda k: k.ops.bartlett(k.KerasTensor(())), TypeError, ["symbolic"]),
    (lambda k: k.layers.STFTSpectrogram("power"), ValueError, ["mode", "power", "psd"]),
    (lambda k: k.layers.STFTSpectrogram(frame_step=300), ValueError, ["frame_step", "300", "256"]),
    (lambda k: k.layers.STFTSpectrogram(fft_length=100), ValueError, ["fft_length", "100", "256"]),
    (lambda k: k.layers.STFTSpectrogram(scaling="power"), ValueError, ["scaling", "power"]),
    (lambda k: k.layers.STFTSpectrogram(padding="causal"), ValueError, ["padding", "causal"]),
    (lambda k: k.layers.STFTSpectrogram(window="round"), ValueError, ["round"]),
    (lambda k: k.layers.MelSpectrogram(fft_length=64, sequence_length=65), ValueError, ["fft_length", "65"]),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_messages(case):
    expect_error(*ERRORS[case])


# --- layers ---

SPECTROGRAMS = [
    {"frame_length": 16},
    {"mode": "magnitude", "frame_length": 12, "frame_step": 5, "window": "hamming", "scaling": "spectrum"},
    {"mode": "psd", "frame_length": 16, "fft_length": 32, "periodic": True, "padding": "same"},
    {"mode": "real", "frame_length": 8, "window": None, "expand_dims": True},
    {"mode": "imag", "frame_length": 8, "scaling": None},
    {"mode": "angle", "frame_length": 8, "data_format": "channels_first", "expand_dims": True},
    {"mode": "stft", "frame_length": 9, "data_format": "channels_first"},
    {"mode": "stft", "frame_length": 8, "expand_dims": True, "padding": "same", "window": "blackman"},
]


@pytest.mark.parametrize("config", SPECTROGRAMS)
def test_short_time_spectrograms(engine, tmp_path, config):
    x = RNG.standard_normal((2, 64, 3) if config.get("data_format") != "channels_first" else (2, 3, 64)).astype(
        "float32"
    )
    build = lambda k: k.Sequential([k.Input(x.shape[1:]), k.layers.STFTSpectrogram(**config, name="s")])
    mine, theirs = build(lamina), build(keras)
    expected = np.asarray(theirs(x))
    tolerance = {"rtol": 1e-3, "atol": 2e-4}
    if config.get("mode") == "angle":  # where both parts are about 0 it may be anything
        expected, got = np.cos(expected), np.cos(mine.predict(x, verbose=0))
        assert (np.abs(expected - got) < 1e-3).mean() > 0.99
    else:
        same(mine.predict(x, verbose=0), expected, **tolerance)
    assert tuple(mine.output_shape) == tuple(theirs.output_shape)
    layer, theirs_layer = mine.layers[0], theirs.layers[0]
    assert tuple(layer.compute_output_shape((None, *x.shape[1:]))) == tuple(
        theirs_layer.compute_output_shape((None, *x.shape[1:]))
    )
    assert [w.path.split("/")[-1] for w in layer.weights] == [w.path.split("/")[-1] for w in theirs_layer.weights]
    for a, b in zip(layer.get_weights(), theirs_layer.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert {k: v for k, v in layer.get_config().items() if k != "dtype"} == {
        k: v for k, v in theirs_layer.get_config().items() if k != "dtype"
    }
    mine.save(tmp_path / "m.keras")
    theirs.save(tmp_path / "t.keras")
    reference = np.asarray(theirs(x))
    for model in (keras.models.load_model(tmp_path / "m.keras"), lamina.models.load_model(tmp_path / "t.keras")):
        if config.get("mode") != "angle":
            same(np.asarray(model(x)), reference, **tolerance)
    if config.get("mode") in ("real", "stft"):
        mine.compile("sgd", "mse")
        before = mine.get_weights()[0]
        mine.fit(x, np.zeros_like(reference), verbose=0)
        assert not np.array_equal(before, mine.get_weights()[0])


MEL = [
    {"fft_length": 64, "sequence_stride": 16, "num_mel_bins": 12},
    {"sequence_length": 40, "fft_length": 64, "sequence_stride": 20, "window": "hamming", "max_freq": 3000},
    {"fft_length": 64, "sequence_stride": 16, "power_to_db": False, "mag_exp": 1.0, "min_freq": 200.0},
    {"fft_length": 64, "sequence_stride": 16, "top_db": 20.0, "ref_power": 3.0, "sampling_rate": 8000},
]


@pytest.mark.parametrize("config", MEL)
def test_mel_spectrograms(engine, tmp_path, config):
    x = RNG.standard_normal((2, 400)).astype("float32")
    theirs, mine = (k.layers.MelSpectrogram(**config, name="m") for k in (keras, lamina))
    same(mine(x), theirs(x), rtol=1e-4, atol=1e-3)
    same(mine(x[0]), theirs(x[0]), rtol=1e-4, atol=1e-3)
    assert tuple(mine.compute_output_shape((None, 400))) == tuple(theirs.compute_output_shape((None, 400)))
    assert {k: v for k, v in mine.get_config().items() if k != "dtype"} == {
        k: v for k, v in theirs.get_config().items() if k != "dtype"
    }
    model = lamina.Sequential([lamina.Input((400,)), mine])
    out = model.predict(x, verbose=0)
    model.save(tmp_path / "m.keras")
    same(np.asarray(keras.models.load_model(tmp_path / "m.keras")(x)), out, rtol=1e-4, atol=1e-3)
    same(np.asarray(lamina.layers.deserialize(keras.layers.serialize(theirs))(x)), out, rtol=1e-4, atol=1e-3)
    data = lamina.data.Dataset.from_tensor_slices(x).map(mine)
    for row, one in zip(x, data, strict=True):
        same(one, mine(row), atol=1e-4)


def test_mel_weights():
    theirs, mine = keras.layers.MelSpectrogram(), lamina.layers.MelSpectrogram()
    for arguments in ((), (10, 65, 16000, 50.0, 7000.0)):
        same(mine.linear_to_mel_weight_matrix(*arguments), theirs.linear_to_mel_weight_matrix(*arguments), atol=1e-4)


def test_lengths_that_are_no_powers():
    for k in (keras, lamina):
        with pytest.warns(UserWarning, match="power of two"):
            k.layers.STFTSpectrogram(frame_length=8, fft_length=12)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            k.layers.STFTSpectrogram(frame_length=8, fft_length=16)


def test_whole_numbers_are_no_signals():
    for k in (keras, lamina):
        with pytest.raises(TypeError, match="int32"):
            k.layers.STFTSpectrogram(frame_length=8)(np.ones((1, 20, 1), "int32"))
