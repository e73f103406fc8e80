"""Images where Pillow is not installed: what load_img() and array_to_img() need of Pillow's Image, over C++ code."""

import io
import os

import numpy as np

from lamina import _lamina

FILTERS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


class Picture:
    """An image of 8 bits a channel (modes L, LA, RGB, RGBA, CMYK) or of 16 bits (I;16)."""

    def __init__(self, mode, pixels):
        self.mode, self._pixels = mode, pixels

    @classmethod
    def open(cls, file):
        """The image in a file.

        Args:
            file: a path or an object with read().

        Raises:
            ValueError: for what is no image, or a damaged one.
        """
        if hasattr(file, "read"):
            return cls(*_lamina.decode_picture(bytes(file.read())))
        with open(file, "rb") as f:
            return cls(*_lamina.decode_picture(f.read()))

    @property
    def height(self):
        """Rows of pixels."""
        return self._pixels.shape[0]

    @property
    def width(self):
        """Columns of pixels."""
        return self._pixels.shape[1]

    @property
    def size(self):
        """(width, height)."""
        return self.width, self.height

    def convert(self, mode):
        """The image in another mode.

        Args:
            mode: "L", "RGB" or "RGBA".

        Raises:
            ValueError: for others.
        """
        return Picture(*_lamina.convert_picture(self.mode, self._pixels, mode))

    def resize(self, size, resample="bicubic", box=None):
        """The image in another size.

        Args:
            size: (width, height).
            resample: nearest, box, bilinear, hamming, bicubic or lanczos.
            box: the part that is resized, (left, upper, right, lower).

        Raises:
            ValueError: for other filters and parts beyond the image.
        """
        width, height = size
        return Picture(*_lamina.resize_picture(self.mode, self._pixels, height, width, resample, box))

    def save(self, fp, format=None, quality=75):
        """Writes the image.

        Args:
            fp: a path or an object with write().
            format: "png" or "jpeg"; None takes the path's ending.
            quality: of a JPEG, 1 to 100.

        Raises:
            ValueError: if there is no format.
            NotImplementedError: for formats and modes that are not written.
        """
        if format is None:
            if hasattr(fp, "write"):
                raise ValueError("An image written to a file object needs `format`: 'png' or 'jpeg'.")
            format = os.path.splitext(os.fspath(fp))[1][1:]
        data = _lamina.encode_picture(self.mode, self._pixels, format.lower(), quality)
        if hasattr(fp, "write"):
            fp.write(data)
            return
        with open(fp, "wb") as f:
            f.write(data)

    def __array__(self, dtype=None, copy=None):
        array = self._pixels[:, :, 0] if self._pixels.shape[2] == 1 else self._pixels
        return np.array(array, dtype=dtype)

    def __repr__(self):
        return f"<Picture mode={self.mode} size={self.width}x{self.height}>"

    def _repr_png_(self):
        """For notebooks."""
        buffer = io.BytesIO()
        self.save(buffer, "png")
        return buffer.getvalue()
