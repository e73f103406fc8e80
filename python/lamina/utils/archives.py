"""Archives are unpacked into their folder only: a member that would leave it is skipped with a warning."""

import os
import shutil
import tarfile
import warnings
import zipfile


def _inside(folder, *parts):
    """Whether `parts`, taken from `folder`, stay in it."""
    path = os.path.realpath(os.path.join(folder, *parts))
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _safe_tar_member(member, folder):
    if not _inside(folder, member.name):
        return False
    if member.issym():
        return _inside(folder, os.path.dirname(member.name), member.linkname)
    if member.islnk():
        return _inside(folder, member.linkname)
    return member.isreg() or member.isdir()


def _unpack(archive, folder):
    tar = isinstance(archive, tarfile.TarFile)
    for member in archive.getmembers() if tar else archive.infolist():
        name = member.name if tar else member.filename
        # The links of members before this one are on the disk already: the path is resolved anew for each.
        if not (_safe_tar_member(member, folder) if tar else _inside(folder, name)):
            warnings.warn(f"Skipping invalid path during archive extraction: '{name}'.", stacklevel=4)
            continue
        if tar:
            member.mode = (member.mode or 0) & 0o755 | (0o700 if member.isdir() else 0o600)
            archive.extract(member, folder, set_attrs=not member.issym(), **_TAR_FILTER)
        else:
            archive.extract(member, folder)


# Python 3.12 asks for a choice; members have been looked at here.
_TAR_FILTER = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
_FORMATS = {"tar": (tarfile.is_tarfile, tarfile.open), "zip": (zipfile.is_zipfile, zipfile.ZipFile)}


def extract_archive(file_path, path=".", archive_format="auto"):
    """Unpacks a tar (also .gz, .bz2, .xz) or zip archive into the folder `path`, whole or not at all.

    Args:
        file_path: the archive.
        path: the folder; made if absent.
        archive_format: "tar", "zip", a list of them, "auto" for both, or None for neither.

    Returns:
        Whether the file was an archive of one of these formats.

    Raises:
        NotImplementedError: for another format.
    """
    if archive_format is None:
        return False
    formats = ["tar", "zip"] if archive_format == "auto" else archive_format
    for name in [formats] if isinstance(formats, str) else formats:
        if name not in _FORMATS:
            raise NotImplementedError(name)
        matches, open_archive = _FORMATS[name]
        if not matches(file_path):
            continue
        path = os.path.abspath(os.fspath(path))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # Beside its place, so that nobody sees half of it; what was there before goes when all is well.
        fresh = f"{path}.unpacking-{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        try:
            with open_archive(file_path) as archive:
                _unpack(archive, os.path.realpath(fresh))
            _merge(fresh, path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return True
    return False


def _merge(source, target):
    """Moves what is in `source` to `target`, over what is there."""
    if os.path.isdir(source) and not os.path.islink(source) and os.path.isdir(target):
        for name in os.listdir(source):
            _merge(os.path.join(source, name), os.path.join(target, name))
        return
    if os.path.isdir(target) and not os.path.islink(target):
        shutil.rmtree(target)
    os.replace(source, target)
