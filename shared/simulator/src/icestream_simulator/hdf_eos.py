"""The text that makes an HDF4 file an HDF-EOS grid, and the inventory that goes with it (ODL)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

STRUCT_METADATA_LENGTH = 32_000
"""Bytes: HDF-EOS pads its structure with NUL to this length."""

Value = str | int | float


def struct_metadata(
    grid: str,
    fields: Sequence[str],
    cells: int,
    upper_left: tuple[float, float],
    lower_right: tuple[float, float],
    deflate_level: int,
) -> str:
    """Return the StructMetadata.0 of one square grid of byte fields in the sinusoidal projection.

    upper_left, lower_right : corners, m
    """
    objects = "".join(
        f"\t\t\tOBJECT=DataField_{number}\n"
        f'\t\t\t\tDataFieldName="{field}"\n'
        "\t\t\t\tDataType=DFNT_UINT8\n"
        '\t\t\t\tDimList=("YDim","XDim")\n'
        "\t\t\t\tCompressionType=HDFE_COMP_DEFLATE\n"
        f"\t\t\t\tDeflateLevel={deflate_level}\n"
        f"\t\t\tEND_OBJECT=DataField_{number}\n"
        for number, field in enumerate(fields, start=1)
    )
    text = (
        "GROUP=SwathStructure\nEND_GROUP=SwathStructure\n"
        "GROUP=GridStructure\n"
        "\tGROUP=GRID_1\n"
        f'\t\tGridName="{grid}"\n'
        f"\t\tXDim={cells}\n"
        f"\t\tYDim={cells}\n"
        f"\t\tUpperLeftPointMtrs=({upper_left[0]:.6f},{upper_left[1]:.6f})\n"
        f"\t\tLowerRightMtrs=({lower_right[0]:.6f},{lower_right[1]:.6f})\n"
        "\t\tProjection=GCTP_SNSOID\n"
        f"\t\tProjParams=(6371007.181000,{','.join('0' * 12)})\n"
        "\t\tSphereCode=-1\n"
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
