"""Options of products that an operator has chosen: words such as `surface-melt-greenland.rule=xpgr`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from icestream_core.errors import PluginError
from icestream_core.product import Product

Value = float | int | str | bool
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")


def with_options(products: Mapping[str, Product], words: Sequence[str]) -> dict[str, Product]:
    """Return the products, those that are named with other options.

    words : PRODUCT.OPTION=VALUE; the value is taken for what the record's own is: a number, a word, true or false
    Raises PluginError where there is no such product or option, or the value is of another type.
    """
    changed = dict(products)
    for word in words:
        place, equals, text = word.partition("=")
        name, dot, option = place.rpartition(".")
        if not equals or not dot:
            raise PluginError(f"the option {word!r} is none: wanted PRODUCT.OPTION=VALUE")
        if name not in changed:
            raise PluginError(f"the option {word!r} is of no product that is installed here")
        product = changed[name]
        if option not in product.options:
            known = ", ".join(f"{each}={value}" for each, value in product.options.items()) or "none"
            raise PluginError(f"{name} has no option {option!r}; it has {known}")
        options = product.options | {option: _like(product.options[option], text, word)}
        changed[name] = product.model_copy(update={"options": options})
    return changed


def _like(own: Value, text: str, word: str) -> Value:
    try:
        if isinstance(own, bool):
            return {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}[text.lower()]
        return type(own)(text)
    except (ValueError, KeyError) as error:
        wanted = "true or false" if isinstance(own, bool) else f"a value like {own!r}"
        raise PluginError(f"the option {word!r} has the value {text!r}; wanted {wanted}") from error
