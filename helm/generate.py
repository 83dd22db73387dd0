"""Write what chart and compose file say that the code knows better: `make chart`.

    values.yaml          the stanza of each product's worker: family and limits, from the products' records
    values.schema.json   the settings that may be given, from the model of the settings; the users of the broker
    files/rabbitmq.json  exchange, queues and bindings, and who may do what, from topology and permissions
    compose.yaml         a service for each product
    docs/helm.md         the table of all values, from values.schema.json

A test holds the files to this, so whoever adds a product or a setting is told to run it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from icestream_core import naming
from icestream_core.plugins import load
from icestream_runtime.permissions import PERMISSIONS
from icestream_runtime.settings import Settings
from icestream_runtime.topology import topology

ROOT: Final = Path(__file__).resolve().parents[1]
CHART: Final = ROOT / "helm" / "icestream"
VALUES, SCHEMA, BROKER = CHART / "values.yaml", CHART / "values.schema.json", CHART / "files" / "rabbitmq.json"
COMPOSE, PAGE = ROOT / "docker" / "compose.yaml", ROOT / "docs" / "helm.md"

DECIDED: Final = {
    "out", "staging", "cache_dir", "metrics_port", "tls_ca", "tls_certificate", "tls_key", "granules",
    "catalogue_host", "catalogue_port", "catalogue_public_url",
    "products", "concurrency", "time_limit_seconds", "memory_limit", "grace_seconds", "cache_size",
}  # fmt: skip
"""Settings that the chart decides itself, or that belong to one worker."""

TYPES: Final = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "string"}


def files() -> dict[Path, str]:
    """Return every generated file with what it must hold."""
    schema = with_settings(json.loads(SCHEMA.read_text("utf-8")))
    values = between(VALUES.read_text("utf-8"), r"  # begin: made by `make chart`\n", r"  # end\n", workers())
    table = values_table(schema, yaml.safe_load(values))
    return {
        VALUES: values,
        SCHEMA: json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        BROKER: json.dumps(broker(), indent=2) + "\n",
        COMPOSE: between(COMPOSE.read_text("utf-8"), r"  # begin: made by `make chart`\n", r"  # end\n", containers()),
        PAGE: between(PAGE.read_text("utf-8"), "<!-- begin: made by `make chart` -->\n", "<!-- end -->\n", table),
    }


def between(text: str, begin: str, end: str, wanted: str) -> str:
    """Return the text with what stands between two marks replaced."""
    parts = re.fullmatch(rf"(.*{begin}).*?({end}.*)", text, re.DOTALL)
    if parts is None:
        raise SystemExit(f"the marks {begin!r} and {end!r} are gone")
    return parts[1] + wanted + parts[2]


def workers() -> str:
    """Return the stanza of each product, by family."""
    lines = []
    for product in sorted(load().products.values(), key=lambda product: (product.family, product.name)):
        limit, memory = round(product.time_limit.total_seconds()), product.memory_limit // 2**20
        lines.append(
            f"  {product.name}: {{family: {product.family}, timeLimitSeconds: {limit}, memoryLimitMi: {memory}}}\n"
        )
    return "".join(lines)


def containers() -> str:
    """Return the service of each product's worker."""
    parts = []
    for product in sorted(load().products.values(), key=lambda product: (product.family, product.name)):
        limit = round(product.time_limit.total_seconds())
        parts.append(f"""\
  worker-{product.name}:
    <<: *worker
    image: icestream-worker-{product.family}
    build: {{context: .., dockerfile: docker/Dockerfile, args: {{SERVICE: worker, FAMILY: {product.family}}}}}
    environment: {{<<: *settings, ICESTREAM_PRODUCTS: {product.name}, ICESTREAM_GRACE_SECONDS: "{limit + 30}"}}
    stop_grace_period: {limit + 60}s
""")
    return "\n".join(parts)


def with_settings(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the settings and users that the code knows."""
    properties = schema["properties"]
    properties["settings"]["properties"] = {
        name: setting(name, field)
        for name, field in Settings.model_fields.items()
        if name not in DECIDED and not is_secret(field)
    }
    properties["rabbitmq"]["properties"]["passwords"]["properties"] = {
        user: {"type": "string", "minLength": 1, "description": f"Of icestream-{user}"} for user in PERMISSIONS
    }
    return schema


def is_secret(field: FieldInfo) -> bool:
    return "Secret" in str(field.annotation) or isinstance(field.default, SecretStr)


def setting(name: str, field: FieldInfo) -> dict[str, Any]:
    """Return the JSON Schema of a setting as a value of the chart."""
    made = Settings.model_json_schema()["properties"][name]
    one = next((each for each in made.get("anyOf", [made]) if each.get("type") != "null"), made)
    text = field.description or name.replace("_", " ")
    if "enum" in one:
        return {"enum": one["enum"], "description": text}
    if one.get("type") == "array":
        return {"type": "array", "items": {"type": "string"}, "description": text}
    if "ByteSize" in str(field.annotation):
        return {"type": ["string", "integer"], "description": text}
    kept = {key: one[key] for key in ("minimum", "maximum", "exclusiveMinimum", "minLength") if key in one}
    return {"type": one.get("type", "string"), **kept, "description": text}


def broker() -> dict[str, Any]:
    """Return what RabbitMQ must hold before the first product registers, and what its users may do."""
    wanted = topology((), naming.INTAKE_KEYS)
    return {
        "exchanges": [naming.EXCHANGE],
        "queues": [{"name": queue.name, "arguments": dict(queue.arguments)} for queue in wanted.queues],
        "bindings": [asdict(binding) for binding in wanted.bindings],
        "users": {user: asdict(may) for user, may in PERMISSIONS.items()},
    }


def values_table(schema: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """Return the table of all values, one a row."""
    rows = ["", "| value | default | |", "|---|---|---|"]
    rows += [f"| `{path}` | {default} | {text} |" for path, default, text in leaves(schema, values, "")]
    return "\n".join(rows).replace("|  |", "| |") + "\n\n"


def leaves(schema: Mapping[str, Any], values: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Give path, default and meaning of each value, in the order of the schema."""
    for name, entry in schema["properties"].items():
        there = values.get(name) if isinstance(values, Mapping) else None
        yield from row(entry, there, f"{path}{name}")


def row(entry: Mapping[str, Any], value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    text = entry.get("description", "").replace("|", "\\|").replace("<", "&lt;")
    if entry.get("properties"):
        if text:
            yield path, "", f"**{text}**"
        yield from leaves(entry, value, f"{path}.")
    elif isinstance(entry.get("additionalProperties"), Mapping) and "properties" in entry["additionalProperties"]:
        yield path, "one for each product", f"**{text}**"
        yield from leaves(entry["additionalProperties"], None, f"{path}.NAME.")
    else:
        yield path, "" if value in (None, "", [], {}) else f"`{json.dumps(value).strip(chr(34))}`", text


def main() -> None:
    """Write the files that are not as they should be."""
    for path, wanted in files().items():
        if not path.exists() or path.read_text("utf-8") != wanted:
            path.write_text(wanted, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
