"""The papers that the products of this family rest on."""

from icestream_core.product import Reference

JIN_2015 = Reference(
    citation="Jin, Zhang, Li, Yang & Ran 2015: Mapping surface soil freeze-thaw cycles in China based on SMMR and "
    "SSM/I brightness temperatures from 1978 to 2008. Arct. Antarct. Alp. Res. 47, 213-229",
    doi="10.1657/AAAR00C-13-304",
)
JIN_2009 = Reference(
    citation="Jin, Li & Che 2009: A decision tree algorithm for surface soil freeze/thaw classification over China "
    "using SSM/I brightness temperature. Remote Sens. Environ. 113, 2651-2660",
    doi="10.1016/j.rse.2009.08.003",
)
ZHAO_2011 = Reference(
    citation="Zhao, Zhang, Jiang, Zhao, Chai & Jin 2011: A new soil freeze/thaw discriminant algorithm using AMSR-E "
    "passive microwave imagery. Hydrol. Process. 25, 1704-1716",
    doi="10.1002/hyp.7930",
)
ZHAO_2017 = Reference(
    citation="Zhao, Shi, Hu et al. 2017: Estimation of high-resolution near-surface freeze/thaw "
    "state by the integration of microwave and thermal infrared remote sensing data on the Tibetan Plateau. Earth "
    "Space Sci. 4, 472-484",
    doi="10.1002/2017EA000277",
)
WANG_2022 = Reference(
    citation="Wang et al. 2022: freeze and thaw of the ground from a seasonal scaling of Sentinel-1 backscatter and "
    "the index of AMSR2. Remote Sens. 14, 2854",
    doi="10.3390/rs14122854",
)
ZHOU_2022 = Reference(
    citation="Zhou, Liu, Zhou, Zhang, Chen & Xie 2022: Detection of soil freeze/thaw states at a high spatial "
    "resolution in Qinghai-Tibet Engineering Corridor. IEEE Geosci. Remote Sens. Lett.; dataset: National Tibetan "
    "Plateau Data Center",
    doi="10.11888/Cryos.tpdc.272144",
)
