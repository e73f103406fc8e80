"""tf.image by keras.ops.image, for scripts where TensorFlow is not installed."""

import math

import numpy as np

from lamina import _lamina, ops
from lamina.as_keras.arrays import sizes, tensor
from lamina.as_keras.draws import _stateless, _uniform

_RANGES = {"uint8": 255, "int8": 127, "uint16": 65535, "int16": 32767, "int32": 2**31 - 1}


class ResizeMethod:
    """Names of interpolations."""

    AREA = "area"
    BICUBIC = "bicubic"
    BILINEAR = "bilinear"
    GAUSSIAN = "gaussian"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    MITCHELLCUBIC = "mitchellcubic"
    NEAREST_NEIGHBOR = "nearest"


# --- bytes ---


def _bytes(contents):
    value = contents.numpy() if hasattr(contents, "numpy") else contents
    value = value.item() if isinstance(value, np.ndarray) else value
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)


def decode_image(contents, channels=0, dtype="uint8", name=None, expand_animations=True):
    """The pixels of a file in memory."""
    mode, pixels = _lamina.decode_picture(_bytes(contents))
    wanted = {0: mode, None: mode, 1: "L", 3: "RGB", 4: "RGBA"}[channels]
    if wanted != mode:
        mode, pixels = _lamina.convert_picture(mode, pixels, wanted)
    pixels = np.asarray(pixels)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return convert_image_dtype(tensor(pixels), dtype)


def decode_jpeg(contents, channels=0, ratio=1, name=None, **quality):
    """The pixels of a file in memory."""
    pixels = decode_image(contents, channels)
    return pixels if ratio == 1 else pixels[::ratio, ::ratio]


def decode_png(contents, channels=0, dtype="uint8", name=None):
    """The pixels of a file in memory."""
    return decode_image(contents, channels, dtype)


def decode_bmp(contents, channels=0, name=None):
    """The pixels of a file in memory."""
    return decode_image(contents, channels)


def decode_gif(contents, name=None):
    """The first picture of a file in memory, as a batch of one."""
    return decode_image(contents, 3)[None]


def _encoded(image, form, quality):
    pixels = np.ascontiguousarray(np.asarray(image), "uint8")
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[-1]]
    return tensor(np.asarray(_lamina.encode_picture(mode, pixels, form, quality), object))


def encode_jpeg(image, format="", quality=95, **options):
    """Pixels as a JPEG file in memory."""
    return _encoded(image, "jpeg", quality)


def encode_png(image, compression=-1, name=None):
    """Pixels as a PNG file in memory."""
    return _encoded(image, "png", 95)


def convert_image_dtype(image, dtype, saturate=False, name=None):
    """Pixels in another dtype, whose range is that of its ints or 0 to 1."""
    image, dtype = tensor(image), str(dtype)
    if image.dtype == dtype:
        return image
    if image.dtype in _RANGES and dtype in _RANGES:
        scaled = ops.cast(image, "float64") * ((_RANGES[dtype] + 1) / (_RANGES[image.dtype] + 1))
        return ops.saturate_cast(ops.floor(scaled), dtype)
    if image.dtype in _RANGES:
        return ops.cast(image, dtype) / _RANGES[image.dtype]
    if dtype in _RANGES:
        scaled = image * (_RANGES[dtype] + 0.5)
        return ops.saturate_cast(scaled, dtype) if saturate else ops.cast(scaled, dtype)
    return ops.cast(image, dtype)


# --- sizes ---


def resize(images, size, method="bilinear", preserve_aspect_ratio=False, antialias=False, name=None):
    """Images of another size: float32, but as they were for the nearest pixels."""
    images, size = tensor(images), sizes(size)
    if preserve_aspect_ratio:
        height, width = images.shape[-3:-1]
        scale = min(size[0] / height, size[1] / width)
        size = (round(height * scale), round(width * scale))
    method = str(method)
    if method == "nearest":
        return _nearest(images, size)
    x = ops.cast(images, "float32")
    if method == "area":
        return _area(x, size)
    if method not in ("bilinear", "bicubic", "lanczos3", "lanczos5"):
        raise NotImplementedError(
            f"tf.image.resize() has bilinear, nearest, bicubic, area, lanczos3 and lanczos5 here. Received: {method}"
        )
    return ops.image.resize(x, size, interpolation=method, antialias=antialias, data_format="channels_last")


def _nearest(images, size):
    for axis, (n, m) in enumerate(zip(images.shape[-3:-1], size)):
        places = np.minimum(np.floor((np.arange(m) + 0.5) * (n / m)).astype("int32"), n - 1)
        images = ops.take(images, places, axis=len(images.shape) - 3 + axis)
    return images


def _area(images, size):
    """Means over the parts of the image that pixels of the new size cover."""
    for axis, (n, m) in enumerate(zip(images.shape[-3:-1], size)):
        edges = np.arange(m + 1) * (n / m)
        covered = np.minimum(edges[1:, None], np.arange(1, n + 1)) - np.maximum(edges[:-1, None], np.arange(n))
        weights = tensor((np.maximum(covered, 0) * (m / n)).astype("float32"))
        images = ops.einsum("mn,...nwc->...mwc" if axis == 0 else "mn,...hnc->...hmc", weights, images)
    return images


def _box(images, offset_height, offset_width, height, width):
    block = (slice(offset_height, offset_height + height), slice(offset_width, offset_width + width), slice(None))
    return images[block if len(images.shape) == 3 else (slice(None), *block)]


def crop_to_bounding_box(image, offset_height, offset_width, target_height, target_width, name=None):
    """A part of the image."""
    return _box(tensor(image), *(int(n) for n in (offset_height, offset_width, target_height, target_width)))


def pad_to_bounding_box(image, offset_height, offset_width, target_height, target_width, name=None):
    """The image within black."""
    image = tensor(image)
    height, width = image.shape[-3:-1]
    offset_height, offset_width = int(offset_height), int(offset_width)
    below, right = int(target_height) - height - offset_height, int(target_width) - width - offset_width
    if min(below, right, offset_height, offset_width) < 0:
        raise ValueError(
            f"An image of {height}x{width} at ({offset_height}, {offset_width}) does not fit into "
            f"{int(target_height)}x{int(target_width)}. Resize it before."
        )
    margins = [(offset_height, below), (offset_width, right), (0, 0)]
    return ops.pad(image, [(0, 0)] * (len(image.shape) - 3) + margins)


def resize_with_crop_or_pad(image, target_height, target_width):
    """The middle of the image, within black where it is too small."""
    image = tensor(image)
    target_height, target_width = int(target_height), int(target_width)
    height, width = image.shape[-3:-1]
    kept = min(height, target_height), min(width, target_width)
    image = _box(image, (height - kept[0]) // 2, (width - kept[1]) // 2, *kept)
    return pad_to_bounding_box(
        image, (target_height - kept[0]) // 2, (target_width - kept[1]) // 2, target_height, target_width
    )


def resize_with_pad(image, target_height, target_width, method="bilinear", antialias=False):
    """The image in its proportions, in the middle of black."""
    small = resize(image, (target_height, target_width), method, preserve_aspect_ratio=True, antialias=antialias)
    return resize_with_crop_or_pad(small, target_height, target_width)


def central_crop(image, central_fraction):
    """The middle of the image."""
    image = tensor(image)
    height, width = image.shape[-3:-1]
    top, left = int((height - height * central_fraction) / 2), int((width - width * central_fraction) / 2)
    return _box(image, top, left, height - 2 * top, width - 2 * left)


def extract_patches(images, sizes, strides, rates, padding, name=None):
    """Patches as rows of their pixels."""
    return ops.image.extract_patches(
        images, tuple(sizes[1:3]), tuple(strides[1:3]), int(rates[1]), padding.lower(), data_format="channels_last"
    )


def crop_and_resize(image, boxes, box_indices, crop_size, method="bilinear", extrapolation_value=0.0, name=None):
    """Boxes (y1, x1, y2, x2), as shares of the image's sides, cut out and resized."""
    image = ops.cast(image, "float32")
    height, width = image.shape[1:3]
    out = []
    for (y1, x1, y2, x2), i in zip(np.asarray(boxes, "float32"), np.asarray(box_indices)):
        rows, columns = _steps(y1, y2, crop_size[0], height), _steps(x1, x2, crop_size[1], width)
        grid = np.stack(np.meshgrid(rows, columns, indexing="ij")).astype("float32")
        order = 1 if method == "bilinear" else 0
        channels = [
            ops.image.map_coordinates(image[int(i), :, :, c], grid, order, "constant", extrapolation_value)
            for c in range(image.shape[-1])
        ]
        out.append(ops.stack(channels, axis=-1))
    return ops.stack(out)


def _steps(first, last, count, size):
    first, last, end = np.float32(first), np.float32(last), np.float32(size - 1)
    if count == 1:
        return np.array([np.float32(0.5) * (first + last) * end])
    return first * end + np.arange(count, dtype="float32") * ((last - first) * end / np.float32(count - 1))


# --- turned and mirrored ---


def flip_left_right(image):
    """Mirrored."""
    return ops.flip(tensor(image), axis=-2)


def flip_up_down(image):
    """Upside down."""
    return ops.flip(tensor(image), axis=-3)


def transpose(image, name="transpose"):
    """Rows and columns exchanged."""
    return ops.swapaxes(tensor(image), -3, -2)


def rot90(image, k=1, name=None):
    """Turned by quarters against the clock."""
    image = tensor(image)
    return ops.rot90(image, k=int(k) % 4, axes=(len(image.shape) - 3, len(image.shape) - 2))


# --- colours ---


def grayscale_to_rgb(images, name=None):
    """The one channel three times."""
    return ops.repeat(tensor(images), 3, axis=-1)


def adjust_brightness(image, delta):
    """delta more, on the scale from 0 to 1."""
    return _as_floats(image, lambda x: x + delta)


def adjust_contrast(images, contrast_factor):
    """The distance to each channel's mean times a factor."""

    def stretched(x):
        mean = ops.mean(x, axis=(-3, -2), keepdims=True)
        return (x - mean) * contrast_factor + mean

    return _as_floats(images, stretched)


def adjust_saturation(image, saturation_factor, name=None):
    """The saturation times a factor."""

    def changed(x):
        hsv = ops.image.rgb_to_hsv(x)
        factors = ops.convert_to_tensor([1.0, saturation_factor, 1.0])
        return ops.image.hsv_to_rgb(ops.clip(hsv * factors, 0.0, 1.0))

    return _as_floats(image, changed)


def adjust_hue(image, delta, name=None):
    """The hue moved round its circle."""

    def changed(x):
        hsv = ops.image.rgb_to_hsv(x)
        hue = ops.mod(hsv[..., :1] + delta, 1.0)
        return ops.image.hsv_to_rgb(ops.concatenate([hue, hsv[..., 1:]], axis=-1))

    return _as_floats(image, changed)


def adjust_gamma(image, gamma=1, gain=1):
    """gain * image ** gamma"""
    return _as_floats(image, lambda x: gain * x**gamma)


def _as_floats(image, change):
    image = tensor(image)
    if image.dtype not in _RANGES:
        return change(image)
    return convert_image_dtype(change(convert_image_dtype(image, "float32")), image.dtype, saturate=True)


def per_image_standardization(image):
    """Each image with mean 0 and variance 1."""
    x = ops.cast(image, "float32")
    count = int(np.prod(x.shape[-3:]))
    mean = ops.mean(x, axis=(-3, -2, -1), keepdims=True)
    deviation = ops.maximum(ops.std(x, axis=(-3, -2, -1), keepdims=True), count**-0.5)
    return (x - mean) / deviation


_YUV = ((0.299, -0.14714119, 0.61497538), (0.587, -0.28886916, -0.51496512), (0.114, 0.43601035, -0.10001026))


def rgb_to_yuv(images):
    """Brightness and two differences of colour."""
    return ops.matmul(images, ops.convert_to_tensor(_YUV))


def yuv_to_rgb(images):
    """The inverse of rgb_to_yuv()."""
    return ops.matmul(images, ops.convert_to_tensor(np.linalg.inv(np.asarray(_YUV)).astype("float32")))


# --- at random ---


def _chance(seed):
    return float(np.asarray(_uniform((), 0, 1, "float32", _made(seed)))) < 0.5


def _made(seed):
    """keras.random's seed: of None, of one number, or of the two of a stateless function."""
    if seed is None:
        return None
    return _stateless(seed) if np.size(np.asarray(seed)) > 1 else int(seed)


def _drawn(low, high, seed):
    return _uniform((), low, high, "float32", _made(seed))


def random_flip_left_right(image, seed=None):
    """Mirrored, or not; each image of a batch by itself."""
    return _some(image, flip_left_right, seed)


def random_flip_up_down(image, seed=None):
    """Upside down, or not; each image of a batch by itself."""
    return _some(image, flip_up_down, seed)


def _some(image, change, seed):
    image = tensor(image)
    if len(image.shape) == 3:
        return change(image) if _chance(seed) else image
    turned = _uniform((image.shape[0], 1, 1, 1), 0, 1, "float32", _made(seed)) < 0.5
    return ops.where(turned, change(image), image)


def random_brightness(image, max_delta, seed=None):
    """Brighter or darker."""
    return adjust_brightness(image, _drawn(-max_delta, max_delta, seed))


def random_contrast(image, lower, upper, seed=None):
    """More or less contrast."""
    return adjust_contrast(image, _drawn(lower, upper, seed))


def random_saturation(image, lower, upper, seed=None):
    """More or less colour."""
    return adjust_saturation(image, float(np.asarray(_drawn(lower, upper, seed))))


def random_hue(image, max_delta, seed=None):
    """Other colours."""
    return adjust_hue(image, _drawn(-max_delta, max_delta, seed))


def random_crop(value, size, seed=None, name=None):
    """A part of a tensor at a place drawn at random."""
    value, size = tensor(value), sizes(size)
    size = tuple(n if s == -1 else s for n, s in zip(value.shape, size, strict=True))
    if any(s > n for n, s in zip(value.shape, size)):
        raise ValueError(f"A part of shape {size} does not fit into a tensor of shape {tuple(value.shape)}.")
    where = np.asarray(_uniform((len(size),), 0, 1, "float32", _made(seed)))
    starts = [min(int(w * (n - s + 1)), n - s) for w, n, s in zip(where, value.shape, size)]
    return ops.slice(value, starts, size)


def random_jpeg_quality(image, min_jpeg_quality, max_jpeg_quality, seed=None):
    """As a JPEG of some quality shows it."""
    quality = int(np.asarray(_uniform((), min_jpeg_quality, max_jpeg_quality + 1, "int32", _made(seed))))
    return adjust_jpeg_quality(image, quality)


def adjust_jpeg_quality(image, jpeg_quality, name=None):
    """As a JPEG of this quality shows it."""
    image = tensor(image)
    pixels = convert_image_dtype(image, "uint8", saturate=True)
    shown = decode_image(encode_jpeg(pixels, quality=int(jpeg_quality)), channels=image.shape[-1])
    return convert_image_dtype(shown, image.dtype)


stateless_random_flip_left_right = random_flip_left_right
stateless_random_flip_up_down = random_flip_up_down
stateless_random_brightness = random_brightness
stateless_random_contrast = random_contrast
stateless_random_saturation = random_saturation
stateless_random_hue = random_hue
stateless_random_crop = random_crop


# --- measures ---


def sample_distorted_bounding_box(
    image_size,
    bounding_boxes,
    seed=0,
    min_object_covered=0.1,
    aspect_ratio_range=None,
    area_range=None,
    max_attempts=None,
    use_image_if_no_bounding_boxes=None,
    name=None,
):
    """(where a part drawn at random begins, its size, the part as a box); the part covers enough of a box."""
    height, width, channels = sizes(image_size)
    low, high = aspect_ratio_range or (0.75, 1.33)
    least, most = area_range or (0.05, 1.0)
    draw = np.random.default_rng(int(np.asarray(_uniform((), 0, 2**31 - 1, "int32", _made(seed or None)))))
    boxes = np.asarray(bounding_boxes, "float64").reshape(-1, 4)
    boxes = boxes if len(boxes) else np.array([[0.0, 0.0, 1.0, 1.0]])
    top, left, rows, columns = 0, 0, height, width
    for _ in range(max_attempts or 100):
        ratio, area = draw.uniform(low, high), draw.uniform(least, most) * height * width
        h, w = int(round((area / ratio) ** 0.5)), int(round((area * ratio) ** 0.5))
        if not (0 < h <= height and 0 < w <= width):
            continue
        y, x = draw.integers(0, height - h + 1), draw.integers(0, width - w + 1)
        part = np.array([y / height, x / width, (y + h) / height, (x + w) / width])
        common = np.prod(
            np.maximum(np.minimum(boxes[:, 2:], part[2:]) - np.maximum(boxes[:, :2], part[:2]), 0), axis=-1
        )
        if np.any(common >= min_object_covered * np.prod(boxes[:, 2:] - boxes[:, :2], axis=-1)):
            top, left, rows, columns = int(y), int(x), h, w
            break
    box = np.array([[[top / height, left / width, (top + rows) / height, (left + columns) / width]]], "float32")
    return tensor(np.int32([top, left, 0])), tensor(np.int32([rows, columns, -1])), tensor(box)


def psnr(a, b, max_val, name=None):
    """The ratio of the greatest signal to the noise, in decibels, of each image."""
    of = tensor(a).dtype
    limit = float(max_val) / _RANGES.get(of, 1)
    a, b = convert_image_dtype(a, "float32"), convert_image_dtype(b, "float32")
    error = ops.mean(ops.square(a - b), axis=(-3, -2, -1))
    return ops.cast(20 * math.log10(limit) - 10 * ops.log10(error), "float32")


def ssim(img1, img2, max_val, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03, return_index_map=False):
    """The structural similarity of each pair of images."""
    return ops.image.ssim(img1, img2, max_val, filter_size, filter_sigma, k1, k2, data_format="channels_last")


def total_variation(images, name=None):
    """The sum of the differences of neighbours, of each image."""
    x = tensor(images)
    down = ops.abs(x[..., 1:, :, :] - x[..., :-1, :, :])
    right = ops.abs(x[..., :, 1:, :] - x[..., :, :-1, :])
    return ops.sum(down, axis=(-3, -2, -1)) + ops.sum(right, axis=(-3, -2, -1))


def image_gradients(image):
    """(differences to the pixel below, differences to the pixel on the right)"""
    down, right = image[:, 1:] - image[:, :-1], image[:, :, 1:] - image[:, :, :-1]
    return ops.pad(down, [[0, 0], [0, 1], [0, 0], [0, 0]]), ops.pad(right, [[0, 0], [0, 0], [0, 1], [0, 0]])


def non_max_suppression(boxes, scores, max_output_size, iou_threshold=0.5, score_threshold=float("-inf"), name=None):
    """The numbers of the boxes (y1, x1, y2, x2) that stay when those are left out that lie over a better one."""
    boxes, scores = np.asarray(boxes), np.asarray(scores)
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    areas, kept = np.prod(high - low, axis=-1), []
    for i in np.argsort(-scores, kind="stable"):
        if len(kept) == int(max_output_size) or scores[i] <= score_threshold:
            break
        common = np.prod(np.maximum(np.minimum(high[i], high[kept]) - np.maximum(low[i], low[kept]), 0), axis=-1)
        union = areas[i] + areas[kept] - common
        if not np.any(common > iou_threshold * np.where(union > 0, union, 1)):
            kept.append(i)
    return tensor(np.asarray(kept, "int32"))
