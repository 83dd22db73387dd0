"""The numbers of the dry-snow decision tree of `snow_screening`, in its two editions."""

from dataclasses import dataclass

from icestream_physics.constant import Constant, constant


@dataclass(frozen=True)
class Thresholds:
    """The numbers of one edition of the tree; all in K, but for the slope of the rain line."""

    offset_22_91: Constant
    offset_19_37: Constant
    offset_37_91: Constant
    scatters_by_37_91: bool
    cold_rain_22: Constant
    cold_rain_pol_91: Constant
    cold_rain_scatter: Constant
    rain_22: Constant
    rain_line: Constant
    rain_line_slope: Constant
    desert_pol_19: Constant
    desert_19_37: Constant
    desert_37_91: Constant
    frozen_pol_19: Constant
    frozen_22_91: Constant
    frozen_19_37: Constant
    glacier_22: Constant
    glacier_polarised_22: Constant
    glacier_pol_19: Constant


def _ng(value: float, unit: str = "K") -> Constant:
    return constant(value, unit, source="NASA LISF, ldt/USAFSI/USAFSI_ssmisMod.F90 ('NG, 2002')", certainty="verified")


def _gb(value: float, unit: str = "K") -> Constant:
    source = "Grody & Basist 1996, doi:10.1109/36.481908, as in two independent SSM/I codes"
    return constant(value, unit, source=source, certainty="secondary source")


NG_2002 = Thresholds(
    offset_22_91=_ng(3.0),
    offset_19_37=_ng(3.0),
    offset_37_91=_ng(1.0),
    scatters_by_37_91=True,
    cold_rain_22=_ng(260.0),
    cold_rain_pol_91=_ng(3.0),
    cold_rain_scatter=_ng(3.0),
    rain_22=_ng(264.0),
    rain_line=_ng(169.0),
    rain_line_slope=_ng(0.5, "1"),
    desert_pol_19=_ng(18.0),
    desert_19_37=_ng(10.0),
    desert_37_91=_ng(10.0),
    frozen_pol_19=_ng(8.0),
    frozen_22_91=_ng(6.0),
    frozen_19_37=_ng(2.0),
    glacier_22=_ng(216.0),
    glacier_polarised_22=_ng(235.0),
    glacier_pol_19=_ng(23.0),
)
GRODY_BASIST_1996 = Thresholds(
    offset_22_91=_gb(0.0),
    offset_19_37=_gb(0.0),
    offset_37_91=_gb(0.0),
    scatters_by_37_91=False,
    cold_rain_22=_gb(254.0),
    cold_rain_pol_91=_gb(float("-inf")),  # the 1996 edition asks for no polarisation
    cold_rain_scatter=_gb(2.0),
    rain_22=_gb(258.0),
    rain_line=_gb(165.0),
    rain_line_slope=_gb(0.49, "1"),
    desert_pol_19=_gb(18.0),
    desert_19_37=_gb(10.0),
    desert_37_91=_gb(10.0),
    frozen_pol_19=_gb(8.0),
    frozen_22_91=_gb(6.0),
    frozen_19_37=_gb(2.0),
    glacier_22=_gb(210.0),
    glacier_polarised_22=_gb(229.0),
    glacier_pol_19=_gb(23.0),
)
