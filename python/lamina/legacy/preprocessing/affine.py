"""Images turned, moved, sheared, zoomed and made brighter, as Keras 2's generators do it."""

import numpy as np

from lamina.utils.images import array_to_img, img_to_array


def _places(coordinates, size, fill_mode):
    """Coordinates within an axis that goes on beyond its ends as `fill_mode` says."""
    if fill_mode == "nearest":
        return np.clip(coordinates, 0, size - 1)
    if fill_mode == "wrap":  # the last pixel lies on the first
        period = max(size - 1, 1)
        outside = (coordinates < 0) | (coordinates > size - 1)
        return np.where(outside, np.mod(coordinates, period), coordinates)
    return coordinates


def _pixel(index, size, fill_mode):
    """The pixel that stands at a whole coordinate."""
    if fill_mode == "reflect":
        index = np.mod(index, 2 * size)
        return np.where(index >= size, 2 * size - 1 - index, index)
    return np.clip(index, 0, size - 1)


def _sample(image, rows, columns, fill_mode, cval, order):
    """An image (rows, columns, channels) at places between its pixels."""
    sizes = image.shape[:2]
    outside = (rows < 0) | (rows > sizes[0] - 1) | (columns < 0) | (columns > sizes[1] - 1)
    rows, columns = _places(rows, sizes[0], fill_mode), _places(columns, sizes[1], fill_mode)
    if order == 0:
        out = image[
            _pixel(np.floor(rows + 0.5).astype(int), sizes[0], fill_mode),
            _pixel(np.floor(columns + 0.5).astype(int), sizes[1], fill_mode),
        ].astype("float64")
    else:
        out = np.zeros((*rows.shape, image.shape[2]))
        top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
        for row, row_weight in ((top, 1 - (rows - top)), (top + 1, rows - top)):
            for column, column_weight in ((left, 1 - (columns - left)), (left + 1, columns - left)):
                pixels = image[_pixel(row, sizes[0], fill_mode), _pixel(column, sizes[1], fill_mode)]
                out += (row_weight * column_weight)[..., None] * pixels
    if fill_mode == "constant":
        out[outside] = cval
    return out


def _matrix(theta, tx, ty, shear, zx, zy, sizes):
    """The matrix that leads from a pixel of the result to its place in the image, turned about its middle."""
    turn, lean = np.deg2rad(theta), np.deg2rad(shear)
    turned = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    moved = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    sheared = np.array([[1, -np.sin(lean), 0], [0, np.cos(lean), 0], [0, 0, 1]])
    middle, back = np.eye(3), np.eye(3)
    middle[:2, 2] = np.asarray(sizes) / 2 - 0.5
    back[:2, 2] = -middle[:2, 2]
    return middle @ turned @ moved @ sheared @ np.diag([zx, zy, 1]) @ back


def apply_affine_transform(
    x,
    theta=0,
    tx=0,
    ty=0,
    shear=0,
    zx=1,
    zy=1,
    row_axis=1,
    col_axis=2,
    channel_axis=0,
    fill_mode="nearest",
    cval=0.0,
    order=1,
):
    """An image turned, moved, sheared and zoomed.

    Args:
        x: an array of three axes.
        theta: degrees.
        tx: rows that it moves up.
        ty: columns that it moves to the left.
        shear: degrees.
        zx: how much smaller rows become.
        zy: how much smaller columns become.
        row_axis: the axis of rows.
        col_axis: the axis of columns.
        channel_axis: the axis of channels.
        fill_mode: what lies beyond the image: "nearest", "constant", "reflect" or "wrap".
        cval: what "constant" is.
        order: 0 for the nearest pixel, 1 for a mean of four.

    Returns:
        An array of the same shape.

    Raises:
        ValueError: for other axes and modes.
        NotImplementedError: for higher orders.
    """
    if sorted((row_axis, col_axis, channel_axis)) != [0, 1, 2] or channel_axis == 1:
        raise ValueError(
            "`row_axis`, `col_axis` and `channel_axis` are 0, 1 and 2 in some order, channels first or last. Received: "
            f"row_axis={row_axis}, col_axis={col_axis}, channel_axis={channel_axis}"
        )
    if x.ndim != 3:
        raise ValueError(f"Expected an image of three axes, with channels. Received an array of shape {x.shape}.")
    if fill_mode not in ("nearest", "constant", "reflect", "wrap"):
        raise ValueError(f'`fill_mode` is "nearest", "constant", "reflect" or "wrap". Received: {fill_mode}')
    if order not in (0, 1):
        raise NotImplementedError(f"Images are transformed with an interpolation of order 0 or 1. Received: {order}")
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return x
    axes = (row_axis, col_axis, channel_axis)
    image = np.transpose(x, axes)
    matrix = _matrix(theta, tx, ty, shear, zx, zy, image.shape[:2])
    if col_axis > row_axis:  # Keras takes the matrix for one of (column, row) then, its middle included
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    grid = np.stack(np.meshgrid(*(np.arange(size) for size in image.shape[:2]), indexing="ij"), -1)
    rows, columns = (grid @ matrix[i, :2] + matrix[i, 2] for i in (0, 1))
    out = _sample(image, rows, columns, fill_mode, cval, order)
    if x.dtype.kind in "iu":
        out = np.floor(out + 0.5)
    return np.transpose(out, np.argsort(axes)).astype(x.dtype)


def flip_axis(x, axis):
    """An array turned round along an axis."""
    return np.flip(np.asarray(x), axis)


def apply_channel_shift(x, intensity, channel_axis=0):
    """An image with a number added, within its own least and greatest value.

    Args:
        x: an array of three axes.
        intensity: the number.
        channel_axis: the axis of channels.

    Returns:
        An array of the same shape.
    """
    return np.clip(x + intensity, np.min(x), np.max(x))


def apply_brightness_shift(x, brightness, scale=True):
    """An image times a number, as 8 bits hold it.

    Args:
        x: an array (rows, columns, channels).
        brightness: the number.
        scale: whether the least value becomes 0 and the greatest 255 before.

    Returns:
        A float array of the same shape.
    """
    least, greatest = np.min(x), np.max(x)
    beyond = least < 0 or greatest > 255
    pixels = np.asarray(array_to_img(x, scale=scale or beyond))
    colours = pixels[..., :3] if pixels.ndim == 3 else pixels
    brighter = np.clip(np.float32(brightness) * colours.astype("float32"), 0, 255).astype("uint8")
    if pixels.ndim == 3:
        brighter = np.concatenate([brighter, pixels[..., 3:]], axis=-1)
    out = img_to_array(brighter)
    return out / 255 * (greatest - least) + least if beyond and not scale else out


def random_rotation(
    x, rg, row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", cval=0.0, interpolation_order=1
):
    """An image turned by up to `rg` degrees.

    Args:
        x: an array of three axes.
        rg: degrees, to both sides.
        row_axis: the axis of rows.
        col_axis: the axis of columns.
        channel_axis: the axis of channels.
        fill_mode: as in apply_affine_transform().
        cval: likewise.
        interpolation_order: likewise `order`.

    Returns:
        An array of the same shape.
    """
    theta = np.random.uniform(-rg, rg)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, *axes, fill_mode, cval, interpolation_order)


def random_shift(
    x, wrg, hrg, row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", cval=0.0, interpolation_order=1
):
    """An image moved by up to a share of its sides.

    Args:
        x: an array of three axes.
        wrg: the share of its width.
        hrg: the share of its height.
        row_axis: the axis of rows.
        col_axis: the axis of columns.
        channel_axis: the axis of channels.
        fill_mode: as in apply_affine_transform().
        cval: likewise.
        interpolation_order: likewise `order`.

    Returns:
        An array of the same shape.
    """
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *axes, fill_mode, cval, interpolation_order)


def random_shear(
    x, intensity, row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", cval=0.0, interpolation_order=1
):
    """An image sheared by up to `intensity` degrees.

    Args:
        x: an array of three axes.
        intensity: degrees, to both sides.
        row_axis: the axis of rows.
        col_axis: the axis of columns.
        channel_axis: the axis of channels.
        fill_mode: as in apply_affine_transform().
        cval: likewise.
        interpolation_order: likewise `order`.

    Returns:
        An array of the same shape.
    """
    shear = np.random.uniform(-intensity, intensity)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, *axes, fill_mode, cval, interpolation_order)


def random_zoom(
    x, zoom_range, row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", cval=0.0, interpolation_order=1
):
    """An image zoomed by factors of a range, one for rows and one for columns.

    Args:
        x: an array of three axes.
        zoom_range: the least and the greatest factor.
        row_axis: the axis of rows.
        col_axis: the axis of columns.
        channel_axis: the axis of channels.
        fill_mode: as in apply_affine_transform().
        cval: likewise.
        interpolation_order: likewise `order`.

    Returns:
        An array of the same shape.

    Raises:
        ValueError: where the range is not two numbers.
    """
    if len(zoom_range) != 2:
        raise ValueError(f"`zoom_range` is two numbers, the least and the greatest factor. Received: {zoom_range}")
    zx, zy = (1, 1) if tuple(zoom_range) == (1, 1) else np.random.uniform(zoom_range[0], zoom_range[1], 2)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *axes, fill_mode, cval, interpolation_order)


def random_channel_shift(x, intensity_range, channel_axis=0):
    """An image with a number up to `intensity_range` added.

    Args:
        x: an array of three axes.
        intensity_range: the greatest number, to both sides.
        channel_axis: the axis of channels.

    Returns:
        An array of the same shape.
    """
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def random_brightness(x, brightness_range, scale=True):
    """An image times a number of a range.

    Args:
        x: an array (rows, columns, channels).
        brightness_range: the least and the greatest number.
        scale: as in apply_brightness_shift().

    Returns:
        A float array of the same shape.

    Raises:
        ValueError: where the range is not two numbers.
    """
    if len(brightness_range) != 2:
        raise ValueError(f"`brightness_range` is two numbers. Received: {brightness_range}")
    return apply_brightness_shift(x, np.random.uniform(*brightness_range), scale)
