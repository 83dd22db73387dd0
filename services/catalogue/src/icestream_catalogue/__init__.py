"""The catalogue: keeps the STAC items of announced products, serves them and a page."""
