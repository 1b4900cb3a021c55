"""pycrdt's public API is here, with the same signatures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import api_of_pycrdt
import twin

pytest.importorskip("pycrdt")


def test_everything_that_pycrdt_has_is_here_with_the_same_signature() -> None:
    result = api_of_pycrdt.compare(twin.ours().__name__)
    assert result.compared > 300, "the list of pycrdt's names is too short to be one"
    assert not result.missing, "\n".join(result.missing)
    assert not result.differing, "\n".join(result.differing)


def test_deviations_that_are_listed_do_occur() -> None:
    result = api_of_pycrdt.compare(twin.ours().__name__)
    if twin.ours() is not twin.theirs():
        assert not result.stale, "\n".join(result.stale)


def test_the_comparison_notices_what_is_missing_or_differs() -> None:
    """It finds in a package of two classes what these lack."""
    script = Path(api_of_pycrdt.__file__)
    small = (
        "import sys, types, pathlib, tempfile\n"
        "folder = pathlib.Path(tempfile.mkdtemp(), 'small'); folder.mkdir()\n"
        "(folder / '__init__.py').write_text('''\n"
        "class Snapshot:\n"
        "    def encode(self, level=3): return b''\n"
        "class Encoder:\n"
        "    def __init__(self): self.stream = []\n"
        "    def write_var_uint(self, num, *, checked=True): pass\n"
        "    def write_var_string(self, text): pass\n"
        "    def to_bytes(self): pass\n"
        "''')\n"
        "sys.path[:0] = [str(folder.parent), sys.argv[1]]\n"
        "import api_of_pycrdt\n"
        "result = api_of_pycrdt.compare('small')\n"
        "assert 'Doc' in result.missing and 'Snapshot.decode' in result.missing\n"
        "assert any(line.startswith('Snapshot.encode:') for line in result.differing)\n"
        "assert not any('Encoder' in line for line in result.missing + result.differing)\n"
        "assert any(line.startswith('Encoder.write_var_uint:') for line in result.extended)\n"
    )
    subprocess.run([sys.executable, "-c", small, str(script.parent)], check=True)
