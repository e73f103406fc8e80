"""Requests beyond what there is - sizes, axes, counts, depths, memory, disks - are the exceptions that Keras or NumPy
raise, and never end the process."""

import os
import subprocess
import sys

import lamina as k
import numpy as np
import pytest

ONES = np.ones((2, 3), "f4")
SEQUENCE = np.ones((2, 4, 4), "f4")
HUGE = 2**62


def compiled(metric, y):
    model = k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[metric])
    model.fit(np.ones((8, 4), "f4"), y, verbose=0)


# The call and the exception; Keras raises the same where it does not abort itself.
MISTAKES = {
    "top k with labels for one-hot": (lambda: k.metrics.top_k_categorical_accuracy(np.ones(3, "f4"), ONES), ValueError),
    "top k in fit": (lambda: compiled(k.metrics.TopKCategoricalAccuracy(2), np.ones(8, "i4")), ValueError),
    "sparse top k, one-hot": (lambda: k.metrics.SparseTopKCategoricalAccuracy(2)(np.eye(3)[[0, 1]], ONES), ValueError),
    "sparse top k, more labels": (
        lambda: k.metrics.sparse_top_k_categorical_accuracy(np.zeros(40, "i4"), ONES),
        ValueError,
    ),
    "in_top_k, one row": (lambda: k.ops.in_top_k(np.zeros(3, "i4"), np.ones(3, "f4"), 1), ValueError),
    "merging scalars": (lambda: k.layers.Add()([np.ones((), "f4"), ONES]), ValueError),
    "maximum of a symbolic scalar": (
        lambda: k.layers.Maximum()([np.ones((), "f4"), k.KerasTensor((None, 3, 4))]),
        IndexError,
    ),
    "trapezoid at a number": (lambda: k.ops.trapezoid(np.ones((3, 3), "f4"), x=2.0), ValueError),
    "trapezoid at other places": (lambda: k.ops.trapezoid(np.ones((3, 3), "f4"), x=np.ones(4)), ValueError),
    "argpartition axis": (lambda: k.ops.argpartition(np.ones(3, "f4"), 1, axis=5), ValueError),
    "TimeDistributed(None)": (lambda: k.layers.TimeDistributed(None), ValueError),
    "Bidirectional(None)": (lambda: k.layers.Bidirectional(None), ValueError),
    "RNN(None)": (lambda: k.layers.RNN(None), ValueError),
    "StackedRNNCells(None)": (lambda: k.layers.StackedRNNCells(None), ValueError),
    "sparse crossentropy, fewer labels": (
        lambda: k.losses.SparseCategoricalCrossentropy(ignore_class=0)(np.ones(7, "i8"), np.ones((2, 3, 4), "f4")),
        ValueError,
    ),
    "sparse crossentropy, no labels": (
        lambda: k.metrics.SparseCategoricalCrossentropy(ignore_class=2)(np.ones(0, "f4"), np.ones((1, 1, 1, 1), "f4")),
        ValueError,
    ),
    "softmax over nothing": (lambda: k.layers.Softmax(axis=())(SEQUENCE), ValueError),
    "top_k of -1": (lambda: k.ops.top_k(np.arange(5.0), -1), ValueError),
    "repeat -2 times": (lambda: k.ops.repeat(np.arange(3.0), np.array([1, -2, 3])), ValueError),
    "repeat -1 times": (lambda: k.ops.repeat(np.arange(3.0), -1), ValueError),
    "tile -1 times": (lambda: k.ops.tile(np.arange(3.0), -1), ValueError),
    "one_hot of -1": (lambda: k.ops.one_hot(np.arange(3), -1), ValueError),
    "segments of -1": (lambda: k.ops.segment_sum(np.ones(4, "f4"), np.zeros(4, "i4"), -1), ValueError),
    "bincount of -1": (lambda: k.ops.bincount(np.zeros(4, "i4"), minlength=-1), ValueError),
    "tensordot over many": (lambda: k.ops.tensordot(ONES, ONES, axes=2**31 - 1), ValueError),
    "slice starts": (lambda: k.ops.slice(ONES, [0], (1, 1)), ValueError),
    "bool as index": (lambda: k.ops.convert_to_tensor(np.float32(1))[np.array(True)], IndexError),
    "int() of NaN": (lambda: int(k.ops.convert_to_tensor(float("nan"))), ValueError),
    "int() of infinity": (lambda: int(k.Variable(float("inf"))), OverflowError),
    # Sizes whose product or bytes do not fit in 64 bits.
    "zeros": (lambda: k.ops.zeros((HUGE,)), ValueError),
    "ones": (lambda: k.ops.ones((2**54, 2**54)), ValueError),
    "ones, bytes": (lambda: k.ops.ones((2**55, 2**7)), ValueError),
    "full": (lambda: k.ops.full((2**63 - 1,), 1.0), ValueError),
    "eye": (lambda: k.ops.eye(HUGE), ValueError),
    "tri": (lambda: k.ops.tri(HUGE), ValueError),
    "scatter": (lambda: k.ops.scatter(np.array([[0, 0]]), np.ones(1, "f4"), (HUGE, 4)), ValueError),
    "tile": (lambda: k.ops.tile(np.ones(4, "f4"), HUGE), ValueError),
    "repeat": (lambda: k.ops.repeat(np.ones(4, "f4"), HUGE), ValueError),
    "pad": (lambda: k.ops.pad(np.ones(4, "f4"), [[HUGE, HUGE]]), ValueError),
    "pad by mode": (lambda: k.ops.pad(np.ones(4, "f4"), [[0, HUGE]], mode="reflect"), ValueError),
    "histogram": (lambda: k.ops.histogram(np.ones(3, "f4"), bins=HUGE), ValueError),
    "linspace": (lambda: k.ops.linspace(0.0, 1.0, HUGE), ValueError),
    "geomspace": (lambda: k.ops.geomspace(1.0, 2.0, 2**63 - 1), ValueError),
    "arange": (lambda: k.ops.arange(HUGE), ValueError),
    "arange of infinity": (lambda: k.ops.arange(float("inf")), OverflowError),
    "diag": (lambda: k.ops.diag(np.ones(3, "f4"), k=HUGE), ValueError),
    "diagflat": (lambda: k.ops.diagflat(1.0, k=-HUGE), ValueError),
    "one_hot": (lambda: k.ops.one_hot(np.arange(4), HUGE), ValueError),
    "broadcast_to": (lambda: k.ops.broadcast_to(np.ones(1, "f4"), (HUGE,)), ValueError),
    "reshape": (lambda: k.ops.reshape(np.ones(4, "f4"), (2**55, 2**55)), ValueError),
    "segment_sum": (lambda: k.ops.segment_sum(np.ones(4, "f4"), np.zeros(4, "i4"), HUGE), ValueError),
    "bincount": (lambda: k.ops.bincount(np.zeros(4, "i4"), minlength=HUGE), ValueError),
    "uniform": (lambda: k.random.uniform((HUGE,)), ValueError),
    "initializer": (lambda: k.initializers.GlorotUniform()((2**54, 2**54)), ValueError),
    "Variable": (lambda: k.Variable(initializer="zeros", shape=(2**54, 2**54)), ValueError),
    "add_weight": (lambda: k.layers.Layer().add_weight(shape=(2**54, 2**54)), ValueError),
    "Dense": (lambda: k.layers.Dense(2**63 - 1)(ONES), ValueError),
    "Dense, bytes": (lambda: k.layers.Dense(2**56)(np.ones((2, 128), "f4")), ValueError),
    "Embedding": (lambda: k.layers.Embedding(HUGE, 4)(np.ones((2, 4), "i4")), ValueError),
    "Conv1D": (lambda: k.layers.Conv1D(HUGE, 3)(SEQUENCE), ValueError),
    "Conv1D, dilated": (lambda: k.layers.Conv1D(2, 3, dilation_rate=2**63 - 1)(SEQUENCE), ValueError),
    "LSTM": (lambda: k.layers.LSTM(2**61)(SEQUENCE), ValueError),
    "RepeatVector": (lambda: k.layers.RepeatVector(HUGE)(ONES), ValueError),
    "UpSampling1D": (lambda: k.layers.UpSampling1D(HUGE)(SEQUENCE), ValueError),
    "ZeroPadding1D": (lambda: k.layers.ZeroPadding1D(HUGE)(SEQUENCE), ValueError),
    "Cropping1D": (lambda: k.layers.Cropping1D((2**63 - 1, 1))(SEQUENCE), ValueError),
    "AdaptiveMaxPooling1D": (lambda: k.layers.AdaptiveMaxPooling1D(HUGE)(SEQUENCE), ValueError),
    # Integers of more than 64 bits.
    "add 10**400": (lambda: k.ops.add(ONES, 10**400), OverflowError),
    "axis 2**32": (lambda: k.ops.sum(ONES, axis=2**32), OverflowError),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name, engine):
    call, kind = MISTAKES[name]
    with pytest.raises(kind):
        call()
    with pytest.raises(kind):  # nor has the first one left anything behind
        call()


def test_in_a_file():
    config = k.Sequential([k.Input((4,)), k.layers.Dense(3)]).get_config()
    config["layers"][1]["config"]["units"] = 2**63 - 1
    with pytest.raises(ValueError):
        k.Sequential.from_config(config)


# ---- right values where something was wrong ----


def test_in_top_k_looks_at_every_row():
    """One target goes for all rows; each row's own score counts."""
    scores = np.array([[0.1, 0.9], [0.9, 0.1]], "f4")
    assert k.ops.in_top_k(np.array([0]), scores, 1).tolist() == [False, True]


def test_top_k_of_sequences():
    labels = np.array([[0, 1], [2, 2]])
    scores = np.array([[[0.1, 0.5, 0.4], [0.1, 0.5, 0.4]], [[0.2, 0.5, 0.3], [0.1, 0.2, 0.7]]], "f4")
    assert k.metrics.sparse_top_k_categorical_accuracy(labels, scores, 2).tolist() == [[0, 1], [1, 1]]
    assert k.metrics.top_k_categorical_accuracy(np.eye(3)[labels], scores, 1).tolist() == [[0, 1], [0, 1]]
    order = np.array([[[1, 2], [2, 1]], [[0, 1], [2, 0]]])
    assert k.metrics.sparse_top_k_categorical_accuracy(labels, order, 1, from_sorted_ids=True).tolist() == [
        [0, 0],
        [0, 1],
    ]


def test_rolling_over_no_axes():
    x = np.arange(3.0)
    assert k.ops.roll(x, -2, axis=()).tolist() == [0, 1, 2] and k.ops.roll(x, (), axis=0).tolist() == [0, 1, 2]


def test_trainable_of_layers_in_a_circle():
    a, b = (type(n, (k.layers.Layer,), {"call": lambda self, x: x})() for n in "ab")
    a.other, b.other = b, a
    a.trainable = False
    assert not b.trainable


def test_diagonals_beyond_the_corners():
    assert k.ops.tri(2, k=2**40).tolist() == [[1, 1], [1, 1]]
    assert k.ops.eye(2, k=-(2**40)).tolist() == [[0, 0], [0, 0]]
    assert k.ops.triu(np.ones((2, 2)), k=2**63 - 1).tolist() == [[0, 0], [0, 0]]
    assert k.ops.diagonal(np.ones((2, 3)), offset=-(2**63)).shape == (0,)


def test_slices_beyond_64_bits():
    x = k.ops.arange(3)
    assert (
        x[10**400 :].tolist() == []
        and x[-(10**400) :].tolist() == [0, 1, 2]
        and x[:: 2**63 - 1].tolist() == [0]
        and x[:: -(2**63)].tolist() == [2]
    )


def test_integers_keep_64_bits():
    assert int(k.ops.convert_to_tensor(np.int64(2**62 + 1))) == 2**62 + 1
    assert int(k.ops.convert_to_tensor(np.uint64(2**64 - 1))) == 2**64 - 1


# ---- what contains itself ----


def test_lists_and_dicts_in_themselves():
    endless = []
    endless.append(endless)
    config = {}
    config["a"] = config
    deep = 1.0
    for _ in range(30000):
        deep = [deep]
    for call in (
        lambda: k.ops.add(endless, 1),
        lambda: k.ops.convert_to_tensor(deep),
        lambda: k.layers.Dense(2, kernel_initializer=config),
        lambda: k.tree.flatten(endless),
    ):
        with pytest.raises(RecursionError):
            call()


def test_model_in_itself(engine):
    m = k.Sequential([k.layers.Dense(3)])
    m.add(m)
    for call in (lambda: m(ONES), lambda: m.get_config(), lambda: m.predict(ONES, verbose=0)):
        with pytest.raises(RecursionError):
            call()


def test_layer_that_calls_itself(engine):
    class Mirror(k.layers.Layer):
        def call(self, x):
            return self(x)

    with pytest.raises(RecursionError):
        Mirror()(ONES)


# ---- little memory, full disks ----


def child(program, *arguments, cwd=None):
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, cwd=cwd
    )
    assert done.returncode == 0, f"ended with {done.returncode}\n{done.stdout}{done.stderr[-3000:]}"
    return done.stdout.split()


LITTLE_MEMORY = """
import sys, resource, warnings
import lamina as k, numpy as np
warnings.simplefilter("ignore")
what, megabytes, engine = sys.argv[1], float(sys.argv[2]), sys.argv[3]
k.config.set_engine(engine)
L, o = k.layers, k.ops
def model(shape, *layers):
    m = k.Sequential([k.Input(shape), *layers])
    m.compile("adam", "mse")
    return m
def arrays(*shapes): return [np.ones(s, "f4") for s in shapes]
a, image, kernel = arrays((1500, 1500), (1, 200, 200, 16), (3, 3, 16, 32))
dense = model((256,), L.Dense(1024, activation="relu"), L.BatchNormalization(), L.Dense(8))
convolution, pooled = L.Conv2D(32, 3, activation="relu"), L.GlobalAveragePooling2D()
cnn = model((64, 64, 16), convolution, L.MaxPooling2D(), L.Conv2D(64, 3, strides=2), pooled, L.Dense(4))
rnn = model((50, 64), L.LSTM(128, return_sequences=True), L.GRU(64), L.Dense(4))
large = k.Sequential([k.Input((512,)), L.Dense(2000)])
def tape():
    v = k.Variable(a)
    with k.GradientTape() as t:
        z = o.sum(o.matmul(o.tanh(v * 2.0) * v, v))
    return t.gradient(z, [v])
calls = {
    "product": lambda: L.Dense(1000)(a),
    "convolution": lambda: o.conv(image, kernel),
    "sort": lambda: o.sort(a),
    "tape": tape,
    "dense": lambda: dense.fit(*arrays((512, 256), (512, 8)), batch_size=256, verbose=0),
    "cnn": lambda: cnn.fit(*arrays((32, 64, 64, 16), (32, 4)), verbose=0),
    "rnn": lambda: rnn.fit(*arrays((64, 50, 64), (64, 4)), verbose=0),
    "file": lambda: large.save("m.keras"),
    "weights": lambda: large.save_weights("m.weights.h5"),
}
o.tanh(np.ones((2000, 2000), "f4"))  # starts the threads
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
unlimited = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (int(now + megabytes * (1 << 20)), unlimited[1]))
for i in range(2):
    try:
        calls[what]()
        print("fine")
    except MemoryError:
        print("MemoryError")
resource.setrlimit(resource.RLIMIT_AS, unlimited)
calls[what]()
print("fine")
"""


@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="a sanitizer needs all addresses")
@pytest.mark.parametrize(
    "what, megabytes",
    [
        ("product", (1, 28, 40)),
        ("convolution", (4, 10)),
        ("sort", (10,)),
        ("tape", (20, 35)),
        ("dense", (4, 16)),
        ("cnn", (8, 12, 28)),
        ("rnn", (4, 16)),
        ("file", (4, 12, 28)),
        ("weights", (1, 12)),
    ],
)
def test_little_memory(what, megabytes, engine, tmp_path):
    """A MemoryError, after which all goes well with more memory."""
    for limit in megabytes:
        told = child(LITTLE_MEMORY, what, limit, engine, cwd=tmp_path)
        assert set(told[:2]) <= {"fine", "MemoryError"} and told[2] == "fine"


FULL_DISK = """
import sys, signal, resource
import lamina as k
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
m = k.Sequential([k.Input((256,)), k.layers.Dense(512)])
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
def save():
    if sys.argv[1] == "shards": m.save_weights("x.weights.json", max_shard_size=0.002)
    elif sys.argv[1] == "weights": m.save_weights("x.weights.h5")
    else: m.save("x." + sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), unlimited[1]))
for i in range(3):
    try:
        save()
        print("no error")
    except OSError as e:
        print("OSError")
        assert "File too large" in str(e), e
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
save()
"""


@pytest.mark.parametrize("kind", ["h5", "weights", "shards", "keras"])
@pytest.mark.parametrize("limit", [0, 512, 4096, 100000])
def test_full_disk(kind, limit, tmp_path):
    """An OSError that says so; the process goes on, saves when there is room, and ends well. Nothing is left on the
    disk."""
    assert child(FULL_DISK, kind, limit, cwd=tmp_path) == ["OSError"] * 3
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]
