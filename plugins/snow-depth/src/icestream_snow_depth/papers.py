"""The papers that the snow depth products rest on."""

from icestream_core.product import Reference

CHE_2008 = Reference(
    citation="Che, Li, Jin, Armstrong & Zhang 2008: Snow depth derived from passive microwave remote-sensing data in "
    "China. Ann. Glaciol. 49, 145-154",
    doi="10.3189/172756408787814690",
)
DAI_2015 = Reference(
    citation="Dai, Che & Ding 2015: Inter-calibrating SMMR, SSM/I and SSMI/S data to improve the consistency of "
    "snow-depth products in China. Remote Sens. 7, 7212-7230",
    doi="10.3390/rs70607212",
)
GRODY_BASIST_1996 = Reference(
    citation="Grody & Basist 1996: Global identification of snowcover using SSM/I measurements. IEEE Trans. Geosci. "
    "Remote Sens. 34, 237-249",
    doi="10.1109/36.481908",
)
NIU_YANG_2007 = Reference(
    citation="Niu & Yang 2007: An observation-based formulation of snow cover fraction and its evaluation over large "
    "North American river basins. J. Geophys. Res. 112, D21101",
    doi="10.1029/2007JD008674",
)
STURM_2010 = Reference(
    citation="Sturm et al. 2010: Estimating snow water equivalent using snow depth data and climate classes. "
    "J. Hydrometeorol. 11, 1380-1394",
    doi="10.1175/2010JHM1202.1",
)
YAN_2022 = Reference(
    citation="Yan, Ma & Zhang 2022: Development of a fine-resolution snow depth product based on the snow cover "
    "probability for the Tibetan Plateau. J. Hydrol. 604, 127027",
)
