"""What all files of a product say of themselves, in the words of CF and ACDD."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from icestream_core.product import Features, OnGrid, OnLattice, Table
from icestream_core.variable import Flags, Variable, Written
from icestream_generation.contents import Field
from icestream_generation.footprint import Footprint
from icestream_generation.learned import HANDED_ON
from icestream_generation.promises import float_of
from icestream_generation.provenance import Provenance

CONVENTIONS = "CF-1.11, ACDD-1.3"
STANDARD_NAMES = "CF Standard Name Table v93"
TIME_UNITS = "seconds since 1970-01-01T00:00:00Z"
LEAP_SECONDS = "leap_seconds: none"


def global_attributes(provenance: Provenance, place: Footprint, extent: dict[str, float]) -> dict[str, Any]:
    """Return the attributes of a file.

    extent : geospatial_lat_min, _lat_max, _lon_min, _lon_max of the coordinates as written, and the resolutions
    """
    product, task, publisher = provenance.product, provenance.task, provenance.publisher
    slot = task.slot
    length = duration(slot.end - slot.start)
    doi = next((reference.doi for reference in product.references if reference.doi), "")
    references = "; ".join(
        reference.citation + (f" doi:{reference.doi}" if reference.doi else "") for reference in product.references
    )
    own_simulated = [f"{name} of {product.name}" for name in provenance.simulated]
    return {
        "Conventions": CONVENTIONS,
        "title": product.title,
        "summary": product.summary,
        "keywords": ", ".join(product.keywords) or product.family,
        "keywords_vocabulary": "free keywords",
        "id": slot.key,
        "naming_authority": "icestream",
        "product_version": product.version,
        "program": "icestream",
        "project": f"icestream, family {product.family}",
        "processing_level": processing_level(provenance),
        "source": "; ".join(provenance.sources) or "none",
        "platform": provenance.platforms or "none",
        "platform_vocabulary": "names as the input collections give them",
        "instrument": provenance.sensors or "none",
        "instrument_vocabulary": "names as the input collections give them",
        "history": provenance.history,
        "comment": comment(provenance),
        "references": references or "none",
        "metadata_link": f"https://doi.org/{doi}" if doi else publisher.url,
        "license": provenance.licence,
        "acknowledgement": "Made from " + ("; ".join(provenance.sources) or "no granules") + ".",
        "institution": publisher.institution,
        "creator_name": publisher.name,
        "creator_type": "institution",
        "creator_institution": publisher.institution,
        "creator_url": publisher.url,
        "creator_email": publisher.email,
        "publisher_name": publisher.name,
        "publisher_type": "institution",
        "publisher_institution": publisher.institution,
        "publisher_url": publisher.url,
        "publisher_email": publisher.email,
        "contributor_name": "icestream",
        "contributor_role": "processor",
        "date_created": provenance.created,
        "date_modified": provenance.created,
        "date_issued": provenance.created,
        "date_metadata_modified": provenance.created,
        "standard_name_vocabulary": STANDARD_NAMES,
        "time_coverage_start": f"{slot.start:%Y-%m-%dT%H:%M:%SZ}",
        "time_coverage_end": f"{slot.end:%Y-%m-%dT%H:%M:%SZ}",
        "time_coverage_duration": length,
        "time_coverage_resolution": length,
        "geospatial_bounds": _wkt(place),
        "geospatial_bounds_crs": "OGC:CRS84",
        "geospatial_bounds_vertical_crs": "EPSG:5829",
        "geospatial_lat_units": "degrees_north",
        "geospatial_lon_units": "degrees_east",
        **{name: np.float64(value) for name, value in extent.items()},
        "geospatial_vertical_min": np.float64(0.0),
        "geospatial_vertical_max": np.float64(0.0),
        "geospatial_vertical_units": "m",
        "geospatial_vertical_resolution": np.float64(0.0),
        "geospatial_vertical_positive": "up",
        "icestream_product": product.name,
        "icestream_slot": slot.key,
        "icestream_period": slot.period,
        "icestream_tile": slot.tile,
        "icestream_variant": slot.variant,
        "icestream_datasets": ", ".join(product.datasets),
        "icestream_fidelity": product.fidelity,
        "icestream_designed": product.designed,
        "icestream_accuracy_of_the_original": product.accuracy,
        "icestream_inputs_hash": task.inputs_hash,
        "icestream_inputs_missing": provenance.missing,
        "icestream_options": ", ".join(f"{name}={value}" for name, value in product.options.items()),
        "icestream_parameters": ", ".join(
            f"{name}: {each['set']}, learned from {each['learned_from']}"
            for name, each in provenance.parameters.items()
        ),
        HANDED_ON: ", ".join(dict.fromkeys((*own_simulated, *provenance.inherited))),
        "icestream_software": ", ".join(f"{name} {version}" for name, version in sorted(provenance.software.items())),
    }


def processing_level(provenance: Provenance) -> str:
    return "L3" if isinstance(provenance.product.kind, OnGrid | OnLattice) else "L4"


def cdm_data_type(kind: OnGrid | OnLattice | Table | Features) -> str:
    if isinstance(kind, Table):
        return {"point": "Point", "timeSeries": "Station", "trajectory": "Trajectory"}[kind.feature]
    return "Grid"


def comment(provenance: Provenance) -> str:
    """Return, in words, how far to trust it: fidelity, what was designed, what it was made without."""
    product = provenance.product
    said = [f"Fidelity: {product.fidelity.replace('-', ' ')}."]
    if product.designed:
        said.append(f"Designed: {product.designed}")
    if product.accuracy:
        said.append(f"Accuracy stated by the original authors, not for this file: {product.accuracy}")
    if provenance.task.missing:
        said.append(f"Made without: {provenance.missing}.")
    if provenance.simulated:
        told = ", ".join(provenance.simulated)
        said.append(f"Not for use: fitted on the simulated world, not on observations: {told}.")
    if provenance.inherited:
        told = ", ".join(provenance.inherited)
        said.append(f"Not for use: made of what was fitted on the simulated world: {told}.")
    defaults = [name for name in provenance.collections_used if name.startswith("library-")]
    if defaults:
        said.append(f"Coarse defaults stand in for: {', '.join(defaults)}.")
    return " ".join(said)


def variable_attributes(written: Written, together: Mapping[str, Written]) -> dict[str, Any]:
    """Return the attributes of one variable, coordinates and grid mapping apart.

    together : all variables of the file, what it is made for first; the flags among them that say how good the others
        are, are named beside each quantity
    """
    flags = [other for other, what in together.items() if isinstance(what, Flags) and is_quality(what, together)]
    if isinstance(written, Flags):
        codes = np.array(sorted(written.meanings), written.dtype)
        quality = is_quality(written, together)
        return {
            "long_name": written.long_name,
            "standard_name": written.standard_name or ("status_flag" if quality else ""),
            "flag_values": codes,
            "flag_meanings": " ".join(written.meanings[int(code)] for code in codes),
            "coverage_content_type": "qualityInformation" if quality else "thematicClassification",
            "ancillary_variables": "" if quality else " ".join(flags),
        }
    return {
        "long_name": written.long_name,
        "standard_name": written.standard_name,
        "units": written.unit,
        "units_metadata": _scale(written),
        "valid_range": np.round(np.array(written.valid) / written.step).astype(written.dtype)
        if written.step != 1.0
        else np.array(written.valid, written.dtype),
        "scale_factor": float_of(np.dtype(written.dtype))(written.step) if written.step != 1.0 else None,
        "coverage_content_type": "physicalMeasurement",
        "ancillary_variables": " ".join(flags),
    }


def _scale(written: Variable) -> str:
    """Return whether kelvins are temperatures or steps between them: they convert differently.

    No place is as cold as 0 K: a range that reaches so far is one of differences, deviations or errors.
    """
    if written.unit != "K":
        return ""
    words = f"{written.long_name} {written.standard_name}"
    steps = written.valid[0] <= 0.0 or "difference" in words or "anomaly" in words
    return "temperature: difference" if steps else "temperature: on_scale"


def is_quality(flags: Flags, together: Mapping[str, Written]) -> bool:
    """Whether flags say how good another variable is, rather than being the result, which the record writes first."""
    if not flags.standard_name:
        return flags is not next(iter(together.values()))
    return flags.standard_name.split(" ")[-1] in ("status_flag", "quality_flag")


def moment_fields(provenance: Provenance) -> tuple[Field, ...]:
    """Return when and at what height a raster is: scalar time (the period's start) and height, and the whole period.

    The period stands beside the time as a coordinate of its own, start and end, and not as bounds: those of a scalar
    are what few readers expect.
    """
    slot = provenance.task.slot
    start, end = slot.start.timestamp(), slot.end.timestamp()
    times = {"standard_name": "time", "units": TIME_UNITS, "calendar": "standard", "units_metadata": LEAP_SECONDS}
    whole = {"long_name": "start and end of the period", "axis": "T"} | times
    surface = {"long_name": "height above the surface", "standard_name": "height", "units": "m", "positive": "up"}
    return (
        Field("period", ("period",), np.array([start, end], np.float64), whole),
        Field("time", (), np.array(start, np.float64), {"long_name": "start of the period"} | times),
        Field("height", (), np.array(0.0, np.float64), surface | {"axis": "Z"}),
    )


def provenance_field(provenance: Provenance) -> Field:
    attributes = {"long_name": "what this file was made from and with, as JSON"}
    return Field("provenance", (), [provenance.record], attributes)


def duration(length: timedelta) -> str:
    """Return a length of time in ISO 8601."""
    days, seconds = length.days, length.seconds
    if days and not seconds:
        return f"P{days}D"
    return f"P{days}DT{seconds}S" if days else f"PT{seconds}S"


def _wkt(place: Footprint) -> str:
    import shapely

    return str(shapely.to_wkt(place.geometry, rounding_precision=4, trim=True))


def metres_to_degrees(metres: float) -> float:
    """Return how many degrees of latitude a distance is."""
    return math.degrees(metres / 6_371_228.0)
