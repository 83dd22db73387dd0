"""The parts of docs/science that the code knows better: what a record says, and a page's numbers.

`python tests/plugins/science_pages.py` writes them anew; a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

from icestream_core.inputs import Input
from icestream_core.plugins import load
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags
from icestream_core.window import LatestBefore, SameSeason, Steps
from icestream_physics.constant import constants_of

PAGES = Path(__file__).parents[2] / "docs" / "science"

NUMBERS: Mapping[str, Sequence[tuple[str, str]]] = {
    "cold-pass-tb": [
        ("icestream_foundation.cold_pass_tb", "*"),
        ("icestream_foundation.transfers", "*"),
        ("icestream_foundation.learn_transfers", "*"),
        ("icestream_physics.intercalibration", "*"),
    ],
    "snow-depth-china": [
        ("icestream_physics.snow_depth", "CHE_*"),
        ("icestream_physics.snow_depth", "FOREST_LIMIT"),
        ("icestream_physics.snow_depth", "SHALLOW_LIMIT"),
        ("icestream_snow_depth.snow_depth_china", "DEEPEST"),
        ("icestream_physics.snow_screening", "WATER_LIMIT"),
        ("icestream_physics.screening_thresholds", "NG_2002.*"),
        ("icestream_physics.wet_snow", "*"),
        ("icestream_physics.false_snow", "*"),
    ],
    "snow-depth-global": [
        ("icestream_snow_depth.learn_gradient", "*"),
        ("icestream_snow_depth.stations", "*"),
        ("icestream_snow_depth.snow_depth_global", "*"),
        ("icestream_physics.robust_line", "*"),
        ("icestream_physics.snow_screening", "WATER_LIMIT"),
        ("icestream_physics.snow_depth", "SHALLOW_LIMIT"),
        ("icestream_physics.screening_thresholds", "NG_2002.*"),
        ("icestream_physics.wet_snow", "*"),
        ("icestream_physics.false_snow", "*"),
    ],
    "swe-tibet-005": [
        ("icestream_snow_depth.swe_tibet_005", "*"),
        ("icestream_physics.snow_cover_depletion", "*"),
        ("icestream_physics.snow_depth", "SHALLOW_LIMIT"),
        ("icestream_physics.snow_density", "*"),
    ],
    "snow-depth-tibet-005": [
        ("icestream_physics.downscaling", "*"),
        ("icestream_snow_depth.snow_depth_tibet_005", "DEEPEST"),
    ],
    "freeze-thaw-three-river-source": [
        ("icestream_freeze_thaw.freeze_thaw_three_river_source", "*"),
        ("icestream_physics.screening_thresholds", "GRODY_BASIST_1996.desert_*"),
        ("icestream_physics.freeze_thaw", "SCATTERING_INDEX*"),
        ("icestream_physics.freeze_thaw", "TREE_*"),
        ("icestream_freeze_thaw.training", "MELTING_POINT"),
    ],
    "freeze-thaw-global-025": [
        ("icestream_physics.freeze_thaw", "FROZEN_FUNCTION*"),
        ("icestream_physics.freeze_thaw", "THAWED_FUNCTION*"),
        ("icestream_physics.freeze_thaw", "FREEZE_THAW_INDEX*"),
        ("icestream_freeze_thaw.freeze_thaw_global_025", "WATER_SHARE"),
        ("icestream_freeze_thaw.freeze_thaw_global_025", "LARGEST"),
        ("icestream_physics.soil_permittivity", "*"),
    ],
    "seasonal-scaling-qtec": [("icestream_freeze_thaw.seasonal_scaling_qtec", "*")],
    "frost-indicators-qtec": [("icestream_freeze_thaw.frost_indicators_qtec", "*")],
    "freeze-thaw-qtec-100m": [
        ("icestream_freeze_thaw.freeze_thaw_qtec_100m", "*"),
        ("icestream_freeze_thaw.frost_likelihood", "*"),
        ("icestream_freeze_thaw.corridor", "HALF_WIDTH"),
    ],
    "freeze-thaw-global-005": [
        ("icestream_freeze_thaw.lst_downscaling", "USUAL_EMISSIVITY"),
        ("icestream_freeze_thaw.lst_downscaling", "USUAL_SLOPE"),
        ("icestream_freeze_thaw.lst_downscaling", "RIDGE"),
        ("icestream_freeze_thaw.lst_downscaling", "LEAST_SHARE"),
        ("icestream_freeze_thaw.freeze_thaw_global_005", "LARGEST_ERROR"),
    ],
    "melt-onset-high-asia": [
        ("icestream_physics.melt_onset", "*"),
        ("icestream_surface_melt.melt_onset_high_asia", "[FL]*"),
        ("icestream_physics.snow_depth", "CHE_SSMI*"),
    ],
    "melt-onset-quikscat": [
        ("icestream_physics.melt_thresholds", "QUIKSCAT_DROP"),
        ("icestream_surface_melt.melt_onset_high_asia", "FEWEST_WINTER_DAYS"),
        ("icestream_surface_melt.melt_onset_quikscat", "*"),
    ],
    **{
        f"melt-reference-{sheet}": [
            ("icestream_physics.melt_thresholds", "TORINESI_CUT"),
            ("icestream_surface_melt.melt_reference", "*"),
        ]
        for sheet in ("greenland", "antarctica")
    },
    **{
        f"surface-melt-{sheet}": [
            ("icestream_physics.melt_thresholds", "M30_DELTA"),
            ("icestream_physics.melt_thresholds", "TORINESI_SIGMAS"),
            ("icestream_physics.melt_thresholds", "XPGR_*"),
            ("icestream_physics.melt_thresholds", "DYNAMIC_DAV"),
            ("icestream_physics.sharpening", "*"),
            ("icestream_physics.ease_grid", "*"),
            ("icestream_surface_melt.surface_melt", "*"),
        ]
        for sheet in ("greenland", "antarctica")
    },
}
"""Module and pattern of names; a product that is not here uses no number but codes and counts."""


def record_table(product: Product) -> str:
    """Return what the record says, as a Markdown table."""
    rows = [
        ("makes", ", ".join(product.datasets) or "foundation product: other products read it"),
        ("version, fidelity", f"{product.version}, {product.fidelity.replace('-', ' ')}"),
        ("each", " and ".join([product.period.kind, *(["tile"] if product.tiled else []), *_variants(product)])),
        ("on", product.kind.grid.name if isinstance(product.kind, OnGrid) else "the grid of its granules"),
        *((f"reads `{name}`", _read(entry)) for name, entry in product.inputs.items()),
        *((f"writes `{name}`", _written(product, name)) for name in product.writes),
        *(
            (f"delivers {each.dataset}", f"`{each.filename}`, {each.format}, {each.unit}, no data {each.nodata:g}"
             + (f" ({each.certainty})" if each.certainty else ""))
            for each in product.deliveries
        ),
        ("designed by us", product.designed or "nothing"),
        ("accuracy that the original authors state", product.accuracy or "none"),
        *(
            ("rests on", each.citation + (f", [doi:{each.doi}](https://doi.org/{each.doi})" if each.doi else ""))
            for each in product.references
        ),
    ]  # fmt: skip
    return _table(("", ""), rows)


def numbers_table(name: str) -> str:
    """Return a product's constants with unit, certainty and source, as a Markdown table."""
    rows = [
        (f"`{key}`", f"{float(value):g} {value.unit}", value.certainty, value.source)
        for module, pattern in NUMBERS[name]
        for key, value in constants_of(import_module(module)).items()
        if fnmatch(key, pattern)
    ]
    return _table(("constant", "value", "certainty", "source"), rows)


def generated(name: str, product: Product) -> dict[str, str]:
    """Return the parts of a page by the name of their markers."""
    parts = {"record": record_table(product)}
    if name in NUMBERS:
        parts["numbers"] = numbers_table(name)
    return parts


def renewed(page: str, parts: Mapping[str, str]) -> str:
    """Return the page with each part between its markers replaced; ValueError where a marker is missing."""
    for part, text in parts.items():
        begin, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page wants {begin} and {end}, each once")
        page = re.sub(
            rf"{re.escape(begin)}.*?{re.escape(end)}", lambda _, b=begin, t=text, e=end: f"{b}\n\n{t}\n{e}", page,
            flags=re.DOTALL,
        )  # fmt: skip
    return page


def _variants(product: Product) -> list[str]:
    return [f"pass ({', '.join(product.variants)})"] if product.variants else []


def _read(entry: Input) -> str:
    said = " or ".join(dict.fromkeys(f"`{source.collection}`" for source in entry.sources))
    match entry.window:
        case Steps(first=0, last=0):
            pass
        case Steps(first=first, last=last):
            said += f", periods {first:+d} to {last:+d}"
        case LatestBefore(days=back):
            said += ", the latest one" + (f" of {back:g} days" if back < 36_500 else "")
        case SameSeason(years=years, around=around):
            said += f", {around} period on either side, this year and {years} before"
    words = [] if entry.triggers else [entry.role]
    return said + "".join(f", {word}" for word in [*words, *(["optional"] if entry.optional else [])])


def _written(product: Product, name: str) -> str:
    written = product.writes[name]
    if isinstance(written, Flags):
        return f"{written.long_name}: " + ", ".join(f"{code} {word}" for code, word in written.meanings.items())
    low, high = written.valid
    return f"{written.long_name}, {written.unit}, {low:g} to {high:g}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def main() -> None:
    """Write the generated parts of every page anew."""
    for name, product in load().products.items():
        path = PAGES / f"{name}.md"
        if path.exists():
            path.write_text(renewed(path.read_text("utf-8"), generated(name, product)), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
