"""Formulas of cryosphere remote sensing that two families or more use, one function a paper."""
