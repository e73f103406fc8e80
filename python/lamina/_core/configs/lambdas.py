"""Python lambdas in configs: their code as text, and back where that is allowed."""

import codecs
import marshal
import types

from lamina._core.configs.safe_mode import in_safe_mode


def lambda_from_config(serialized):
    """A stored lambda, if the caller allowed code from files."""
    if in_safe_mode():
        raise ValueError(
            "Requested the deserialization of a Python lambda. This carries a potential risk of arbitrary code "
            "execution and thus it is disallowed by default. If you trust the source of the artifact, you can "
            "override this error by passing `safe_mode=False` to the loading function, or calling "
            "`keras.config.enable_unsafe_deserialization()."
        )
    import base64

    c = serialized["config"]
    parts = c["value"] if "value" in c else [c["code"], c.get("defaults"), c.get("closure")]
    code, defaults, closure = parts if isinstance(parts, (list, tuple)) else (parts, None, None)
    code = marshal.loads(base64.b64decode(code))
    cells = tuple(types.CellType(v) for v in closure) if closure else None
    return types.FunctionType(
        code, {"__builtins__": __builtins__}, code.co_name, tuple(defaults) if defaults else None, cells
    )


def encode_lambda(f):
    closure = tuple(c.cell_contents for c in f.__closure__) if f.__closure__ else None
    return {
        "class_name": "__lambda__",
        "config": {
            "value": [codecs.encode(marshal.dumps(f.__code__), "base64").decode("ascii"), f.__defaults__, closure]
        },
    }
