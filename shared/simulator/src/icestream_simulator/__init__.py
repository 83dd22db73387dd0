"""Granules in their real file formats from forward physics with known truth."""
