"""JSON Schemas and the AsyncAPI document, generated from the models: `python -m touchline.schemas.generate [--check]`.

The files in `schemas/generated/` are committed, so that a change of a contract shows in review; a test compares them.
JSON Schema (draft 2020-12) cannot say everything: scale against score, credible times and the calendar are checked by
`answer.py` and `credibility.py` alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from touchline.schemas.events import EVENT_TYPES
from touchline.schemas.sources import SourcesFile

GENERATED_DIR: Final = Path(__file__).parent / "generated"
BASE_URI: Final = "https://touchline.invalid/schemas/"
"""A name, not an address: RFC 2606 keeps `.invalid` from ever being one."""
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_ASYNCAPI: Final = "3.0.0"
_HEADERS: Final = {
    "ce_id": ("id of the event", True),
    "ce_source": ("source of the event", True),
    "ce_type": ("type and version of the contract", True),
    "ce_specversion": ("1.0", True),
    "ce_time": ("time of the event, where it has an offset", False),
}


class SchemaGenerator(GenerateJsonSchema):
    """As pydantic does it, but without a title per field: it repeats the name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def generate() -> dict[str, Any]:
    """File name -> document."""
    schemas = {f"{name}.json": _schema_of(model, name) for name, model in EVENT_TYPES.items()}
    return {**schemas, "sources.json": _schema_of(SourcesFile, "sources"), "asyncapi.json": _asyncapi()}


def text_of(document: Any) -> str:
    """The document as its file holds it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def stale_files(folder: Path = GENERATED_DIR) -> list[str]:
    """Names of files that differ from what the models say, are missing, or should not be there."""
    expected = {name: text_of(document) for name, document in generate().items()}
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def main(arguments: list[str]) -> int:
    """Writes the files, or with `--check` only tells which are stale (exit status 4)."""
    stale = stale_files()
    if "--check" in arguments:
        for name in stale:
            print(f"stale: {GENERATED_DIR / name}", file=sys.stderr)
        return 4 if stale else 0
    GENERATED_DIR.mkdir(exist_ok=True)
    documents = generate()
    for name in stale:
        path = GENERATED_DIR / name
        if name in documents:
            path.write_text(text_of(documents[name]), encoding="utf-8")
        else:
            path.unlink()
        print(f"wrote {name}" if name in documents else f"removed {name}")
    return 0


def _schema_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=SchemaGenerator)
    if name in EVENT_TYPES:  # the model knows its own type; an event must say it
        del schema["properties"]["type"]["default"]
        schema["required"].append("type")
    return {"$schema": _DRAFT, "$id": f"{BASE_URI}{name}.json", **schema}


def _asyncapi() -> dict[str, Any]:
    """AsyncAPI 3: one Kafka topic, one message per contract, CloudEvents 1.0 in binary mode."""
    messages = {
        name: {
            "name": name,
            "title": model.__name__,
            "summary": (model.__doc__ or "").strip().partition("\n")[0],
            "contentType": "application/json",
            "headers": {
                "type": "object",
                "properties": {
                    header: {"type": "string", "description": text} for header, (text, _) in _HEADERS.items()
                },
                "required": [header for header, (_, is_required) in _HEADERS.items() if is_required],
            },
            "payload": {
                "schemaFormat": "application/schema+json;version=draft-07",
                "schema": {"$ref": f"./{name}.json"},
            },
            "bindings": {
                "kafka": {
                    "key": {
                        "type": "string",
                        "description": "Person key of the first of persons; <source>/<id> where there is none",
                    },
                    "bindingVersion": "0.5.0",
                }
            },
        }
        for name, model in EVENT_TYPES.items()
    }
    return {
        "asyncapi": _ASYNCAPI,
        "info": {
            "title": "Touchline events",
            "version": "1.0.0",
            "description": "Everything that senders tell Touchline: one Kafka topic, told apart by ce_type.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": "customer-events",
                "description": "Partition = murmur2 of the key, as the Java client does it.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "receive": {
                "action": "receive",
                "channel": {"$ref": "#/channels/events"},
                "messages": [{"$ref": f"#/channels/events/messages/{name}"} for name in messages],
            }
        },
        "components": {"messages": messages},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
