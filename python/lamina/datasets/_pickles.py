"""Arrays of objects (lists of different lengths) out of files, without running what a file says."""

import pickle
import zipfile

import numpy as np

_ARRAYS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickles of plain values and NumPy arrays; UnpicklingError for anything else."""

    def find_class(self, module, name):
        if (module, name) in _ARRAYS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"Refusing to deserialize `{module}.{name}` while loading a dataset: it is no array. The "
            f"file may be corrupted or malicious."
        )


def load_npz(path):
    """The arrays of an .npz file by name, those of objects included."""
    out = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if not member.endswith(".npy"):
                continue
            with archive.open(member) as f:
                version = np.lib.format.read_magic(f)
                read_header = {1: np.lib.format.read_array_header_1_0}.get(
                    version[0], np.lib.format.read_array_header_2_0
                )
                _, _, dtype = read_header(f)
                if dtype.hasobject:
                    out[member[:-4]] = ArrayUnpickler(f).load()
                    continue
            with archive.open(member) as f:
                out[member[:-4]] = np.lib.format.read_array(f, allow_pickle=False)
    return out
