"""LightGBM on a bare machine.

Its Linux wheel links to the system's OpenMP runtime (`libgomp.so.1`), which small installations lack. Scikit-learn's
wheel carries the same runtime under a name of its own. Where the system has none, a copy of that one with its
shared-object name set back is loaded first, so that the loader finds what LightGBM asks for.
"""

from __future__ import annotations

import ctypes
import re
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

RUNTIME = "libgomp.so.1"


def bundled_runtime() -> Path | None:
    """The OpenMP runtime inside scikit-learn's wheel, or None where its wheel has none."""
    try:
        found = files("scikit-learn") or []
    except PackageNotFoundError:
        return None
    for entry in found:
        if re.fullmatch(r"libgomp[-.].*", entry.name) and ".so" in entry.name:
            return Path(str(entry.locate()))
    return None


def with_plain_name(library: bytes, own_name: str) -> bytes:
    """The library's bytes with its shared-object name shortened to the plain one; the length stays the same."""
    name, plain = own_name.encode() + b"\0", RUNTIME.encode() + b"\0"
    return library.replace(b"\0" + name, b"\0" + plain.ljust(len(name), b"\0"))


def ensure_openmp() -> bool:
    """Load an OpenMP runtime under its plain name if the system has none; True when one is there afterwards."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        ctypes.CDLL(RUNTIME)
        return True
    except OSError:
        source = bundled_runtime()
    if source is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / RUNTIME
        copy.write_bytes(with_plain_name(source.read_bytes(), source.name))
        ctypes.CDLL(str(copy), mode=ctypes.RTLD_GLOBAL)
    return True


ensure_openmp()

import lightgbm  # noqa: E402  after the runtime that it links to

__all__ = ["lightgbm"]
