"""The C++ types of Keras' classes are what the classes' descriptions say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_headers_follow_the_descriptions(tmp_path):
    subprocess.run([sys.executable, ROOT / "scripts/generate-cpp-types", tmp_path], check=True)
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 10
    for path in written:
        assert (ROOT / path).read_text() == (tmp_path / path).read_text(), f"run scripts/generate-cpp-types: {path}"


def test_one_version_everywhere():
    header = (ROOT / "include/lamina/version.h").read_text()
    version = header.split('#define LAMINA_VERSION "')[1].split('"')[0]
    parts = [header.split(f"#define LAMINA_VERSION_{p} ")[1].split()[0] for p in ("MAJOR", "MINOR", "PATCH")]
    assert ".".join(parts) == version
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text()
