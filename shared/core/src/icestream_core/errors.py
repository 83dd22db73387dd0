"""The one tree of errors. Libraries raise these; each service's edge decides what they mean for a message."""

from __future__ import annotations


class IcestreamError(Exception):
    """Anything that icestream says is wrong. The text says what was found, what was wanted and what to do."""


class MessageError(IcestreamError):
    """A message that cannot be read: not msgpack, too large, too deep, an unknown version, a field of a wrong type."""


class RecordError(IcestreamError):
    """A product or collection record that contradicts itself or another one."""


class PluginError(IcestreamError):
    """A plugin that could not be loaded. The start stops with its name and the real error."""


class GranuleError(IcestreamError):
    """A granule that is not what its collection promises: truncated, a wrong size, a missing dataset, a wrong checksum.

    granule_id : the granule at fault, where it is known
    """

    def __init__(self, message: str, granule_id: str = "") -> None:
        super().__init__(message)
        self.granule_id = granule_id


class StorageError(IcestreamError):
    """Storage or network is away, full or refuses. Nobody's data is at fault: it is tried again."""


class LedgerError(IcestreamError):
    """The ledger is away or refuses."""


class LedgerAway(LedgerError):
    """The ledger does not answer. It may come back: it is tried again."""


class ProductError(IcestreamError):
    """A product broke a promise of its record: a wrong unit, shape, name or a value outside its valid range."""


class LimitError(IcestreamError):
    """A product went past its time or memory limit, or its process died."""


class SettingsError(IcestreamError):
    """Settings that cannot be used; the text lists every one of them at once."""


class Void(IcestreamError):
    """Raised by a product that has nothing to make, and why: polar night, all cloud, no ice shelf in the scene."""
