"""docs/messages.md says what the models say."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

from core.messages_page import PAGE, page
from core.specimens import FIRST, granule, product, slot
from icestream_core.message import SCHEMAS, Letter, Registration, json_schemas
from icestream_core.outcome import Outcome
from icestream_core.task import Task, TaskInput, inputs_hash

INPUTS = {"tb": (TaskInput(granule=granule()),)}
EXAMPLES = {
    "granule": granule(),
    "task": Task(
        slot=slot(),
        version="1.0.0",
        token="0" * 32,
        inputs_hash=inputs_hash(INPUTS, {}),
        inputs=INPUTS,
        created_at=FIRST,
    ),
    "outcome": Outcome(
        slot=slot(), version="1.0.0", token="", inputs_hash="", status="void", reason="night", finished_at=FIRST
    ),
    "letter": Letter(source="notice.cnm", reason="product.name: is missing", body="e30=", headers={"ce-id": "7"}),
    "registration": Registration(record=product().record()),
}


def test_the_page_is_what_the_models_say() -> None:
    assert PAGE.read_text() == page(), "write it again: .venv/bin/python tests/core/messages_page.py"


def test_every_schema_is_on_the_page() -> None:
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)]
    published = {block["title"].lower(): block for block in blocks}
    assert published.keys() == SCHEMAS.keys()
    for name, schema in json_schemas().items():
        assert published[name]["properties"] == schema["properties"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_written_keeps_to_the_published_schema(name: str) -> None:
    schema = json_schemas()[name]
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(EXAMPLES[name].model_dump_json(exclude_defaults=True)))
