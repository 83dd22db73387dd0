"""One collection, one file: parse its name, open it, give it our names and units."""
