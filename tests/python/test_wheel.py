"""A wheel of scripts/build-wheels beside NumPy alone: it needs nothing but the C library, and works in an empty root.

A wheel takes minutes to build, so that these tests run where one is named: LAMINA_WHEEL is its path,
LAMINA_WHEEL_PYTHON the interpreter that it is for. `scripts/build-wheels --check` does that for each that it builds.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHEEL = os.environ.get("LAMINA_WHEEL")
PYTHON = os.environ.get("LAMINA_WHEEL_PYTHON", sys.executable)
GLIBC = re.compile(r"(lib(c|m|dl|pthread|rt|util)\.so\.\d|ld-linux-x86-64\.so\.2|linux-vdso\.so\.1)$")
IMPORT_SECONDS = 0.06
pytestmark = pytest.mark.skipif(
    not WHEEL, reason="LAMINA_WHEEL names no wheel; scripts/build-wheels --check builds and tests one"
)


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with the wheel and what it requires, and nothing else."""
    folder = tmp_path_factory.mktemp("packages")
    run(PYTHON, "-m", "venv", folder / "venv")
    run(folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--target", folder / "site", WHEEL)
    installed = {p.name.split("-")[0].lower() for p in (folder / "site").glob("*.dist-info")}
    assert installed == {"lamina", "numpy"}
    return folder / "site"


@pytest.fixture(scope="module")
def names():
    with zipfile.ZipFile(WHEEL) as f:
        return f.namelist()


def libraries(path):
    """What the loader finds for a file: {name: path}."""
    lines = run("ldd", path).splitlines()
    found = dict(re.findall(r"^\s*(\S+) => (\S+)", "\n".join(lines), re.MULTILINE))
    loader = [w for line in lines for w in line.split() if w.startswith("/lib") and "ld-linux" in w]
    return {**found, **{os.path.basename(w): w for w in loader}}


def test_holds_types_and_licenses(names):
    assert {"lamina/py.typed", "lamina/__init__.pyi", "lamina/layers/__init__.pyi"} <= set(names)
    licenses = {os.path.basename(n) for n in names if ".dist-info/licenses/" in n}
    assert {
        "LICENSE",
        "hdf5.txt",
        "zlib.txt",
        "libzip.txt",
        "libpng1.6.txt",
        "libjpeg-turbo.txt",
        "libwebp.txt",
    } <= licenses
    assert {"giflib.txt", "speexdsp.txt", "farmhash.txt", "gcc-runtime.txt"} <= licenses
    (metadata,) = [n for n in names if n.endswith(".dist-info/METADATA")]
    with zipfile.ZipFile(WHEEL) as f:
        text = f.read(metadata).decode()
    assert "Requires-Dist: numpy" in text and "License-Expression: Apache-2.0" in text


def test_needs_the_c_library_alone(packages):
    if not shutil.which("ldd"):
        pytest.skip("no ldd")
    (module,) = packages.glob("lamina/*.so")
    others = [name for name in libraries(module) if not GLIBC.match(name)]
    assert not others


def test_name_says_with_which_c_library():
    shown = subprocess.run([sys.executable, "-m", "auditwheel", "show", WHEEL], capture_output=True, text=True)
    if "No module named auditwheel" in shown.stderr:
        pytest.skip("no auditwheel")
    tag = re.search(r'consistent with\s+the\s+following\s+platform\s+tag:\s+"(manylinux_2_\d+)_', shown.stdout)
    assert tag and tag.group(1) in os.path.basename(WHEEL), shown.stdout


def test_imports_soon_after_numpy(packages):
    program = (
        f"import sys, time; sys.path.insert(0, {str(packages)!r}); import numpy; "
        "t = time.process_time(); import lamina; print(time.process_time() - t)"
    )
    best = min(float(run(PYTHON, "-I", "-S", "-c", program)) for _ in range(10))
    assert best < IMPORT_SECONDS


def check(said, packages):
    assert said["from"] == str(packages) and said["others"] == []
    assert said["loss"][-1] < said["loss"][0] / 2 and said["accuracy"] > 0.95
    assert said["files"] is True
    assert all(0 <= h[0] < 1000 for h in said["hashed"])
    for kind, rows in said["pixels"].items():
        allowed = 12 if kind == "jpg" else 0
        assert len(rows) == 16 and len(rows[0]) == 16
        for y, row in enumerate(rows):
            for x, pixel in enumerate(row):
                assert all(abs(a - b) <= allowed for a, b in zip(pixel, (16 * y, 16 * x, 128))), (kind, y, x, pixel)


def test_works_beside_numpy_alone(packages):
    program = ROOT / "tests/python/wheel_program.py"
    said = run(PYTHON, "-I", "-S", program, packages, ROOT / "tests/data/images")
    check(json.loads(said), packages)


def into(root, path):
    """Copies a file to its place below another root."""
    to = Path(f"{root}{path}")
    to.parent.mkdir(parents=True, exist_ok=True)
    if not to.exists():
        shutil.copy(os.path.realpath(path), to)


def test_works_in_an_empty_root(packages, tmp_path):
    """In a root that holds Python, what its and NumPy's own files ask for, and the packages."""
    if not (shutil.which("unshare") and shutil.which("chroot") and shutil.which("ldd")):
        pytest.skip("needs unshare, chroot and ldd")
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("unshare is not allowed here")
    ask = "import os, sys, sysconfig; print(os.path.realpath(sys.executable)); print(sysconfig.get_paths()['stdlib'])"
    python, stdlib = run(PYTHON, "-I", "-S", "-c", ask).split()
    root = tmp_path / "root"
    modules = [*Path(stdlib, "lib-dynload").glob("*.so"), *packages.glob("numpy/**/*.so")]
    into(root, python)
    # The rest of the C library, too, which Python itself may not ask for.
    libc = Path(libraries(python)["libc.so.6"]).parent
    for name in ("libdl.so.2", "libm.so.6", "libpthread.so.0"):
        into(root, libc / name)
    for file in [python, *modules]:
        for path in libraries(file).values():
            if os.path.isabs(path) and not path.startswith(str(packages)):
                into(root, path)
    images, program = ROOT / "tests/data/images", "/wheel_program.py"
    shutil.copy(ROOT / "tests/python/wheel_program.py", f"{root}{program}")
    (root / "tmp").mkdir(exist_ok=True)
    mounts = []
    for folder in (stdlib, packages, images):
        Path(f"{root}{folder}").mkdir(parents=True, exist_ok=True)
        mounts.append(f"mount --bind '{folder}' '{root}{folder}'")
    command = f"exec chroot '{root}' '{python}' -I -S {program} '{packages}' '{images}'"
    said = run("unshare", "-rm", "sh", "-ec", "\n".join([*mounts, command]), env={})
    check(json.loads(said), packages)
