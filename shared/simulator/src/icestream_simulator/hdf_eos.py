"""The text that makes an HDF4 file an HDF-EOS grid, and the inventory that goes with it (ODL)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyhdf.HDF import HC, HDF
from pyhdf.V import V  # noqa: F401  (gives HDF its vgstart)

from icestream_core.grid import Grid

STRUCT_METADATA_LENGTH = 32_000
"""Bytes: HDF-EOS pads its structure with NUL to this length."""

_PACKED_DEGREE = 1e6
"""A degree of a geographic grid is written as degrees, minutes and seconds, three digits each."""
_SCIENTIFIC_DATA_GROUP = 720
"""HDF4 tag by which a group refers to a data set."""

Value = str | int | float


def group_layers(path: Path, grid: str, references: Sequence[int]) -> None:
    """Put the data sets of a file into the groups by which the HDF-EOS library finds a grid.

    references : of the data sets, as HDF4 numbers them
    """
    file = HDF(str(path), HC.WRITE)
    groups = file.vgstart()
    fields, attributes, whole = (groups.create(name) for name in ("Data Fields", "Grid Attributes", grid))
    whole._class = "GRID"
    fields._class = attributes._class = "GRID Vgroup"
    for reference in references:
        fields.add(_SCIENTIFIC_DATA_GROUP, reference)
    whole.insert(fields)
    whole.insert(attributes)
    for group in (fields, attributes, whole):
        group.detach()
    groups.end()
    file.close()


def struct_metadata(name: str, fields: Mapping[str, str], grid: Grid, deflate_level: int) -> str:
    """Return the StructMetadata.0 of one grid, sinusoidal or geographic.

    name : of the grid
    fields : by name, their type as HDF-EOS calls it: DFNT_UINT8
    """
    west, south, east, north = grid.bounds
    scale = _PACKED_DEGREE if grid.is_geographic else 1.0
    projection = (
        "\t\tProjection=GCTP_GEO\n"
        if grid.is_geographic
        else f"\t\tProjection=GCTP_SNSOID\n\t\tProjParams=(6371007.181000,{','.join('0' * 12)})\n\t\tSphereCode=-1\n"
    )
    objects = "".join(
        f"\t\t\tOBJECT=DataField_{number}\n"
        f'\t\t\t\tDataFieldName="{field}"\n'
        f"\t\t\t\tDataType={kind}\n"
        '\t\t\t\tDimList=("YDim","XDim")\n'
        "\t\t\t\tCompressionType=HDFE_COMP_DEFLATE\n"
        f"\t\t\t\tDeflateLevel={deflate_level}\n"
        f"\t\t\tEND_OBJECT=DataField_{number}\n"
        for number, (field, kind) in enumerate(fields.items(), start=1)
    )
    text = (
        "GROUP=SwathStructure\nEND_GROUP=SwathStructure\n"
        "GROUP=GridStructure\n"
        "\tGROUP=GRID_1\n"
        f'\t\tGridName="{name}"\n'
        f"\t\tXDim={grid.width}\n"
        f"\t\tYDim={grid.height}\n"
        f"\t\tUpperLeftPointMtrs=({west * scale:.6f},{north * scale:.6f})\n"
        f"\t\tLowerRightMtrs=({east * scale:.6f},{south * scale:.6f})\n"
        f"{projection}"
        "\t\tGridOrigin=HDFE_GD_UL\n"
        "\t\tGROUP=Dimension\n\t\tEND_GROUP=Dimension\n"
        f"\t\tGROUP=DataField\n{objects}\t\tEND_GROUP=DataField\n"
        "\t\tGROUP=MergedFields\n\t\tEND_GROUP=MergedFields\n"
        "\tEND_GROUP=GRID_1\n"
        "END_GROUP=GridStructure\n"
        "GROUP=PointStructure\nEND_GROUP=PointStructure\n"
        "END\n"
    )
    return text.ljust(STRUCT_METADATA_LENGTH, "\0")


def inventory(name: str, groups: Mapping[str, Mapping[str, Value]], attributes: Mapping[str, str]) -> str:
    """Return CoreMetadata.0 or ArchiveMetadata.0.

    name : of the master group: INVENTORYMETADATA or ARCHIVEDMETADATA
    groups : objects by the group they stand in; the group "" is the master group itself
    attributes : additional attributes of the product, as text
    """
    lines = ["", f"GROUP = {name}", "  GROUPTYPE = MASTERGROUP", ""]
    for group, objects in groups.items():
        indent = "    " if group else "  "
        lines += [f"  GROUP = {group}", ""] if group else []
        for key, value in objects.items():
            lines += _object(key, value, indent)
        lines += [f"  END_GROUP = {group}", ""] if group else []
    if attributes:
        lines += ["  GROUP = ADDITIONALATTRIBUTES", ""]
        for number, (key, value) in enumerate(attributes.items(), start=1):
            lines += ["    OBJECT = ADDITIONALATTRIBUTESCONTAINER", f'      CLASS = "{number}"', ""]
            lines += _object("ADDITIONALATTRIBUTENAME", key, "      ", number)
            lines += [f'      GROUP = INFORMATIONCONTENT\n        CLASS = "{number}"', ""]
            lines += _object("PARAMETERVALUE", value, "        ", number)
            lines += ["      END_GROUP = INFORMATIONCONTENT", ""]
            lines += ["    END_OBJECT = ADDITIONALATTRIBUTESCONTAINER", ""]
        lines += ["  END_GROUP = ADDITIONALATTRIBUTES", ""]
    return "\n".join([*lines, f"END_GROUP = {name}", "", "END", ""])


def _object(key: str, value: Value, indent: str, number: int | None = None) -> list[str]:
    written = f'"{value}"' if isinstance(value, str) else str(value)
    kind = [] if number is None else [f'{indent}  CLASS = "{number}"']
    return [
        f"{indent}OBJECT = {key}",
        *kind,
        f"{indent}  NUM_VAL = 1",
        f"{indent}  VALUE = {written}",
        f"{indent}END_OBJECT = {key}",
        "",
    ]
