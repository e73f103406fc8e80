"""What `import tensorflow` gives where it is not installed: TensorFlow's results, and what scripts do with it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from lamina.as_keras import tensorflow as stand_in
from tensorflow_cases import CASES, RESULTS, arrays

EXPECTED = json.loads(RESULTS.read_text())


class Names:
    """The module that a script gets, without a change to this process' imports."""

    def __getattr__(self, name):
        return stand_in.find(name)


@pytest.mark.parametrize("name", CASES)
def test_results(name):
    found = arrays(CASES[name](Names()))
    assert len(found) == len(EXPECTED[name])
    for ours, (dtype, values) in zip(found, EXPECTED[name]):
        values = np.asarray(values)
        assert ours.shape == values.shape
        assert ours.dtype.name == dtype
        loose = 1e-3 if "bicubic" in name else 3e-4 if "image" in name else 2e-5  # TensorFlow's bicubic is by a table
        np.testing.assert_allclose(ours.astype("float64"), values, rtol=2e-4, atol=loose)


def test_every_case_has_results():
    assert sorted(EXPECTED) == sorted(CASES)


def run(script, **env):
    code = f"import lamina.as_keras\n{script}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **env})
    assert done.returncode == 0, done.stderr
    return done.stdout


MODELS = """
import keras, numpy as np, tensorflow as tf

keras.utils.set_random_seed(2027)

class Sampling(keras.layers.Layer):
    def call(self, x):
        mean, spread = tf.split(x, 2, axis=-1)
        noise = tf.random.normal(shape=(tf.shape(mean)[0], 2), seed=3)
        self.add_loss(tf.reduce_mean(tf.square(mean)))
        return mean + tf.exp(0.5 * spread) * noise

def causal(batch, length):  # of Keras' examples
    mask = tf.cast(tf.range(length)[:, None] >= tf.range(length), tf.float32)
    times = tf.concat([tf.expand_dims(batch, -1), tf.constant([1, 1], dtype=tf.int32)], 0)
    return tf.tile(tf.reshape(mask, [1, length, length]), times)

class Masked(keras.layers.Layer):
    def call(self, x):
        sizes = tf.shape(x)
        return tf.matmul(causal(sizes[0], sizes[1]), x)

steps = keras.Sequential([keras.Input((None, 2)), Masked()])
summed = steps.predict(np.ones((2, 4, 2), "float32"), verbose=0)
assert summed[1, :, 0].tolist() == [1.0, 2.0, 3.0, 4.0]

class Scaled(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(tf.ones(2), trainable=True)
    def call(self, x):
        return tf.nn.relu(x) * self.scale

given = keras.Input((3,))
hidden = Sampling()(keras.layers.Dense(4)(given))
model = keras.Model(given, tf.concat([Scaled()(hidden), tf.expand_dims(tf.reduce_sum(hidden, axis=-1), 1)], axis=-1))
assert model.output_shape == (None, 3), model.output_shape
assert len(model.trainable_variables) == 3
model.compile("adam", lambda t, p: tf.reduce_mean(tf.abs(t - p)), metrics=[lambda t, p: tf.math.reduce_max(p)])
x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
losses = model.fit(x, x, epochs=3, verbose=0).history["loss"]
assert np.isfinite(losses).all()
assert not np.array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))  # drawn anew in each run

@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - x))
    grads, _ = tf.clip_by_global_norm(tape.gradient(loss, model.trainable_variables), 1.0)
    model.optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss
seen = [float(step(tf.constant(x))) for _ in range(200)]  # each step draws its own noise
assert np.mean(seen[-20:]) < 0.9 * np.mean(seen[:20]), (np.mean(seen[:20]), np.mean(seen[-20:]))

@tf.function
def by_values(x):
    total = tf.constant(0)
    for i in tf.range(x):
        if i % 2 == 0:
            total += i
    return total
assert int(by_values(tf.constant(7))) == 12 and int(by_values(tf.constant(9))) == 20
"""


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_in_models(engine):
    run(MODELS, LAMINA_BACKEND=engine)


def test_variables_and_checkpoints(tmp_path):
    run(
        f"""
import keras, numpy as np, tensorflow as tf
v = tf.Variable([1.0, 2.0], name="layer/v:0")
v.assign_add([1.0, 1.0])
assert isinstance(v, tf.Variable) and isinstance(keras.layers.Dense(1).build((None, 2)) or v, tf.Variable)
assert v.numpy().tolist() == [2.0, 3.0] and not tf.Variable(3).trainable and tf.Variable(lambda: 1.5).dtype == "float32"
square = tf.Variable(np.zeros((2, 2)))
square[0, 1].assign(5.0)
assert square.numpy().tolist() == [[0.0, 5.0], [0.0, 0.0]]
try:
    tf.constant([1.0])[0].assign(2.0)
except AttributeError as error:
    assert "variable.assign" in str(error)
with tf.GradientTape() as tape:
    y = tf.reduce_sum(v**2)
assert tape.gradient(y, v).numpy().tolist() == [4.0, 6.0]
class Net(tf.Module):
    def __init__(self):
        super().__init__(name="net")
        self.w, self.parts = tf.Variable(1.0), [tf.Variable(2), {{"a": v}}]
net = Net()
assert net.name == "net" and len(net.variables) == 3 and len(net.trainable_variables) == 2
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
checkpoint = tf.train.Checkpoint(model=model, net=net, step=tf.Variable(1))
manager = tf.train.CheckpointManager(checkpoint, r"{tmp_path}/saved", max_to_keep=2)
before = model.get_weights()
paths = [manager.save() for _ in range(3)]
assert manager.checkpoints == paths[1:] and tf.train.latest_checkpoint(r"{tmp_path}/saved") == paths[2]
v.assign([0.0, 0.0]), model.set_weights([w * 0 + 5 for w in before]), checkpoint.step.assign(7)
checkpoint.restore(manager.latest_checkpoint).assert_consumed()
assert v.numpy().tolist() == [2.0, 3.0] and int(checkpoint.step) == 1
assert all((a == b).all() for a, b in zip(model.get_weights(), before))
assert tf.train.latest_checkpoint(r"{tmp_path}/none") is None
"""
    )


def test_files_and_records(tmp_path):
    run(
        f"""
import keras, numpy as np, tensorflow as tf
picture = np.random.default_rng(0).integers(0, 256, (5, 4, 3)).astype("uint8")
path = r"{tmp_path}/a/x.png"
tf.io.write_file(path, tf.io.encode_png(picture))
assert tf.io.gfile.exists(path) and tf.io.gfile.glob(r"{tmp_path}/*/*.png") == [path]
files = tf.data.Dataset.list_files(r"{tmp_path}/*/*.png")
read = files.map(tf.io.read_file).map(lambda b: tf.image.decode_png(b, channels=3))
assert (next(iter(read)).numpy() == picture).all()
assert tf.image.decode_image(tf.io.read_file(path), dtype=tf.float32).numpy().max() <= 1.0
tf.io.write_file(path + ".wav", tf.audio.encode_wav(np.linspace(-1, 1, 20, dtype="float32")[:, None], 8000))
sound, rate = tf.audio.decode_wav(tf.io.read_file(path + ".wav"), desired_samples=25)
assert sound.shape == (25, 1) and int(rate) == 8000 and abs(float(sound[3, 0]) - np.linspace(-1, 1, 20)[3]) < 1e-4
with tf.io.TFRecordWriter(r"{tmp_path}/r.tfrecord") as writer:
    for i in range(3):
        feature = {{
            "n": tf.train.Feature(int64_list=tf.train.Int64List(value=[i, -i])),
            "x": tf.train.Feature(float_list=tf.train.FloatList(value=[i / 2])),
            "text": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"t%d" % i])),
        }}
        writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
assert tf.train.Feature(int64_list=tf.train.Int64List(value=[1])).SerializeToString() == b"\\x1a\\x03\\n\\x01\\x01"
spec = {{
    "n": tf.io.FixedLenFeature([2], tf.int64), "x": tf.io.FixedLenFeature([], tf.float32),
    "text": tf.io.FixedLenFeature([], tf.string), "none": tf.io.FixedLenFeature([], tf.int64, default_value=9),
}}
records = list(tf.data.TFRecordDataset(r"{tmp_path}/r.tfrecord").map(lambda r: tf.io.parse_single_example(r, spec)))
assert [r["n"].numpy().tolist() for r in records] == [[0, 0], [1, -1], [2, -2]]
assert [float(r["x"]) for r in records] == [0.0, 0.5, 1.0] and records[2]["text"].numpy() == b"t2"
assert int(records[0]["none"]) == 9
tf.io.write_file(r"{tmp_path}/t.csv", "a,b,label\\n1,x,0\\n2,y,1\\n")
data = tf.data.experimental.make_csv_dataset(r"{tmp_path}/t.csv", 2, label_name="label", num_epochs=1, shuffle=False)
features, labels = next(iter(data))
assert features["a"].numpy().tolist() == [1, 2] and features["b"].numpy().tolist() == [b"x", b"y"]
assert labels.numpy().tolist() == [0, 1] and labels.dtype == tf.int32
lines = tf.data.TextLineDataset(r"{tmp_path}/t.csv").skip(1).map(tf.strings.upper)
assert [line.numpy() for line in lines] == [b"1,X,0", b"2,Y,1"]
assert tf.data.experimental.cardinality(tf.data.Dataset.range(4)).numpy() == 4
assert tf.strings.split(b"a/b", "/").numpy().tolist() == [b"a", b"b"]
assert tf.strings.reduce_join([["a", "b"]], separator="-").numpy() == b"a-b"
"""
    )


def test_machine_and_names():
    run(
        """
import numpy as np, tensorflow as tf
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from tensorflow.keras.preprocessing.sequence import pad_sequences
import tensorflow.compat.v1 as v1
assert tf.config.list_physical_devices("GPU") == [] and len(tf.config.list_physical_devices()) == 1
with tf.distribute.MirroredStrategy().scope(), tf.device("/cpu:0"):
    x = tf.random.uniform((3, 2), 1, 5, dtype=tf.int32, seed=1)
assert x.dtype == tf.int32 and int(tf.reduce_min(x)) >= 1 and int(tf.reduce_max(x)) < 5
assert tf.float32.max > 1e38 and tf.int32.min == -2**31 and tf.as_dtype("int64") == tf.int64
draws = []
for _ in range(2):
    tf.random.set_seed(4)
    draws.append([tf.random.normal((2,), seed=3).numpy().tolist() for _ in range(2)])
assert draws[0] == draws[1] and draws[0][0] != draws[0][1]
draws = [tf.random.stateless_uniform((2,), seed).numpy().tolist() for seed in ((1, 2), (1, 2), (2, 1))]
assert draws[0] == draws[1] != draws[2]
assert tf.image.random_crop(np.zeros((6, 5, 3)), (4, 4, 3)).shape == (4, 4, 3)
try:
    tf.distribute.cluster_resolver.TPUClusterResolver()
except ValueError as error:
    assert "no TPU" in str(error)
assert not isinstance(x, tf.RaggedTensor) and issubclass(tf.errors.InvalidArgumentError, ValueError)
array = tf.TensorArray(tf.float32, size=2)
assert array.write(0, [1.0]).write(1, [2.0]).stack().numpy().tolist() == [[1.0], [2.0]]
try:
    tf.reduce_mean(x, axs=1)
except TypeError as error:
    assert "tf.reduce_mean() takes input_tensor, axis, keepdims" in str(error), error
"""
    )


def test_an_installed_tensorflow_is_asked_for_its_own_tensors_alone(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(
        "from . import math, random\ndef reduce_sum(x):\n    return 'theirs'\ndef own(x):\n    return 'own'\n"
    )
    (tmp_path / "tensorflow" / "math.py").write_text("def exp(x):\n    return 'theirs'\n")
    (tmp_path / "tensorflow" / "random.py").write_text("def normal(shape):\n    return 'theirs'\n")
    run(
        """
import keras, tensorflow as tf
x = keras.ops.ones(3)
assert tf.reduce_sum([1.0]) == "theirs" and float(tf.reduce_sum(x)) == 3 and tf.own(x) == "own"
assert tf.math.exp(2.0) == "theirs" and tf.math.exp(x=keras.Input((2,))).shape == (None, 2)
drawn = []
keras.function(lambda a: drawn.append(tf.random.normal((2,))) or a)(x)
assert tf.random.normal((2,)) == "theirs" and drawn[0] != "theirs"
""",
        PYTHONPATH=str(tmp_path),
    )
