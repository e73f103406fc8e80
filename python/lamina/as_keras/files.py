"""tf.io, tf.io.gfile and tf.audio, for scripts where TensorFlow is not installed: files, and what is in their bytes."""

import base64
import csv
import glob as globbing
import io
import os
import shutil
import sys
import wave

import numpy as np

from lamina import ops
from lamina.as_keras.arrays import tensor
from lamina.as_keras.images import (  # noqa: F401 - names of tf.io, too
    _bytes,
    decode_bmp,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    encode_jpeg,
    encode_png,
)


def path_of(name):
    """A path: of a string, a scalar tensor of strings, bytes or a path."""
    if isinstance(name, (str, os.PathLike)):
        return os.fspath(name)
    return os.fsdecode(_bytes(name))


def _one(value):
    return tensor(np.asarray(value, object))


def read_file(filename, name=None):
    """A file's bytes as one string."""
    with open(path_of(filename), "rb") as f:
        return _one(f.read())


def write_file(filename, contents, name=None):
    """Writes a string to a file."""
    path = path_of(filename)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as f:
        f.write(_bytes(contents))


def matching_files(pattern, name=None):
    """The paths that a pattern names, in order."""
    return tensor(np.asarray(sorted(globbing.glob(path_of(pattern))), object))


def decode_raw(input_bytes, out_type, little_endian=True, fixed_length=None, name=None):
    """The numbers whose bytes strings are."""
    kind = np.dtype(str(out_type)).newbyteorder("<" if little_endian else ">")
    texts = np.asarray(input_bytes, object)
    rows = [np.frombuffer(_bytes(text), kind).astype(kind.newbyteorder("=")) for text in texts.flat]
    return tensor(np.stack(rows).reshape(*texts.shape, -1))


def decode_csv(records, record_defaults, field_delim=",", use_quote_delim=True, na_value="", select_cols=None):
    """The fields of lines: a tensor for each column, of the dtype of its default, which stands for empty fields."""
    lines = np.asarray(records, object)
    texts = [_bytes(line).decode("utf-8", "surrogateescape") for line in lines.flat]
    quoting = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE
    rows = list(csv.reader(texts, delimiter=field_delim, quoting=quoting))
    columns = range(len(record_defaults)) if select_cols is None else select_cols
    out = []
    for column, default in zip(columns, record_defaults, strict=True):
        dtype, filler = _default(default)
        values = []
        for row in rows:
            if column >= len(row):
                raise ValueError(
                    f"tf.io.decode_csv() expected {len(record_defaults)} fields. Received: {len(row)} in {row}"
                )
            empty = row[column] in ("", na_value)
            if empty and filler is None:
                raise ValueError(f"Field {column} is empty in {row}, and `record_defaults` has no value for it.")
            values.append(filler if empty else row[column] if dtype == "string" else float(row[column]))
        array = np.asarray(values, object if dtype == "string" else dtype).reshape(lines.shape)
        out.append(tensor(array))
    return out


def _default(default):
    """(dtype, value or None) of what stands for a column."""
    if isinstance(default, str) and default in ("float32", "float64", "int32", "int64", "string"):
        return str(default), None
    value = tensor(default)
    dtype = value.dtype
    if np.size(np.asarray(value)) == 0:
        return dtype, None
    first = np.asarray(value).reshape(-1)[0]
    return dtype, first


def encode_base64(input, pad=False, name=None):
    """Bytes as web-safe text."""
    text = base64.urlsafe_b64encode(_bytes(input))
    return _one(text if pad else text.rstrip(b"="))


def decode_base64(input, name=None):
    """The bytes of web-safe text."""
    text = _bytes(input)
    return _one(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))


def serialize_tensor(tensor, name=None):
    """A tensor as a string, which parse_tensor() reads."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(tensor), allow_pickle=False)
    return _one(buffer.getvalue())


def parse_tensor(serialized, out_type, name=None):
    """The tensor that serialize_tensor() wrote."""
    return ops.cast(tensor(np.load(io.BytesIO(_bytes(serialized)), allow_pickle=False)), out_type)


# --- tf.audio ---


def decode_wav(contents, desired_channels=-1, desired_samples=-1, name=None):
    """(samples from -1 to 1 of shape (samples, channels), samples a second) of a WAV file of 16 bits."""
    with wave.open(io.BytesIO(_bytes(contents))) as sound:
        if sound.getsampwidth() != 2:
            raise ValueError(
                f"tf.audio.decode_wav() expected samples of 16 bits. Received: {8 * sound.getsampwidth()}. "
                "keras.utils.audio_dataset_from_directory() reads the others."
            )
        data = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, sound.getnchannels())
        rate = sound.getframerate()
    channels = data.shape[1] if desired_channels < 0 else desired_channels
    samples = data.shape[0] if desired_samples < 0 else desired_samples
    out = np.zeros((samples, channels), "float32")
    part = data[:samples, :channels].astype("float32") / 32768
    out[: len(part), : part.shape[1]] = part
    if channels > data.shape[1]:
        out[:, data.shape[1] :] = out[:, data.shape[1] - 1 : data.shape[1]]
    return tensor(out), tensor(np.int32(rate))


def encode_wav(audio, sample_rate, name=None):
    """Samples from -1 to 1 as a WAV file in memory."""
    samples = np.clip(np.round(np.asarray(audio) * 32768), -32768, 32767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(samples.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(int(sample_rate))
        sound.writeframes(samples.tobytes())
    return _one(buffer.getvalue())


# --- tf.io.gfile ---


class GFile:
    """A file that is opened when it is first used."""

    def __new__(cls, name, mode="r"):
        """Python's own file."""
        return open(path_of(name), mode, encoding=None if "b" in mode else "utf-8")


def exists(path):
    """Whether there is something by that name."""
    return os.path.exists(path_of(path))


def glob(pattern):
    """The paths that patterns name."""
    patterns = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    return sorted(path for p in patterns for path in globbing.glob(path_of(p)))


def isdir(path):
    """Whether it is a folder."""
    return os.path.isdir(path_of(path))


def join(path, *paths):
    """Paths behind each other."""
    return os.path.join(path_of(path), *map(path_of, paths))


def listdir(path):
    """The names in a folder."""
    return os.listdir(path_of(path))


def makedirs(path):
    """Makes a folder and those above it."""
    os.makedirs(path_of(path), exist_ok=True)


mkdir = makedirs


def remove(path):
    """Removes a file."""
    os.remove(path_of(path))


def rmtree(path):
    """Removes a folder and what is in it."""
    shutil.rmtree(path_of(path))


def copy(src, dst, overwrite=False):
    """Copies a file."""
    if not overwrite and exists(dst):
        raise FileExistsError(f"There is a file {path_of(dst)} already. Pass overwrite=True to replace it.")
    shutil.copyfile(path_of(src), path_of(dst))


def rename(src, dst, overwrite=False):
    """Gives a file another name."""
    if not overwrite and exists(dst):
        raise FileExistsError(f"There is a file {path_of(dst)} already. Pass overwrite=True to replace it.")
    os.replace(path_of(src), path_of(dst))


def walk(top, topdown=True, onerror=None):
    """(folder, folders in it, files in it) of a folder and all below it."""
    return os.walk(path_of(top), topdown, onerror)


def print_(*inputs, output_stream=None, summarize=3, sep=" ", end="\n", name=None):
    """Prints tensors as their values."""
    shown = [np.asarray(x) if hasattr(x, "numpy") else x for x in inputs]
    print(*shown, sep=sep, end=end, file=output_stream if hasattr(output_stream, "write") else sys.stderr)
