"""What a child may take while it reads a file."""

from __future__ import annotations

import resource
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from icestream_worker.compute_child import more_memory

MIB = 2**20


def test_a_library_is_refused_memory_that_a_damaged_file_says_it_needs(tmp_path: Path) -> None:
    """The head of an HDF5 file that states 4 GiB of information for its driver: HDF5 asks for them, and fills them."""
    head = struct.pack("<8s5x2bx", b"\x89HDF\r\n\x1a\n", 8, 8) + struct.pack("<HHI", 4, 16, 0)
    head += struct.pack("<4Q", 0, 2**64 - 1, 0, 96) + struct.pack("<QQII16x", 0, 96, 0, 0)
    path = tmp_path / "damaged.h5"
    path.write_bytes(head + struct.pack("<4xI8s", 0xFF00_0000, b"NCSAmult") + bytes(400))
    with more_memory(256 * MIB), pytest.raises(OSError, match="image null after H5MM_realloc"):
        h5py.File(path, "r")


def test_memory_may_be_taken_up_to_the_limit_and_again_without_one_afterwards() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with more_memory(256 * MIB):
        np.ones(100 * MIB, np.uint8)
        with pytest.raises(MemoryError):
            np.ones(300 * MIB, np.uint8)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    np.ones(300 * MIB, np.uint8)
