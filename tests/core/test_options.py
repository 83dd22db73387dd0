from __future__ import annotations

import pytest

from core.specimens import product
from icestream_core.errors import PluginError
from icestream_core.options import with_options

INSTALLED = {"melt": product(name="melt", options={"rule": "m30", "threshold": 30.0, "passes": 2, "strict": False})}


def test_a_word_changes_one_option_of_one_product_in_its_own_type() -> None:
    words = ["melt.rule=xpgr", "melt.threshold=-0.02", "melt.passes=1", "melt.strict=yes"]
    found = with_options(INSTALLED, words)["melt"].options
    assert found == {"rule": "xpgr", "threshold": -0.02, "passes": 1, "strict": True}
    assert INSTALLED["melt"].options["rule"] == "m30"
    assert with_options(INSTALLED, [])["melt"] is INSTALLED["melt"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("melt.rule", "wanted PRODUCT.OPTION=VALUE"),
        ("rule=xpgr", "wanted PRODUCT.OPTION=VALUE"),
        ("snow.rule=xpgr", "of no product that is installed here"),
        ("melt.rul=xpgr", "melt has no option 'rul'; it has rule=m30, threshold=30.0"),
        ("melt.threshold=warm", "has the value 'warm'; wanted a value like 30.0"),
        ("melt.passes=1.5", "wanted a value like 2"),
        ("melt.strict=perhaps", "wanted true or false"),
    ],
)
def test_a_word_that_means_nothing_is_refused(word: str, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        with_options(INSTALLED, [word])
