"""Tables as CSV: one row an observation, in the order of the master file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from icestream_core.delivery import Delivery
from icestream_core.product import Table
from icestream_core.variable import Written
from icestream_generation.delivery_values import in_unit
from icestream_generation.promises import stored_as_floats


def write_csv(path: Path, delivery: Delivery, kind: Table, columns: dict[str, np.ndarray], written: Written) -> None:
    """Write the name, place and time of each row and one variable in the delivery's unit."""
    values = in_unit(delivery, stored_as_floats(columns[delivery.variable], written), written)
    places = ["latitude", "longitude"] if kind.feature == "point" else [kind.instance, "latitude", "longitude"]
    times = np.datetime_as_string(columns["time"].astype("datetime64[s]"), timezone="UTC")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*places, "time", f"{delivery.variable} ({delivery.unit})"])
        texts = [delivery.number_format % value for value in values.tolist()]
        writer.writerows(zip(*(columns[name].tolist() for name in places), times.tolist(), texts, strict=True))
