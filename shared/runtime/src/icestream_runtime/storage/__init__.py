"""Storage: granules come in verified, products go out whole."""

from icestream_runtime.storage.store import Published, Storage

__all__ = ["Published", "Storage"]
