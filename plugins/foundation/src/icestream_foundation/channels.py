"""The channels of passive microwave, whatever the sensor."""

CHANNELS = ("tb_19h", "tb_19v", "tb_22v", "tb_37h", "tb_37v", "tb_91h", "tb_91v")
"""18 to 19 GHz, 21 to 24 GHz, 36 to 37 GHz and 85 to 92 GHz."""
