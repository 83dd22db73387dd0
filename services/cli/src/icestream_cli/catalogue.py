"""`icestream products`, `collections` and `describe`: what is installed."""

from __future__ import annotations

from typing import Any

import click

from icestream_cli.fitted import fitted_sets, parameters_of, told
from icestream_cli.given import complete_product, installed, product_named, settings_of
from icestream_cli.learned import learned_from
from icestream_cli.output import json_option, print_json, print_table


@click.command()
@json_option
def products(as_json: bool) -> None:
    """List the products that are installed: the derived products this installation can make."""
    settings = settings_of()
    found = sorted(installed(settings).products.values(), key=lambda product: (product.family, product.name))
    sets = fitted_sets(settings, found)
    if as_json:
        print_json([_summary(product) | {"parameters": parameters_of(product, sets)} for product in found])
        return
    print_table(
        ["name", "version", "family", "datasets", "period", "reads", "fidelity", "parameters"],
        [
            (
                product.name,
                product.version,
                product.family,
                product.datasets,
                product.period.kind,
                product.collections_read,
                product.fidelity,
                [told(each) for each in parameters_of(product, sets)],
            )
            for product in found
        ],
    )


@click.command()
@json_option
def collections(as_json: bool) -> None:
    """List the kinds of granules that can be read, and how their files are named."""
    plugins = installed(settings_of())
    found = [plugins.collections[name] for name in sorted(plugins.collections)]
    readers = {
        collection.name: [
            product.name for product in plugins.products.values() if collection.name in product.collections_read
        ]
        for collection in found
    }
    if as_json:
        print_json(
            [
                {
                    "name": collection.name,
                    "title": collection.title,
                    "sensor": collection.sensor,
                    "sensors": dict(collection.sensors),
                    "patterns": collection.patterns,
                    "media_type": collection.media_type,
                    "doi": collection.doi,
                    "licence": collection.licence,
                    "read_by": readers[collection.name],
                }
                for collection in found
            ]
        )
        return
    print_table(
        ["name", "sensor", "files", "read by", "title"],
        [
            (
                collection.name,
                sorted({collection.sensor, *collection.sensors.values()}),
                collection.patterns[0],
                readers[collection.name],
                collection.title,
            )
            for collection in found
        ],
    )


@click.command()
@click.argument("product", shell_complete=complete_product)
@json_option
def describe(product: str, as_json: bool) -> None:
    """Say all that is recorded of PRODUCT: inputs, outputs, deliveries, references and what had to be designed."""
    settings = settings_of()
    plugins = installed(settings)
    found = product_named(plugins, product)
    fitted = parameters_of(
        found, fitted_sets(settings, [found]), lambda granule: learned_from(settings, plugins, granule)
    )
    if as_json:
        print_json(found.record() | {"parameters": fitted})
        return
    click.echo(f"{found.name} {found.version}: {found.title}\n\n{found.summary}\n")
    facts = {
        "family": found.family,
        "datasets": ", ".join(found.datasets) or "none: an intermediate of other products",
        "period": found.period.kind + (", a slot for each tile" if found.tiled else ""),
        "variants": ", ".join(found.variants),
        "fidelity": found.fidelity,
        "accuracy": found.accuracy,
        "designed": found.designed,
        "limits": f"{found.time_limit.total_seconds():g} s, {found.memory_limit / 2**30:g} GiB",
    }
    facts["options"] = ", ".join(f"{name}={value}" for name, value in found.options.items())
    facts["fitted"] = "; ".join(told(each) for each in fitted)
    for name, value in facts.items():
        if value:
            click.echo(f"{name:>9}  {value}")
    click.echo()
    print_table(
        ["input", "role", "from", "window", "waits", ""],
        [
            (
                name,
                entry.role,
                [source.collection for source in entry.sources],
                _window(entry.window),
                None if entry.timeless else f"{entry.patience.total_seconds() / 3600:g} h",
                "optional" if entry.optional else None,
            )
            for name, entry in found.inputs.items()
        ],
    )
    print_table(
        ["writes", "unit or codes", "meaning"],
        [
            (
                name,
                written.unit
                if written.kind == "variable"
                else [f"{code} {word}" for code, word in written.meanings.items()],
                written.long_name,
            )
            for name, written in found.writes.items()
        ],
    )
    if found.deliveries:
        print_table(
            ["delivery", "file", "format", "of", "unit"],
            [(each.dataset, each.filename, each.format, each.variable, each.unit) for each in found.deliveries],
        )
    for reference in found.references:
        click.echo(f"{reference.citation}{f'. doi:{reference.doi}' if reference.doi else ''}")


def _summary(product: Any) -> dict[str, object]:
    return {
        "name": product.name,
        "version": product.version,
        "title": product.title,
        "family": product.family,
        "datasets": product.datasets,
        "inputs": {
            name: {
                "role": entry.role,
                "optional": entry.optional,
                "collections": [source.collection for source in entry.sources],
            }
            for name, entry in product.inputs.items()
        },
        "period": product.period.kind,
        "fidelity": product.fidelity,
    }


def _window(window: Any) -> str:
    match window.kind:
        case "steps":
            return "same" if window.first == window.last == 0 else f"{window.first}..{window.last:+d}"
        case "season-to-date":
            return f"from month {window.first_month}"
        case "same-season":
            return f"{window.years} years, ±{window.around}"
        case _:
            return f"latest of {window.days:g} days"
