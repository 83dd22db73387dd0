"""Storage: granules come in verified, products go out whole."""

from icestream_runtime.storage.access import Access
from icestream_runtime.storage.published import Published
from icestream_runtime.storage.store import Storage

__all__ = ["Access", "Published", "Storage"]
