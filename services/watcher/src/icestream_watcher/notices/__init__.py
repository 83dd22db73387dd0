"""Notices: what the world's producers say of new files, each format read by one normaliser."""
