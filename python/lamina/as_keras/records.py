"""Files of TFRecords and the messages tf.train.Example in them, for scripts where TensorFlow is not installed."""

import struct

import numpy as np

from lamina.as_keras.arrays import tensor
from lamina.as_keras.files import path_of
from lamina.as_keras.images import _bytes


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


_CRC = _crc_table()


def _checksum(data):
    """CRC-32C, turned as in TFRecords."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


class TFRecordWriter:
    """Writes strings into a file of records."""

    def __init__(self, path, options=None):
        if options not in (None, "", "NONE"):
            raise NotImplementedError("TFRecordWriter writes records without compression.")
        self._file = open(path_of(path), "wb")  # noqa: SIM115 - close() ends it

    def write(self, record):
        """One more record."""
        data = _bytes(record)
        length = struct.pack("<Q", len(data))
        self._file.write(length + struct.pack("<I", _checksum(length)))
        self._file.write(data + struct.pack("<I", _checksum(data)))

    def flush(self):
        """What was written goes to the file."""
        self._file.flush()

    def close(self):
        """Ends the file."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def read_records(path):
    """The records of a file, one after the other."""
    with open(path, "rb") as f:
        while header := f.read(12):
            length, check = struct.unpack("<QI", header) if len(header) == 12 else (0, None)
            if check is None or check != _checksum(header[:8]):
                raise ValueError(f"{path} is no file of TFRecords, or it is damaged.")
            data = f.read(length)
            if len(data) != length or len(f.read(4)) != 4:
                raise ValueError(f"{path} ends within a record.")
            yield data


# --- messages: protobuf's wire format, of these few kinds ---


def _varint(n):
    n &= 2**64 - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def _field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _fields(data):
    """(number, bytes or int) of each field."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _read_varint(data, at)
        elif kind == 2:
            size, at = _read_varint(data, at)
            value, at = data[at : at + size], at + size
        elif kind == 5:
            value, at = data[at : at + 4], at + 4
        else:
            raise ValueError("This is no message of tf.train.Example.")
        yield key >> 3, value


class _List:
    def __init__(self, value=()):
        self.value = list(value)


class BytesList(_List):
    """Strings."""

    def _message(self):
        return b"".join(_field(1, _bytes(v)) for v in self.value)


class FloatList(_List):
    """float32 numbers."""

    def _message(self):
        return _field(1, np.asarray(self.value, "<f4").tobytes())


class Int64List(_List):
    """Whole numbers."""

    def _message(self):
        return _field(1, b"".join(_varint(int(v)) for v in self.value))


class Feature:
    """One list of values."""

    def __init__(self, bytes_list=None, float_list=None, int64_list=None):
        self.bytes_list = bytes_list or BytesList()
        self.float_list = float_list or FloatList()
        self.int64_list = int64_list or Int64List()
        given = [(1, bytes_list), (2, float_list), (3, int64_list)]
        self._kind = next(((n, x) for n, x in given if x is not None), None)

    def SerializeToString(self):
        """The message."""
        return b"" if self._kind is None else _field(self._kind[0], self._kind[1]._message())


class Features:
    """Features by name."""

    def __init__(self, feature=None):
        self.feature = dict(feature or {})

    def SerializeToString(self):
        """The message."""
        named = ((name, self.feature[name].SerializeToString()) for name in sorted(self.feature))
        return b"".join(_field(1, _field(1, name.encode()) + _field(2, feature)) for name, feature in named)


class Example:
    """Features by name, as one record."""

    def __init__(self, features=None):
        self.features = features or Features()

    def SerializeToString(self):
        """The message."""
        return _field(1, self.features.SerializeToString())

    def ParseFromString(self, serialized):
        """Takes the features of a message."""
        self.features = Features({k: _feature(*v) for k, v in _parsed(_bytes(serialized)).items()})
        return len(serialized)

    @classmethod
    def FromString(cls, serialized):
        """The example of a message."""
        example = cls()
        example.ParseFromString(serialized)
        return example


def _feature(kind, values):
    made = {1: ("bytes_list", BytesList), 2: ("float_list", FloatList), 3: ("int64_list", Int64List)}
    if kind is None:
        return Feature()
    name, of = made[kind]
    return Feature(**{name: of(values)})


def _parsed(data):
    """{name: (kind, values)} of a message."""
    out = {}
    for _, features in _fields(data):
        for _, entry in _fields(features):
            parts = dict(_fields(entry))
            kinds = list(_fields(parts.get(2, b"")))
            kind, content = kinds[0] if kinds else (None, b"")
            out[parts[1].decode()] = (kind, _values(kind, content))
    return out


def _values(kind, content):
    values = []
    for _, value in _fields(content):
        if kind == 1:
            values.append(value)
        elif kind == 2:
            values.extend(np.frombuffer(value, "<f4").tolist())
        elif isinstance(value, int):
            values.append(_signed(value))
        else:
            at = 0
            while at < len(value):
                n, at = _read_varint(value, at)
                values.append(_signed(n))
    return values


def _signed(n):
    return n - 2**64 if n >= 2**63 else n


class FixedLenFeature:
    """A feature of one shape, in parse_single_example()."""

    def __init__(self, shape, dtype, default_value=None):
        self.shape, self.dtype, self.default_value = tuple(shape), dtype, default_value


class VarLenFeature:
    """A feature of any length, in parse_single_example()."""

    def __init__(self, dtype):
        self.dtype = dtype


class FixedLenSequenceFeature:
    """A feature whose first size is any, in parse_single_example()."""

    def __init__(self, shape, dtype, allow_missing=False, default_value=None):
        self.shape, self.dtype = (-1, *shape), dtype


def parse_single_example(serialized, features, example_names=None, name=None):
    """The features of a record: a dict of tensors."""
    found = _parsed(_bytes(serialized))
    out = {}
    for key, feature in features.items():
        _, values = found.get(key, (None, []))
        default = getattr(feature, "default_value", None)
        shape = getattr(feature, "shape", (-1,))
        if not values and isinstance(feature, FixedLenFeature) and 0 not in shape:
            if default is None:
                raise ValueError(f"The record has no feature '{key}'. It has: {', '.join(sorted(found))}")
            values = np.broadcast_to(np.asarray(default), shape)
        dtype = object if feature.dtype == "string" else str(feature.dtype)
        out[key] = tensor(np.asarray(values, dtype).reshape(shape))
    return out


def parse_example(serialized, features, example_names=None, name=None):
    """The features of several records: a dict of batches."""
    rows = [parse_single_example(text, features) for text in np.asarray(serialized, object).reshape(-1)]
    return {key: tensor(np.stack([np.asarray(row[key]) for row in rows])) for key in features}


def to_dense(sp_input, default_value=None, validate_indices=True, name=None):
    """The tensor itself: features of any length are dense here."""
    return sp_input
