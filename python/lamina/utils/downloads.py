"""get_file: a file from an address, kept in Keras' own cache (~/.keras), verified, and resumed where it broke off."""

import contextlib
import hashlib
import os
import tempfile
import warnings

_CHUNK = 1 << 16
_TIMEOUT = 30  # seconds without a byte


def hash_file(fpath, algorithm="sha256", chunk_size=65535):
    """The hash of a file as hexadecimal digits. `algorithm`: "sha256", "md5", or "auto", which is md5 here."""
    hasher = hashlib.sha256() if algorithm == "sha256" else hashlib.md5()
    with open(fpath, "rb") as f:
        while chunk := f.read(chunk_size):
            hasher.update(chunk)
    return hasher.hexdigest()


def validate_file(fpath, file_hash, algorithm="auto", chunk_size=65535):
    """Whether a file has this hash. "auto" takes 64 digits for sha256 and others for md5."""
    if algorithm == "auto":
        algorithm = "sha256" if len(str(file_hash)) == 64 else "md5"
    return hash_file(fpath, algorithm, chunk_size) == str(file_hash).lower()


def keras_home():
    """Keras' folder: $KERAS_HOME, ~/.keras, or /tmp/.keras where there is no home that can be written."""
    if "KERAS_HOME" in os.environ:
        return os.environ["KERAS_HOME"]
    home = os.path.expanduser("~")
    return os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")


class _Lock:
    """Two processes that want one file: the second waits, and finds it there."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        self._file = open(self._path, "a")
        try:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX)
        except (ImportError, OSError):  # not on this system, or not on this disk
            pass

    def __exit__(self, *exc):
        self._file.close()


def _show(message):
    from lamina._core.console import print_text

    print_text(message + "\n")


def _fetch(origin, part):
    """Writes what is at `origin` to the file `part`, going on where an earlier attempt broke off."""
    import urllib.parse
    import urllib.request

    from lamina.utils.progbar import Progbar

    begun = os.path.getsize(part) if os.path.exists(part) else 0
    request = urllib.request.Request(origin, headers={"User-Agent": "lamina"})
    if begun and urllib.parse.urlsplit(origin).scheme in ("http", "https"):
        request.add_header("Range", f"bytes={begun}-")
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        resumed = getattr(answer, "status", None) == 206 and (answer.headers.get("Content-Range") or "").startswith(
            f"bytes {begun}-"
        )
        begun = begun if resumed else 0
        length = answer.headers.get("Content-Length")
        total = begun + int(length) if length and length.isdigit() else None
        bar = Progbar(total, unit_name="byte")
        with open(part, "ab" if resumed else "wb") as out:
            got = begun
            while chunk := answer.read(_CHUNK):
                out.write(chunk)
                got += len(chunk)
                if total is None or got < total:
                    bar.update(got)
        if total is not None:
            if got < total:
                raise ConnectionError(f"the connection ended after {got} of {total} bytes")
            bar.update(total)


def _download(origin, target, file_hash, algorithm):
    import urllib.error

    part = target + ".part"
    _show(f"Downloading data from {origin}")
    try:
        for attempt in range(3):
            try:
                _fetch(origin, part)
                break
            except urllib.error.HTTPError as e:
                if e.code == 416 and os.path.exists(part):  # it is longer than what there is: from the start
                    os.remove(part)
                    if attempt < 2:
                        continue
                raise
            except (ConnectionError, TimeoutError):
                if attempt == 2:
                    raise
    except urllib.error.HTTPError as e:
        raise Exception(f"URL fetch failure on {origin}: {e.code} -- {e.msg}") from e
    except (urllib.error.URLError, ConnectionError, TimeoutError) as e:
        reason = getattr(e, "reason", e)
        raise Exception(
            f"URL fetch failure on {origin}: {getattr(e, 'errno', None)} -- {reason}. Where there is "
            f"no network, fetch that "
            f"address elsewhere and put the file at {target}; calling this again goes on from what has arrived."
        ) from e
    if file_hash is not None and not validate_file(part, file_hash, algorithm):
        os.remove(part)
        raise ValueError(
            f"Incomplete or corrupted file detected. The {algorithm} file hash does not match the "
            f"provided value of {file_hash}."
        )
    os.replace(part, target)


def get_file(
    fname=None,
    origin=None,
    untar=False,
    md5_hash=None,
    file_hash=None,
    cache_subdir="datasets",
    hash_algorithm="auto",
    extract=False,
    archive_format="auto",
    cache_dir=None,
    force_download=False,
):
    """The path of a file that stands at an address: from the cache, or downloaded into it.

    A download that breaks off is resumed by the next call. Files are whole or absent: they get their name when they
    have
    arrived and their hash is right.

    Args:
        fname: the name in the cache; None takes it from the address. Of an archive that is extracted, a name without
        a dot
            is the folder's.
        origin: the address.
        untar: as `extract`, of tar archives alone (deprecated in Keras).
        md5_hash: as `file_hash`, of md5 (deprecated in Keras).
        file_hash: the expected sha256 or md5 hash.
        cache_subdir: the folder within the cache; an absolute path stands for itself.
        hash_algorithm: "sha256", "md5", or "auto", which tells by the length.
        extract: whether to unpack an archive.
        archive_format: "auto", "tar", "zip", a list of them, or None.
        cache_dir: the cache; None is $KERAS_HOME or ~/.keras, as Keras has it.
        force_download: whether to download what is in the cache already.

    Returns:
        The file's path; with `extract`, that of the folder.

    Raises:
        ValueError: without `origin`, for a path as `fname`, and where the hash does not match.
        Exception: where the address cannot be read; it says where to put the file by hand.
    """
    from urllib.parse import urlsplit

    if origin is None:
        raise ValueError('Please specify the "origin" argument (URL of the file to download).')
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    base = os.path.expanduser(os.fspath(cache_dir or keras_home()))
    with contextlib.suppress(OSError):
        os.makedirs(base, exist_ok=True)
    if not os.access(base, os.W_OK):
        base = os.path.join("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir(), ".keras")
    folder = os.path.join(base, cache_subdir)
    os.makedirs(folder, exist_ok=True)

    name = os.fspath(fname) if fname else os.path.basename(urlsplit(origin).path)
    if not name:
        raise ValueError(
            f"Can't parse the file name from the origin provided: '{origin}'. Please specify the `fname` argument."
        )
    if fname and os.sep in name:
        raise ValueError(
            "Paths are no longer accepted as the `fname` argument. To specify the file's parent directory, use the "
            f"`cache_dir` argument. Received: fname={name}"
        )
    target, unpacked = os.path.join(folder, name), None
    if extract or untar:
        if fname and "." in name:
            unpacked = os.path.join(folder, name[: name.find(".")] + "_extracted")
        else:
            target, unpacked = os.path.join(folder, f"{name}_archive"), os.path.join(folder, name)

    with _Lock(target + ".lock"):
        wanted = force_download or not os.path.exists(target)
        if not wanted and file_hash is not None and not validate_file(target, file_hash, hash_algorithm):
            _show(
                f"A local file was found, but it seems to be incomplete or outdated because the "
                f"{hash_algorithm} file hash does "
                f"not match the original value of {file_hash} so we will re-download the data."
            )
            wanted = True
        if wanted:
            _download(origin, target, file_hash, hash_algorithm)
        if unpacked is None:
            return target
        from lamina.utils.archives import extract_archive

        if not extract_archive(target, unpacked, "tar" if untar else archive_format):
            warnings.warn("Could not extract archive.", stacklevel=2)
        return unpacked
