"""keras.export."""

from lamina._core.public import public_module


class ExportArchive:
    """Refuses: SavedModel and ONNX files are not written yet. `model.save("model.keras")` writes what Keras and C++
    programs load.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self):
        raise NotImplementedError(
            "ExportArchive writes SavedModel and ONNX files, which Lamina does not yet. A `.keras` file "
            "(`model.save(path)`) is loaded by Keras, which exports it, and by C++ programs (lamina::load_model)."
        )


__getattr__, __dir__ = public_module(__name__, defined=("ExportArchive",))
