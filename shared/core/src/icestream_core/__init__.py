"""The words and decisions of icestream: granule, task, outcome, collection, product, gathering. No arrays."""
