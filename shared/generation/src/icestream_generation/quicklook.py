"""Quicklooks: a small map with title, coast, graticule and legend. Pillow alone, so that one costs a moment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from icestream_core.grid import Grid
from icestream_core.variable import Flags, Variable, Written
from icestream_generation.canvas import Canvas, canvas_of, frame_of, pixels_of
from icestream_generation.colours import Colour, class_colours, ramp_of, rgb
from icestream_generation.features import Feature
from icestream_generation.promises import stored_as_floats
from icestream_generation.provenance import Provenance

LEFT, RIGHT, TOP, BOTTOM = 58, 28, 74, 86
INK, FAINT, PAPER = rgb("#1d2530"), rgb("#5f6b7a"), rgb("#ffffff")
NO_DATA_LAND, NO_DATA_SEA, BEYOND = rgb("#c4c6c9"), rgb("#e6ebf0"), rgb("#ffffff")
COAST = rgb("#39424e")
SEA, LAND = rgb("#dce8f0"), rgb("#f0ece2")
"""Of maps that are no rasters."""
TITLE_SIZES = (21, 18, 15)
LINE = 20
"""Height of a line of the legend, pixels."""


def raster_quicklook(path: Path, provenance: Provenance, grid: Grid, arrays: dict[str, np.ndarray]) -> None:
    """Draw the first variable of a raster product, or its first layer."""
    name, written = next(iter(provenance.product.writes.items()))
    canvas = canvas_of(grid)
    stored = arrays[name] if arrays[name].ndim == 2 else arrays[name][0]
    values = stored_as_floats(stored[canvas.rows[:, None], canvas.cols[None, :]], written)
    pixels = _background(canvas)
    legend = _paint(pixels, values, written, stored)
    _lines(pixels, canvas)
    _page(path, provenance, written, canvas, Image.fromarray(pixels), legend)


def table_quicklook(path: Path, provenance: Provenance, columns: dict[str, np.ndarray]) -> None:
    """Draw the rows of a table where they lie, coloured by the first variable."""
    name, written = next(iter(provenance.product.writes.items()))
    lon, lat = columns["longitude"].astype(float), columns["latitude"].astype(float)
    grid = frame_of(lon, lat)
    canvas = canvas_of.__wrapped__(grid)
    pixels = _background(canvas, SEA, LAND)
    _lines(pixels, canvas)
    colours = np.zeros((1, len(lon), 3), np.uint8) + np.array(NO_DATA_LAND, np.uint8)
    legend = _paint(colours, stored_as_floats(columns[name], written)[None], written, columns[name])
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for (x, y), colour in zip(pixels_of(grid, canvas, lon, lat), colours[0].tolist(), strict=True):
        draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=tuple(colour), outline=INK)
    _page(path, provenance, written, canvas, picture, legend)


def features_quicklook(path: Path, provenance: Provenance, crs: str, features: Sequence[Feature]) -> None:
    """Draw outlines, lines or points."""
    import shapely

    from icestream_generation.geolocation import transformer

    written = next(iter(provenance.product.writes.values()))
    degrees = transformer(crs, "EPSG:4326")

    def to_degrees(xy: np.ndarray) -> np.ndarray:
        return np.stack(degrees.transform(*xy.T), axis=-1)

    shapes = [shapely.transform(shape, to_degrees) for shape, _ in features]
    west, south, east, north = shapely.total_bounds(np.array(shapes, object))
    grid = frame_of(np.array([west, east]), np.array([south, north]))
    canvas = canvas_of.__wrapped__(grid)
    pixels = _background(canvas, SEA, LAND)
    _lines(pixels, canvas)
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for shape in shapely.get_parts(np.array(shapes, object)):
        ring = shape.exterior if shape.geom_type == "Polygon" else shape
        places = pixels_of(grid, canvas, *shapely.get_coordinates(ring).T)
        corners = [tuple(place) for place in places.tolist()]
        if shape.geom_type == "Polygon":
            draw.polygon(corners, fill=rgb("#7fc3e0"), outline=rgb("#1f5f8b"))
        elif len(corners) > 1:
            draw.line(corners, fill=rgb("#1f5f8b"), width=2)
        else:
            x, y = corners[0]
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=rgb("#7fc3e0"), outline=INK)
    _page(path, provenance, written, canvas, picture, None)


def _background(canvas: Canvas, sea: Colour = NO_DATA_SEA, land: Colour = NO_DATA_LAND) -> np.ndarray:
    surface = np.where(canvas.outside, np.uint8(2), canvas.land)
    return np.array((sea, land, BEYOND), np.uint8).take(surface, axis=0)


def _paint(pixels: np.ndarray, values: np.ndarray, written: Written, stored: np.ndarray) -> Any:
    """Colour the valid pixels; return the limits of a quantity, or the colours of the classes that occur."""
    valid = np.isfinite(values)
    if isinstance(written, Flags):
        colours = class_colours(written)
        present = [code for code in colours if (stored == code).any()]
        for code in present:
            pixels[valid & (values == code)] = colours[code]
        classes = {written.meanings[code]: colours[code] for code in present}
        return classes if valid.all() else classes | {"no data": NO_DATA_LAND}
    low, high = limits(values[valid], written)
    scaled = np.clip((values[valid] - low) / (high - low), 0, 1) * 255
    pixels[valid] = ramp_of(written)[scaled.astype(np.uint8)]
    return low, high


def limits(values: np.ndarray, written: Variable) -> tuple[float, float]:
    """Return round limits that hold 98 of 100 values, and nought where the quantity begins there."""
    if values.size > 50_000:
        values = values[:: values.size // 50_000]
    low, high = (float(value) for value in (np.percentile(values, [1, 99]) if values.size else written.valid))
    if written.valid[0] == 0 and low < 0.25 * high:
        low = 0.0
    if low == -high or written.valid[0] == -written.valid[1]:
        high = max(abs(low), abs(high))
        low = -high
    if high <= low:
        low, high = (low, low + 1) if low == 0 else (low - abs(low) / 2, low + abs(low) / 2)
    step = _round_step((high - low) / 5)
    return float(np.floor(low / step + 1e-6) * step), float(np.ceil(high / step - 1e-6) * step)


def _round_step(rough: float) -> float:
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(each for each in (1, 2, 2.5, 5, 10) if each * power >= rough * 0.999) * power)


def _lines(pixels: np.ndarray, canvas: Canvas) -> None:
    grid = canvas.graticule
    pixels[grid] = (pixels[grid].astype(np.uint16) * 4 // 5 + 22).astype(np.uint8)
    coast = canvas.coast
    pixels[coast] = ((pixels[coast].astype(np.uint16) + 2 * np.array(COAST, np.uint16)) // 3).astype(np.uint8)


def _page(
    path: Path,
    provenance: Provenance,
    written: Written,
    canvas: Canvas,
    picture: Image.Image,
    legend: Any,
) -> None:
    height, width = canvas.shape
    entries = _wrapped(legend, max(width, 420)) if isinstance(legend, dict) else []
    below = BOTTOM + max(len(entries) - 2, 0) * LINE
    page = Image.new("RGB", (max(width, 420) + LEFT + RIGHT, height + TOP + below), PAPER)
    left = LEFT + (page.width - LEFT - RIGHT - width) // 2
    page.paste(picture, (left, TOP))
    draw = ImageDraw.Draw(page)
    draw.rectangle((left - 1, TOP - 1, left + width, TOP + height), outline=FAINT)
    product, slot = provenance.product, provenance.task.slot
    room = page.width - LEFT - RIGHT
    size = next((size for size in TITLE_SIZES if draw.textlength(product.title, _font(size)) <= room), TITLE_SIZES[-1])
    draw.text((LEFT, 37), _fitted(draw, product.title, room, size), INK, _font(size), anchor="ls")
    last = slot.end.replace(microsecond=0)
    span = f"{slot.start:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    words = [span, slot.tile, slot.variant, provenance.platforms, provenance.sensors]
    draw.text((LEFT, 44), _fitted(draw, "   ·   ".join(word for word in words if word), room, 13), FAINT, _font(13))
    for row, text in canvas.along:
        draw.text((left - 7, TOP + row), text, FAINT, _font(11), anchor="rm")
    last_right = -100.0
    for column, text in canvas.across:
        if column - last_right > 46:
            draw.text((left + column, TOP + height + 6), text, FAINT, _font(11), anchor="mt")
            last_right = column
    top = TOP + height + 32
    if isinstance(legend, tuple) and isinstance(written, Variable):
        _bar(page, draw, (LEFT, top), written, legend)
    for line, entry in enumerate(entries):
        for x, text, colour in entry:
            y = top + line * LINE
            draw.rectangle((LEFT + x, y, LEFT + x + 13, y + 13), fill=colour, outline=FAINT)
            draw.text((LEFT + x + 20, y + 7), text, INK, _font(12), anchor="lm")
    # Who lays the picture on a map of theirs finds the map in it by this, and what to leave out.
    frame = PngInfo()
    frame.add_text("frame", f"{left} {TOP} {width} {height}")
    frame.add_text("nothing", " ".join(f"{r:02x}{g:02x}{b:02x}" for r, g, b in (NO_DATA_LAND, NO_DATA_SEA)))
    page.save(path, "PNG", compress_level=4, pnginfo=frame)


def _bar(
    page: Image.Image,
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    variable: Variable,
    limits: tuple[float, float],
) -> None:
    x, y = corner
    width = min(360, page.width - LEFT - RIGHT - 180)
    colours = ramp_of(variable)[(np.arange(width) * 256) // width]
    page.paste(Image.fromarray(np.broadcast_to(colours, (13, width, 3)).copy()), (x, y))
    draw.rectangle((x - 1, y - 1, x + width, y + 13), outline=FAINT)
    low, high = limits
    step, last_right = _round_step((high - low) / 5), 0.0
    for tick in np.arange(round((high - low) / step) + 1) * step + low:
        place, text = x + (tick - low) / (high - low) * width, f"{round(float(tick), 10):g}"
        draw.line((place, y + 13, place, y + 17), fill=FAINT)
        half = draw.textlength(text, _font(12)) / 2
        if place - half > last_right + 4:
            draw.text((place, y + 20), text, INK, _font(12), anchor="mt")
            last_right = place + half
    box = x + width + 26
    unit = "" if variable.unit == "1" else f" ({variable.unit})"
    room = page.width - RIGHT - box - round(_font(13).getlength(unit))
    draw.text((box, y + 6), _fitted(draw, variable.long_name, room, 13) + unit, INK, _font(13), anchor="lm")
    draw.rectangle((box, y + 22, box + 13, y + 33), fill=NO_DATA_LAND, outline=FAINT)
    draw.text((box + 20, y + 28), "no data", FAINT, _font(11), anchor="lm")


def _wrapped(classes: dict[str, Colour], width: int) -> list[list[tuple[int, str, Colour]]]:
    rows: list[list[tuple[int, str, Colour]]] = [[]]
    x = 0
    for word, colour in classes.items():
        text = word.replace("_", " ")
        needs = 34 + round(_font(12).getlength(text))
        if x and x + needs > width:
            rows.append([])
            x = 0
        rows[-1].append((x, text, colour))
        x += needs + 10
    return rows


def _fitted(draw: ImageDraw.ImageDraw, text: str, room: int, size: int) -> str:
    if draw.textlength(text, _font(size)) <= room:
        return text
    while text and draw.textlength(text + "…", _font(size)) > room:
        text = text[:-1]
    return text.rstrip() + "…"


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    return ImageFont.load_default(size)
