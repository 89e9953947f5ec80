"""LightGBM finds an OpenMP runtime where the system has none."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from crm_pipeline.models import openmp

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other wheels bring their own runtime")


def test_the_name_is_set_back_and_nothing_else_moves() -> None:
    library = b"ELF\0libgomp-e985bcbb.so.1.0.0\0GOMP_parallel\0"
    renamed = openmp.with_plain_name(library, "libgomp-e985bcbb.so.1.0.0")
    assert len(renamed) == len(library)
    assert b"\0libgomp.so.1\0" in renamed
    assert renamed.endswith(b"\0GOMP_parallel\0")
    assert b"e985bcbb" not in renamed


@linux_only
def test_the_bundled_runtime_is_loaded_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(name: str, mode: int = ctypes.DEFAULT_MODE) -> None:
        if name == openmp.RUNTIME:
            raise OSError(f"{name}: cannot open shared object file")
        loaded.append(name)

    monkeypatch.setattr(openmp.ctypes, "CDLL", load)
    assert openmp.ensure_openmp()
    assert [Path(name).name for name in loaded] == [openmp.RUNTIME]


@linux_only
def test_the_renamed_copy_is_a_library_that_loads(tmp_path: Path) -> None:
    source = openmp.bundled_runtime()
    assert source is not None
    copy = tmp_path / openmp.RUNTIME
    copy.write_bytes(openmp.with_plain_name(source.read_bytes(), source.name))
    program = f"import ctypes; print(ctypes.CDLL({str(copy)!r}).omp_get_max_threads() > 0)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True"
