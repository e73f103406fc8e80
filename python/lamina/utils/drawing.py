"""plot_model and model_to_dot: pictures of models."""

import os
import shutil
import subprocess
import sys
import warnings

from lamina._core.public import publish


class Dot:
    """The drawing of a model: DOT text for Graphviz, and SVG that needs no Graphviz. In a notebook it shows itself.

    Args:
        dot: the DOT text.
        svg: the SVG text.
    """

    def __init__(self, dot, svg):
        self._dot, self._svg = dot, svg

    def to_string(self):
        """The DOT text."""
        return self._dot

    def create(self, format="svg"):
        """The drawing as a file's bytes.

        Args:
            format: "svg" or "dot"; with Graphviz installed whatever its `dot` command writes ("png", "pdf").

        Returns:
            The bytes.

        Raises:
            ImportError: if the format needs Graphviz, which is not installed.
            RuntimeError: if Graphviz fails.
        """
        if format in ("dot", "gv", "raw"):
            return self._dot.encode()
        if format == "svg":
            return self._svg.encode()
        program = shutil.which("dot")
        if program is None:
            raise ImportError(
                f"A drawing as {format} needs Graphviz (https://graphviz.org, `apt install graphviz`), whose command "
                "`dot` is not installed. SVG needs none: name a file that ends in .svg."
            )
        done = subprocess.run([program, f"-T{format}"], input=self._dot.encode(), capture_output=True)
        if done.returncode:
            raise RuntimeError(f"Graphviz could not draw the model as {format}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def write(self, path, format=None):
        """Writes the drawing.

        Args:
            path: the file.
            format: as in create(); None takes the file's ending.
        """
        format = format or os.path.splitext(os.fspath(path))[1][1:].lower() or "svg"
        content = self.create(format)
        with open(path, "wb") as file:
            file.write(content)

    def _repr_svg_(self):
        return self._svg


def model_to_dot(
    model,
    show_shapes=False,
    show_dtype=False,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    dpi=200,
    subgraph=False,
    show_layer_activations=False,
    show_trainable=False,
    splines="ortho",
    **kwargs,
):
    """A model as a drawing of boxes and arrows.

    Args:
        model: a built model.
        show_shapes: whether to show the shapes of inputs and outputs.
        show_dtype: whether to show the outputs' dtypes.
        show_layer_names: whether to show names beside classes.
        rankdir: from inputs to outputs: "TB" downwards, "BT" upwards, "LR" to the right, "RL" to the left.
        expand_nested: whether models within the model are drawn layer by layer, in a frame.
        dpi: the resolution, in dots per inch.
        subgraph: whether to draw the model itself in such a frame.
        show_layer_activations: whether to show the layers' activations.
        show_trainable: whether to show which layers with weights are trainable.
        splines: how arrows run: "ortho", "polyline", "line", "spline" or "curved".
        **kwargs: none; Keras 2's `layer_range` is refused as Keras 3 does.

    Returns:
        A drawing with `to_string()` (DOT), `write(path)` and `create(format)`.

    Raises:
        ValueError: if the model is not built, or for an unknown option.
    """
    from lamina.models import Model

    if kwargs.pop("layer_range", None) is not None:
        raise ValueError("Argument `layer_range` is no longer supported.")
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
    if not isinstance(model, Model):
        raise TypeError(f"`model` must be a Model. Received: {model!r} of type {type(model).__name__}")
    options = {
        "show_shapes": bool(show_shapes),
        "show_dtype": bool(show_dtype),
        "show_layer_names": bool(show_layer_names),
        "rankdir": rankdir,
        "expand_nested": bool(expand_nested),
        "dpi": int(dpi),
        "framed": bool(subgraph),
        "show_layer_activations": bool(show_layer_activations),
        "show_trainable": bool(show_trainable),
        "splines": splines,
    }
    return Dot(*model._draw(options))


def plot_model(
    model,
    to_file="model.png",
    show_shapes=False,
    show_dtype=False,
    show_layer_names=False,
    rankdir="TB",
    expand_nested=False,
    dpi=200,
    show_layer_activations=False,
    show_trainable=False,
    splines="ortho",
    **kwargs,
):
    """Draws a model into a file. SVG is drawn by this library; other formats by Graphviz, and where it is not installed
    the drawing goes to a .svg file of the same name, with a warning.

    Args:
        model: a built model.
        to_file: the file; its ending says the format.
        show_shapes: as in model_to_dot().
        show_dtype: as in model_to_dot().
        show_layer_names: as in model_to_dot().
        rankdir: as in model_to_dot().
        expand_nested: as in model_to_dot().
        dpi: as in model_to_dot().
        show_layer_activations: as in model_to_dot().
        show_trainable: as in model_to_dot().
        splines: as in model_to_dot().
        **kwargs: none.

    Returns:
        In a notebook an image that it shows, else None.

    Raises:
        ValueError: if the model is not built, or for an unknown option.
        OSError: if the file cannot be written.
    """
    drawing = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
        **kwargs,
    )
    to_file = os.fspath(to_file)
    stem, ending = os.path.splitext(to_file)
    try:
        drawing.write(to_file, ending[1:].lower() or "png")
    except ImportError:
        to_file = stem + ".svg"
        warnings.warn(
            f"Graphviz is not installed, which draws {ending or '.png'} files: the model was drawn into {to_file}. To "
            "choose SVG name such a file; for other formats install Graphviz (https://graphviz.org).",
            stacklevel=2,
        )
        drawing.write(to_file)
    return _for_notebooks(to_file)


def _for_notebooks(path):
    """IPython's image of a file, if this is a notebook."""
    if "IPython" not in sys.modules or not path.endswith((".svg", ".png", ".jpg", ".jpeg")):
        return None
    from IPython import display

    return display.SVG(filename=path) if path.endswith(".svg") else display.Image(filename=path)


publish("lamina.utils", Dot, model_to_dot, plot_model)
