"""InputSpec: what a layer expects of its input."""

from lamina._core.public import publish


class InputSpec:
    """Constraints on a layer's input: dtype, shape, ndim, max_ndim, min_ndim, axes."""

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
        return {k: getattr(self, k) for k in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


publish("lamina.layers", InputSpec)
