"""Write the JSON Schemas of KEDA's and the Prometheus operator's kinds from models that are generated from their CRDs.

They are no part of the tests' environment: a megabyte each, to be read once. From the root of the repository:

    .venv/bin/uv run --no-project --python 3.11 --with cloudcoil.models.keda==2.16.1.0 \
        --with cloudcoil.models.prometheus_operator==0.80.1.0 tests/helm/schemas/write.py
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

KINDS = {
    "cloudcoil.models.keda.v1alpha1": ("ScaledObject", "TriggerAuthentication"),
    "cloudcoil.models.prometheus_operator.v1": ("PodMonitor", "PrometheusRule"),
}
SILENT = ("title", "description", "default")
"""What a schema says for readers and for constructors only."""


def strict(schema: Any, *, names: bool = False) -> Any:
    """Return a schema that refuses what it does not know: an API server drops such fields without a word.

    names : whether this is a map of properties, whose keys are no keywords
    """
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if names:
        return {name: strict(each) for name, each in schema.items()}
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        # The models write None for what is absent; in a manifest null stands for no value of any type.
        return strict({name: each for name, each in schema.items() if name != "anyOf"} | choices[0])
    kept = {
        name: strict(choices if name == "anyOf" else each, names=name in ("properties", "$defs"))
        for name, each in schema.items()
        if name not in SILENT
    }
    if kept.get("properties"):
        kept["additionalProperties"] = False
    if "(?i)" in kept.get("pattern", ""):
        # Go takes the flag anywhere, other languages at the beginning only.
        kept["pattern"] = "(?i)" + kept["pattern"].replace("(?i)", "")
    return kept


def needed(schema: Any, definitions: dict[str, Any], found: set[str]) -> set[str]:
    """Return the names of the definitions that a schema refers to, through others too."""
    if isinstance(schema, list):
        for each in schema:
            needed(each, definitions, found)
    elif isinstance(schema, dict):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in found:
            found.add(name)
            needed(definitions[name], definitions, found)
        for each in schema.values():
            needed(each, definitions, found)
    return found


def main() -> None:
    for module, kinds in KINDS.items():
        for kind in kinds:
            schema = strict(getattr(importlib.import_module(module), kind).model_json_schema())
            definitions = schema.pop("$defs")
            # Written by the operators, never by a chart.
            schema["properties"].pop("status", None)
            for each in ("managedFields", "ownerReferences"):
                definitions["ObjectMeta"]["properties"].pop(each, None)
            schema["required"] = sorted({*schema.get("required", ()), "apiVersion", "kind", "metadata", "spec"})
            kept = needed(schema, definitions, set())
            schema["$defs"] = {name: each for name, each in definitions.items() if name in kept}
            path = Path(__file__).with_name(f"{kind.lower()}.json")
            path.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
