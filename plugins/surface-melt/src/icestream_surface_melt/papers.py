"""The papers that the melt products rest on."""

from icestream_core.product import Reference

TEDESCO_2009 = Reference(
    citation="Tedesco 2009: Assessment and development of snowmelt retrieval algorithms over Antarctica from K-band "
    "spaceborne brightness temperature (1979-2008). Remote Sens. Environ. 113, 979-997",
    doi="10.1016/j.rse.2009.01.009",
)
TEDESCO_ET_AL_2009 = Reference(
    citation="Tedesco, Brodzik, Armstrong, Savoie & Ramage 2009: Pan arctic terrestrial snowmelt trends (1979-2008) "
    "from spaceborne passive microwave data and correlation with the Arctic Oscillation. Geophys. Res. Lett. 36, "
    "L21402",
    doi="10.1029/2009GL039672",
)
TORINESI_2003 = Reference(
    citation="Torinesi, Fily & Genthon 2003: Variability and trends of the summer melt period of Antarctic ice margins "
    "since 1980 from microwave sensors. J. Clim. 16, 1047-1060",
)
PICARD_FILY_2006 = Reference(
    citation="Picard & Fily 2006: Surface melting observations in Antarctica by microwave radiometers: Correcting "
    "26-year time series from changes in acquisition hours. Remote Sens. Environ. 104, 325-336",
    doi="10.1016/j.rse.2006.05.010",
)
AIAZZI_2007 = Reference(
    citation="Aiazzi, Baronti & Selva 2007: Improving component substitution pansharpening through multivariate "
    "regression of MS+Pan data. IEEE Trans. Geosci. Remote Sens. 45, 3230-3239",
    doi="10.1109/TGRS.2007.901007",
)
ABDALATI_STEFFEN_1995 = Reference(
    citation="Abdalati & Steffen 1995: Passive microwave-derived snow melt regions on the Greenland ice sheet. "
    "Geophys. Res. Lett. 22, 787-790",
    doi="10.1029/95GL00433",
)
DSSMIS = Reference(
    citation="Wei: Downscaled surface snowmelt of the Greenland and Antarctic ice sheets (DSSMIS). National Tibetan "
    "Plateau Data Center",
)
RAMAGE_ISACKS_2002 = Reference(
    citation="Ramage & Isacks 2002: Determination of melt-onset and refreeze timing on southeast Alaskan icefields "
    "using SSM/I diurnal amplitude variations. Ann. Glaciol. 34, 391-396",
)
SMITH_2017 = Reference(
    citation="Smith, Bookhagen & Rheinwalt 2017: Spatiotemporal patterns of High Mountain Asia's snowmelt season "
    "identified with an automated snowmelt detection algorithm, 1987-2016. The Cryosphere 11, 2329-2343",
    doi="10.5194/tc-11-2329-2017",
)
XIONG_2017 = Reference(
    citation="Xiong, Shi, Cui & Peng 2017: Snowmelt pattern over High-Mountain Asia detected from active and passive "
    "microwave remote sensing. IEEE Geosci. Remote Sens. Lett.",
    doi="10.1109/LGRS.2017.2698448",
)
STEINER_TEDESCO_2014 = Reference(
    citation="Steiner & Tedesco 2014: A wavelet melt detection algorithm applied to enhanced-resolution scatterometer "
    "data over Antarctica (2000-2009). The Cryosphere 8, 25-40",
    doi="10.5194/tc-8-25-2014",
)
