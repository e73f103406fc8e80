"""InputSpec: what a layer expects of its input."""

from lamina._core.public import publish


class InputSpec:
    """What a layer demands of an input.

    Args:
        dtype: a dtype's name.
        shape: the whole shape, with None for any size.
        ndim: the number of axes.
        max_ndim: the most axes.
        min_ndim: the fewest axes.
        axes: {axis: size}.
        allow_last_axis_squeeze: whether a last axis of size 1 may be missing or be too many.
        name: the key of the input where inputs are a dict.
        optional: whether the input may be None.

    Raises:
        ValueError: if `axes` names one that there cannot be.
    """

    def __init__(
        self,
        dtype=None,
        shape=None,
        ndim=None,
        max_ndim=None,
        min_ndim=None,
        axes=None,
        allow_last_axis_squeeze=False,
        name=None,
        optional=False,
    ):
        self.dtype = dtype
        self.shape = tuple(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}
        self.allow_last_axis_squeeze, self.name, self.optional = allow_last_axis_squeeze, name, optional
        if self.axes and (self.ndim is not None or self.max_ndim is not None):
            most = (self.ndim if self.ndim is not None else self.max_ndim) - 1
            if max(self.axes) > most:
                raise ValueError(f"Axis {max(self.axes)} is greater than the maximum allowed value: {most}")

    def _astuple(self):
        return (
            self.dtype,
            self.shape,
            None if self.shape is not None else self.ndim,
            self.max_ndim,
            self.min_ndim,
            self.axes,
            self.allow_last_axis_squeeze,
            self.name,
            self.optional,
        )

    def __repr__(self):
        parts = [
            ("dtype", self.dtype),
            ("shape", self.shape),
            ("ndim", self.ndim),
            ("max_ndim", self.max_ndim),
            ("min_ndim", self.min_ndim),
            ("axes", self.axes or None),
        ]
        return "InputSpec(" + ", ".join(f"{k}={v}" for k, v in parts if v is not None) + ")"

    def get_config(self):
        """The constructor's arguments.

        Returns:
            A dict of plain values.
        """
        return {k: getattr(self, k) for k in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")}

    @classmethod
    def from_config(cls, config):
        """An InputSpec from get_config().

        Args:
            config: a dict of the constructor's arguments.
        """
        return cls(**config)


publish("lamina.layers", InputSpec)
