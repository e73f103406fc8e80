"""Calls of TensorFlow's functions that lamina.as_keras stands in for, and their results of TensorFlow 2.21.

`python tests/python/tensorflow_cases.py`, where TensorFlow is installed, writes tensorflow_results.json anew.
"""

import json
from pathlib import Path

import numpy as np


def _names(text):
    return text.split()


RESULTS = Path(__file__).with_name("tensorflow_results.json")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3)).astype("float32")
P = np.abs(X) + 0.1
CUBE = RNG.normal(size=(2, 3, 4)).astype("float32")
SQUARE = (RNG.normal(size=(3, 3)) + 3 * np.eye(3)).astype("float32")
IDS = np.array([[2, 0], [1, 1]], "int32")
IMAGES = RNG.integers(0, 256, (2, 6, 5, 3)).astype("uint8")
FLOATS = (IMAGES / 255).astype("float32")
KERNEL = RNG.normal(size=(3, 2, 3, 4)).astype("float32")
LINE = RNG.normal(size=(2, 50)).astype("float32")
LOGITS = RNG.normal(size=(4, 3)).astype("float32")
ONE_HOT = np.eye(3, dtype="float32")[[0, 2, 1, 1]]

UNARY = [
    "abs",
    "acos",
    "asin",
    "atan",
    "cos",
    "cosh",
    "exp",
    "floor",
    "negative",
    "round",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
]
MATH = [
    "ceil",
    "erf",
    "expm1",
    "is_finite",
    "is_nan",
    "log",
    "log1p",
    "log_sigmoid",
    "reciprocal",
    "rint",
    "rsqrt",
    "softplus",
    "softsign",
]
BINARY = [
    "add",
    "atan2",
    "divide",
    "greater",
    "less_equal",
    "maximum",
    "minimum",
    "multiply",
    "not_equal",
    "pow",
    "subtract",
    "truediv",
]
REDUCE = _names("reduce_sum reduce_mean reduce_max reduce_min reduce_prod reduce_logsumexp")
ACTIVATIONS = _names("elu gelu leaky_relu log_softmax relu relu6 selu silu softmax swish crelu")
UNIT = (P / 4).astype("float32")


def _many():
    for name in UNARY:
        yield name, lambda tf, name=name: getattr(tf, name)(UNIT)
    for name in MATH:
        yield f"math.{name}", lambda tf, name=name: getattr(tf.math, name)(P)
    for name in BINARY:
        yield name, lambda tf, name=name: getattr(tf, name)(x=P, y=np.float32([[1, 2, 0.5]]))
    for name in REDUCE:
        yield name, lambda tf, name=name: getattr(tf, name)(CUBE, axis=[0, -1], keepdims=True)
        yield f"{name} of all", lambda tf, name=name: getattr(tf, name)(input_tensor=P)
    for name in ACTIVATIONS:
        yield f"nn.{name}", lambda tf, name=name: getattr(tf.nn, name)(X)


CASES = {
    **dict(_many()),
    # arrays
    "constant": lambda tf: tf.constant([1, 2, 3, 4], shape=(2, 2)),
    "constant filled": lambda tf: tf.constant(2.0, shape=[2, 3]),
    "cast": lambda tf: tf.cast([1.7, -1.7], tf.int32),
    "saturate_cast": lambda tf: tf.saturate_cast([300.0, -5.0, 7.0], tf.uint8),
    "shape": lambda tf: tf.shape(CUBE),
    "shape times 2": lambda tf: tf.shape(CUBE)[1:] * 2 + 1,
    "size": lambda tf: tf.size(CUBE),
    "rank": lambda tf: tf.rank(CUBE),
    "zeros": lambda tf: tf.zeros([2, 1], tf.int32),
    "ones": lambda tf: tf.ones(3),
    "fill": lambda tf: tf.fill([2, 2], 7),
    "eye": lambda tf: tf.eye(2, 3, batch_shape=[2]),
    "range": lambda tf: tf.range(5),
    "range by steps": lambda tf: tf.range(1, 9, 3, dtype=tf.float32),
    "linspace": lambda tf: tf.linspace(0.0, 1.0, 5),
    "reshape": lambda tf: tf.reshape(CUBE, [tf.shape(CUBE)[0], -1]),
    "broadcast_to": lambda tf: tf.broadcast_to([1, 2], [2, 2]),
    "expand_dims": lambda tf: tf.expand_dims(X, axis=1),
    "squeeze": lambda tf: tf.squeeze(CUBE[:, :1], axis=[1]),
    "concat": lambda tf: tf.concat([X, X], axis=-1),
    "concat of sizes": lambda tf: tf.ones(tf.concat([tf.shape(X)[:1], [4]], axis=0)),
    "stack": lambda tf: tf.stack([X, X], axis=1),
    "unstack": lambda tf: tf.unstack(X, axis=1),
    "split": lambda tf: tf.split(CUBE, 2, axis=2),
    "split by sizes": lambda tf: tf.split(CUBE, [1, -1], axis=1),
    "transpose": lambda tf: tf.transpose(CUBE, perm=[2, 0, 1]),
    "tile": lambda tf: tf.tile(X, [1, 2]),
    "repeat": lambda tf: tf.repeat(X, 2, axis=0),
    "pad": lambda tf: tf.pad(X, [[1, 0], [0, 2]], constant_values=3.0),
    "pad reflect": lambda tf: tf.pad(X, [[1, 1], [2, 0]], "REFLECT"),
    "slice": lambda tf: tf.slice(CUBE, [0, 1, 0], [1, -1, 2]),
    "gather": lambda tf: tf.gather(CUBE, [2, 0], axis=1),
    "gather in batches": lambda tf: tf.gather(CUBE, IDS, axis=1, batch_dims=1),
    "gather_nd": lambda tf: tf.gather_nd(CUBE, [[0, 1], [1, 2]]),
    "boolean_mask": lambda tf: tf.boolean_mask(X, [True, False]),
    "boolean_mask of elements": lambda tf: tf.boolean_mask(X, X > 0),
    "where": lambda tf: tf.where(X > 0, X, 0.0),
    "where places": lambda tf: tf.where(tf.constant([[True, False], [True, True]])),
    "one_hot": lambda tf: tf.one_hot(IDS, 3),
    "one_hot values": lambda tf: tf.one_hot([0, 2], 3, on_value=5.0, off_value=-1.0, axis=0),
    "scatter_nd": lambda tf: tf.scatter_nd([[1], [3], [1]], [5.0, 6.0, 1.0], [5]),
    "tensor_scatter_nd_update": lambda tf: tf.tensor_scatter_nd_update(np.zeros(4, "float32"), [[1]], [2.0]),
    "tensor_scatter_nd_add": lambda tf: tf.tensor_scatter_nd_add(tf.ones(4), [[1], [1]], [2.0, 3.0]),
    "sort": lambda tf: tf.sort(X, direction="DESCENDING"),
    "argsort": lambda tf: tf.argsort(X, direction="DESCENDING"),
    "unique": lambda tf: list(tf.unique([4, 2, 4, 1, 2])),
    "reverse": lambda tf: tf.reverse(X, axis=[1]),
    "roll": lambda tf: tf.roll(X, shift=[1, -1], axis=[0, 1]),
    "meshgrid": lambda tf: tf.meshgrid([1, 2], [3, 4, 5], indexing="ij"),
    "sequence_mask": lambda tf: tf.sequence_mask([1, 3], 4, dtype=tf.float32),
    "zeros_like": lambda tf: tf.zeros_like(IDS, dtype=tf.float32),
    "map_fn": lambda tf: tf.map_fn(lambda row: row * 2, X),
    "cond": lambda tf: tf.cond(tf.constant(True), lambda: X, lambda: -X),
    "while_loop": lambda tf: tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), [tf.constant(0), X])[1],
    # sums and products
    "matmul": lambda tf: tf.matmul(CUBE, CUBE, transpose_b=True),
    "tensordot": lambda tf: tf.tensordot(CUBE, X, axes=[[1], [1]]),
    "einsum": lambda tf: tf.einsum("bij,bkj->bik", CUBE, CUBE),
    "add_n": lambda tf: tf.add_n([X, X, X]),
    "argmax": lambda tf: tf.argmax(X),
    "argmax of rows": lambda tf: tf.math.argmax(X, axis=-1, output_type=tf.int32),
    "argmin": lambda tf: tf.argmin(X, 1),
    "cumsum": lambda tf: tf.cumsum(X, axis=1, exclusive=True, reverse=True),
    "cumprod": lambda tf: tf.math.cumprod(X, axis=1, exclusive=True),
    "norm": lambda tf: tf.norm(CUBE),
    "norm of rows": lambda tf: tf.norm(CUBE, axis=-1, keepdims=True),
    "norm 1": lambda tf: tf.norm(X, ord=1, axis=1),
    "clip_by_value": lambda tf: tf.clip_by_value(X, -0.5, 0.5),
    "clip_by_norm": lambda tf: tf.clip_by_norm(X, 0.5),
    "clip_by_global_norm": lambda tf: list(tf.clip_by_global_norm([X, CUBE], 1.0)[0]),
    "math.l2_normalize": lambda tf: tf.math.l2_normalize(X, axis=1),
    "math.reduce_std": lambda tf: tf.math.reduce_std(X, axis=0),
    "math.reduce_variance": lambda tf: tf.math.reduce_variance(X, axis=0),
    "math.reduce_euclidean_norm": lambda tf: tf.math.reduce_euclidean_norm(X, axis=0),
    "math.top_k": lambda tf: list(tf.math.top_k(LOGITS, k=2)),
    "math.in_top_k": lambda tf: tf.math.in_top_k([0, 1, 2, 0], LOGITS, 2),
    "math.bincount": lambda tf: tf.math.bincount([1, 1, 3], minlength=6),
    "math.count_nonzero": lambda tf: tf.math.count_nonzero([[1, 0], [2, 3]], axis=1),
    "math.confusion_matrix": lambda tf: tf.math.confusion_matrix([0, 1, 2, 1], [0, 2, 2, 1]),
    "math.squared_difference": lambda tf: tf.math.squared_difference(X, 1.0),
    "math.divide_no_nan": lambda tf: tf.math.divide_no_nan([1.0, 2.0], [0.0, 4.0]),
    "math.multiply_no_nan": lambda tf: tf.math.multiply_no_nan([np.inf, 2.0], [0.0, 4.0]),
    "math.xlogy": lambda tf: tf.math.xlogy([0.0, 2.0], [0.0, 4.0]),
    "math.floormod": lambda tf: tf.math.floormod([-7, 7], [3, 3]),
    "math.segment_mean": lambda tf: tf.math.segment_mean(CUBE[0], [0, 0, 2]),
    "math.unsorted_segment_sum": lambda tf: tf.math.unsorted_segment_sum(CUBE[0], [2, 0, 2], 4),
    "math.unsorted_segment_mean": lambda tf: tf.math.unsorted_segment_mean(CUBE[0], [2, 0, 2], 4),
    "math.unsorted_segment_max": lambda tf: tf.math.unsorted_segment_max(CUBE[0], [2, 0, 2], 3)[2],
    "math.polyval": lambda tf: tf.math.polyval([1.0, 2.0, 3.0], X),
    "histogram_fixed_width": lambda tf: tf.histogram_fixed_width(X, [-1.0, 1.0], nbins=4),
    "searchsorted": lambda tf: tf.searchsorted([1.0, 3.0, 5.0], [3.0, 4.0], side="right"),
    "linalg.band_part": lambda tf: tf.linalg.band_part(SQUARE, 1, 0),
    "linalg.diag": lambda tf: tf.linalg.diag(X),
    "linalg.set_diag": lambda tf: tf.linalg.set_diag(SQUARE, [1.0, 2.0, 3.0]),
    "linalg.diag_part": lambda tf: tf.linalg.diag_part(SQUARE),
    "linalg.inv": lambda tf: tf.linalg.inv(SQUARE),
    "linalg.det": lambda tf: tf.linalg.det(SQUARE),
    "linalg.solve": lambda tf: tf.linalg.solve(SQUARE, SQUARE[:, :1]),
    "linalg.svd": lambda tf: tf.linalg.svd(SQUARE)[0],
    "linalg.matrix_transpose": lambda tf: tf.linalg.matrix_transpose(CUBE),
    # nn
    "nn.conv2d": lambda tf: tf.nn.conv2d(FLOATS, KERNEL, strides=[1, 2, 1, 1], padding="SAME"),
    "nn.conv2d with margins": lambda tf: tf.nn.conv2d(FLOATS, KERNEL, 1, [[0, 0], [1, 0], [0, 2], [0, 0]]),
    "nn.depthwise_conv2d": lambda tf: tf.nn.depthwise_conv2d(FLOATS, KERNEL, [1, 1, 1, 1], "VALID"),
    "nn.conv1d": lambda tf: tf.nn.conv1d(CUBE, KERNEL[0, :1, :, :].reshape(1, 4, 3)[:, :, :2], 1, "VALID"),
    "nn.conv2d_transpose": lambda tf: tf.nn.conv2d_transpose(
        FLOATS, KERNEL.transpose(0, 1, 3, 2), [2, 12, 10, 4], strides=2, padding="SAME"
    ),
    "nn.conv2d_transpose odd": lambda tf: tf.nn.conv2d_transpose(
        FLOATS, KERNEL.transpose(0, 1, 3, 2), [2, 11, 9, 4], strides=2, padding="SAME"
    ),
    "nn.conv2d_transpose valid": lambda tf: tf.nn.conv2d_transpose(
        FLOATS, KERNEL.transpose(0, 1, 3, 2), [2, 13, 10, 4], strides=[2, 2], padding="VALID"
    ),
    "nn.max_pool2d": lambda tf: tf.nn.max_pool2d(FLOATS, ksize=2, strides=2, padding="SAME"),
    "nn.avg_pool2d": lambda tf: tf.nn.avg_pool2d(FLOATS, ksize=[1, 3, 2, 1], strides=[1, 1, 2, 1], padding="VALID"),
    "nn.bias_add": lambda tf: tf.nn.bias_add(X, np.float32([1, 2, 3])),
    "nn.moments": lambda tf: list(tf.nn.moments(CUBE, axes=[0, 1])),
    "nn.batch_normalization": lambda tf: tf.nn.batch_normalization(X, X[0], P[0], X[1], P[1], 1e-3),
    "nn.l2_loss": lambda tf: tf.nn.l2_loss(X),
    "nn.embedding_lookup": lambda tf: tf.nn.embedding_lookup(LOGITS, IDS),
    "nn.softmax_cross_entropy_with_logits": lambda tf: tf.nn.softmax_cross_entropy_with_logits(ONE_HOT, LOGITS),
    "nn.sparse_softmax_cross_entropy_with_logits": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=[0, 2, 1, 1], logits=LOGITS
    ),
    "nn.sigmoid_cross_entropy_with_logits": lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(
        labels=ONE_HOT, logits=LOGITS
    ),
    "nn.weighted_cross_entropy_with_logits": lambda tf: tf.nn.weighted_cross_entropy_with_logits(ONE_HOT, LOGITS, 3.0),
    "nn.depth_to_space": lambda tf: tf.nn.depth_to_space(np.tile(FLOATS, (1, 1, 1, 4)), 2),
    "nn.space_to_depth": lambda tf: tf.nn.space_to_depth(FLOATS[:, :, :4], 2),
    "nn.zero_fraction": lambda tf: tf.nn.zero_fraction([0.0, 1.0]),
    # images
    "image.resize": lambda tf: tf.image.resize(IMAGES, [4, 8]),
    "image.resize smaller": lambda tf: tf.image.resize(FLOATS[0], (3, 2), antialias=True),
    "image.resize nearest": lambda tf: tf.image.resize(IMAGES, [9, 4], method="nearest"),
    "image.resize area": lambda tf: tf.image.resize(IMAGES, [4, 7], method=tf.image.ResizeMethod.AREA),
    "image.resize bicubic": lambda tf: tf.image.resize(FLOATS, [8, 7], method="bicubic"),
    "image.resize in proportions": lambda tf: tf.image.resize(IMAGES, [12, 12], preserve_aspect_ratio=True),
    "image.resize_with_pad": lambda tf: tf.image.resize_with_pad(IMAGES[0], 12, 12),
    "image.resize_with_crop_or_pad": lambda tf: tf.image.resize_with_crop_or_pad(IMAGES, 4, 8),
    "image.crop_to_bounding_box": lambda tf: tf.image.crop_to_bounding_box(IMAGES, 1, 2, 3, 2),
    "image.pad_to_bounding_box": lambda tf: tf.image.pad_to_bounding_box(IMAGES[0], 1, 2, 8, 8),
    "image.central_crop": lambda tf: tf.image.central_crop(IMAGES, 0.5),
    "image.convert_image_dtype": lambda tf: tf.image.convert_image_dtype(IMAGES, tf.float32),
    "image.convert_image_dtype to ints": lambda tf: tf.image.convert_image_dtype(FLOATS, tf.uint8),
    "image.extract_patches": lambda tf: tf.image.extract_patches(
        FLOATS, sizes=[1, 2, 2, 1], strides=[1, 2, 2, 1], rates=[1, 1, 1, 1], padding="VALID"
    ),
    "image.flip_left_right": lambda tf: tf.image.flip_left_right(IMAGES),
    "image.flip_up_down": lambda tf: tf.image.flip_up_down(IMAGES[0]),
    "image.rot90": lambda tf: tf.image.rot90(IMAGES, k=3),
    "image.transpose": lambda tf: tf.image.transpose(IMAGES),
    "image.rgb_to_grayscale": lambda tf: tf.image.rgb_to_grayscale(FLOATS),
    "image.grayscale_to_rgb": lambda tf: tf.image.grayscale_to_rgb(tf.constant(FLOATS[..., :1])),
    "image.rgb_to_hsv": lambda tf: tf.image.rgb_to_hsv(FLOATS),
    "image.rgb_to_yuv": lambda tf: tf.image.rgb_to_yuv(FLOATS),
    "image.yuv_to_rgb": lambda tf: tf.image.yuv_to_rgb(FLOATS),
    "image.adjust_brightness": lambda tf: tf.image.adjust_brightness(IMAGES, 0.2),
    "image.adjust_contrast": lambda tf: tf.image.adjust_contrast(FLOATS, 1.7),
    "image.adjust_saturation": lambda tf: tf.image.adjust_saturation(FLOATS, 0.4),
    "image.adjust_hue": lambda tf: tf.image.adjust_hue(FLOATS, 0.3),
    "image.adjust_gamma": lambda tf: tf.image.adjust_gamma(FLOATS, 2.0, 0.5),
    "image.per_image_standardization": lambda tf: tf.image.per_image_standardization(IMAGES),
    "image.psnr": lambda tf: tf.image.psnr(IMAGES[:1], IMAGES[1:], max_val=255),
    "image.total_variation": lambda tf: tf.image.total_variation(tf.constant(FLOATS)),
    "image.image_gradients": lambda tf: list(tf.image.image_gradients(tf.constant(FLOATS))),
    "image.crop_and_resize": lambda tf: tf.image.crop_and_resize(
        FLOATS, [[0.1, 0.2, 0.8, 0.9], [0.0, 0.0, 1.0, 1.0]], [1, 0], [3, 4]
    ),
    "image.non_max_suppression": lambda tf: tf.image.non_max_suppression(
        np.float32([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [2, 2, 3, 3], [0, 0, 1, 0.4]]), [0.8, 0.9, 0.5, 0.7], 3
    ),
    # signals
    "signal.frame": lambda tf: tf.signal.frame(LINE, 20, 15, pad_end=True),
    "signal.hann_window": lambda tf: tf.signal.hann_window(9),
    "signal.stft": lambda tf: tf.abs(tf.signal.stft(LINE, frame_length=20, frame_step=10, fft_length=32)),
    "signal.linear_to_mel_weight_matrix": lambda tf: tf.signal.linear_to_mel_weight_matrix(5, 17, 8000, 80.0, 3000.0),
    # files and texts
    "io.decode_csv": lambda tf: tf.io.decode_csv(["1,2.5,", "3,,7"], [[0], [1.5], [9]]),
    "io.decode_raw": lambda tf: tf.io.decode_raw([b"\x01\x00\x02\x00"], tf.int16),
    "strings.to_number": lambda tf: tf.strings.to_number(["1.5", "-2"]),
    "strings.length": lambda tf: tf.strings.length(["ab", ""]),
    "strings.regex_full_match": lambda tf: tf.strings.regex_full_match(["ab", "abc"], "a."),
    "equal of strings": lambda tf: tf.equal(tf.constant(["a", "b"]), "b"),
}


def arrays(result):
    """A result as a list of arrays."""
    several = result if isinstance(result, (list, tuple)) and not hasattr(result, "numpy") else [result]
    return [np.asarray(x) for x in several]


def main():
    """Writes TensorFlow's results."""
    import tensorflow as tf

    lines = []
    for name, call in CASES.items():
        found = [[a.dtype.name, np.round(a.astype("float64"), 6).tolist()] for a in arrays(call(tf))]
        lines.append(f"{json.dumps(name)}: {json.dumps(found)}")
    RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
