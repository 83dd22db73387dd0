"""The command `icestream`."""
