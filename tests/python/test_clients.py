"""The clients of other languages: each example is built against the library and runs, where its language is there."""

import os
import shutil
import subprocess
from pathlib import Path

import lamina
import pytest

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "clients"
LIBRARY = Path(lamina._lamina.__file__).resolve().parents[2] / "lib"

pytestmark = pytest.mark.skipif(not (LIBRARY / "liblamina.so").exists(), reason="the library is not built here")


def run(folder, *command, **environment):
    paths = f"{LIBRARY}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, "LD_LIBRARY_PATH": paths, **environment},
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def needs(*programs):
    missing = [p for p in programs if shutil.which(p) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")


def compiled(language, source, to, *includes):
    """A shared library that Node or Java loads."""
    compiler = shutil.which("c++" if source.suffix == ".cpp" else "cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    flags = [f"-I{path}" for path in (ROOT / "include", *includes)]
    warnings = ["-Wall", "-Wextra", "-Werror"]
    run(
        CLIENTS / language,
        compiler,
        "-O1",
        "-fPIC",
        "-shared",
        *warnings,
        *flags,
        source,
        f"-L{LIBRARY}",
        "-llamina",
        "-o",
        to,
    )


def learned(text):
    """What every example prints after it has checked what it learned."""
    assert "epochs" in text and text.endswith(f"Lamina {lamina.__version__}\n"), text


def test_rust(tmp_path):
    needs("rustc")
    command = ("rustc", "-D", "warnings", "-A", "dead_code", CLIENTS / "rust" / "xor.rs", "-L", LIBRARY)
    run(tmp_path, *command, "-o", tmp_path / "xor")
    learned(run(tmp_path, tmp_path / "xor"))


def test_javascript(tmp_path):
    needs("node")
    where = "path.join(process.execPath, '../../include/node')"
    include = Path(run(tmp_path, "node", "-p", where).strip())
    if not (include / "node_api.h").exists():
        pytest.skip("Node's headers are not installed")
    compiled("javascript", CLIENTS / "javascript" / "lamina_node.c", tmp_path / "lamina.node", include)
    learned(run(tmp_path, "node", CLIENTS / "javascript" / "xor.js", LAMINA_NODE=str(tmp_path / "lamina.node")))


def test_java(tmp_path):
    needs("javac", "java")
    home = Path(shutil.which("javac")).resolve().parents[1]
    sources = sorted((CLIENTS / "java" / "lamina").glob("*.java"))
    run(tmp_path, "javac", "-Xlint:all", "-Werror", "-d", tmp_path, *sources, CLIENTS / "java" / "Xor.java")
    target = tmp_path / "liblamina_java.so"
    compiled("java", CLIENTS / "java" / "lamina_java.cpp", target, home / "include", home / "include" / "linux")
    out = run(tmp_path, "java", "-Xcheck:jni", f"-Djava.library.path={tmp_path}", "-cp", tmp_path, "Xor")
    learned(out)
    assert "WARNING in native method" not in out and "exceeds capacity" not in out, out


def test_luajit(tmp_path):
    needs("luajit")
    learned(run(tmp_path, "luajit", CLIENTS / "luajit" / "xor.lua"))
