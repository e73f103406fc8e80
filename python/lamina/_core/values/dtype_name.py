"""What `tensor.dtype` gives."""


class DTypeName(str):
    """The name of a dtype, with `name` as the dtypes of other libraries' arrays have it: `x.dtype == "float32"` and
    `x.dtype.name` both work."""

    __slots__ = ()

    @property
    def name(self):
        return str(self)

    def __reduce__(self):
        return str, (str(self),)
