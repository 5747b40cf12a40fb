"""The OpenAPI 3.1 document, made from the models of events and answers."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from touchline.producers.collector import cloudevents
from touchline.producers.collector.events import JSON, LINES, TEXT, EventsFront
from touchline.producers.collector.refused import PATH as REFUSED, RefusedOfSource
from touchline.producers.collector.verdicts import ProblemDocument, Receipt, WebhookReceipt
from touchline.producers.collector.webhooks.front import PATH as WEBHOOKS
from touchline.schemas.events import EVENT_MODELS, EVENT_TYPES
from touchline.schemas.generate import SchemaGenerator
from touchline.schemas.sources import SOURCE_ID_PATTERN
from touchline.service.health import HEALTH, METRICS, READY
from touchline.service.problem import CONTENT_TYPE
from touchline.settings import Settings

_REF: Final = "#/components/schemas/{model}"
_BEARER: Final = "writeKey"
_BASIC: Final = "writeKeyAsUser"
_BROWSER: Final = "browserKey"
_TEXT: Final = {"type": "string"}
_WHO: Final = {"description": "A text or a number; what is empty names nobody"}
_SCALAR: Final = {"type": ["string", "number", "null"]}
"""Of calls of SDKs: null stands for what they do not know, and numbers for ids."""
EXAMPLE: Final = {
    "type": "touchline.touchpoint.v1",
    "id": "receipt-1001",
    "source": "retail-pos",
    "time": "2026-03-03T10:15:00+01:00",
    "touchpoint": "store_purchase",
    "action": "purchase",
    "identifiers": [{"type": "loyalty", "value": "4711"}],
    "amount": {"amount_minor": 1999, "currency": "EUR"},
    "order": {"id": "1001"},
}


class SentIdentifier(BaseModel):
    """What a sender knows a person by. The collector makes the person key of it; the value never reaches Kafka."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,31}$", description="login, mail, phone, loyalty, household, device, anonymous ..."
    )
    value: str = Field(min_length=1)


class CloudEvent(BaseModel):
    """CloudEvents 1.0 in JSON: the event's id, source, type and time are attributes, its other fields stand in data."""

    model_config = ConfigDict(extra="allow")

    specversion: str = Field(pattern=r"^1\.0$")
    id: str = Field(min_length=1, max_length=256)
    source: str = Field(min_length=1, max_length=256)
    type: str = Field(json_schema_extra={"enum": sorted(EVENT_TYPES)})
    time: str | None = None
    datacontenttype: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


EXPOSITIONS = ("text/plain", "application/openmetrics-text")


def openapi_document(settings: Settings) -> dict[str, Any]:
    """The document that the collector serves at /openapi.json."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Touchline collector",
            "version": "1",
            "description": "Takes events over HTTP. What is accepted is durable: acknowledged by Kafka, or in the outbox.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            EventsFront.paths[0]: {"post": _post_events(settings), "options": _preflight()},
            **{path: {"post": _post_calls(path)} for path in _CALLS},
            WEBHOOKS: {"post": _post_webhook()},
            REFUSED: {"get": _get_refused()},
            HEALTH: {"get": _get("The process answers", "health", {"200": _status("It does")})},
            READY: {
                "get": _get("It takes events", "ready", {"200": _status("It does"), "503": _status("It does not")})
            },
            METRICS: {
                "get": _get(
                    "Numbers for Prometheus",
                    "metrics",
                    {"200": {"description": "Metrics", "content": {one: {"schema": _TEXT} for one in EXPOSITIONS}}},
                )
            },
            "/openapi.json": {
                "get": _get("This document", "openapi", {"200": _content("OpenAPI 3.1", JSON, {"type": "object"})})
            },
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                _BEARER: {"type": "http", "scheme": "bearer"},
                _BASIC: {"type": "http", "scheme": "basic"},
                _BROWSER: {"type": "apiKey", "in": "query", "name": "key"},
            },
        },
    }


def _post_events(settings: Settings) -> dict[str, Any]:
    event, cloud_event = _ref("Event"), _ref("CloudEvent")
    several = {"type": "array", "maxItems": settings.collector_items}
    bodies = {
        JSON: {"schema": {"oneOf": [event, {**several, "items": event}]}, "example": EXAMPLE},
        TEXT: {"schema": {**_TEXT, "description": "The same JSON, as beacons of browsers send it"}},
        LINES[0]: {"schema": {**_TEXT, "description": "One event a line"}},
        cloudevents.STRUCTURED: {"schema": cloud_event},
        cloudevents.BATCH: {"schema": {**several, "items": cloud_event}},
    }
    return {
        "operationId": "postEvents",
        "summary": "Take events: one, an array, lines, or CloudEvents by content type",
        "description": (
            f"At most {settings.collector_body_bytes:,} bytes, as sent and unzipped, and {settings.collector_items:,} items. "
            "With the headers ce-specversion, ce-id, ce-source, ce-type and ce-time the body is the data of a CloudEvent in binary "
            "mode. Items are judged one by one. Sending again is harmless: an event is known by its source and id."
        ),
        "security": [{_BEARER: []}, {_BROWSER: []}],
        "requestBody": {"required": True, "content": bodies},
        "responses": {
            "202": _content("Accepted items are durable; each other one has a verdict", JSON, _ref("Receipt")),
            "422": _content("No item was accepted; each has a verdict", JSON, _ref("Receipt")),
            **{status: _content(text, CONTENT_TYPE, _ref("ProblemDocument")) for status, text in _PROBLEMS.items()},
            "429": _later("This write key sends too fast, or by a browser key this address, or all senders together"),
            "503": _later("No room, or Kafka does not answer; nothing is promised of the request"),
        },
    }


_CALLS: Final = ("/v1/batch", "/v1/track", "/v1/page", "/v1/screen", "/v1/identify", "/v1/group", "/v1/alias")
"""Of the paths of analytics SDKs those that people write by hand."""
_TOLD: Final = {
    "200": "At least one call was taken, or none was sent; `rejections` tells of each other one",
    "400": "The body cannot be read, or no call of it was taken: final",
    "401": "No write key, or an unknown one",
    "403": "The write key may send for several sources",
    "408": "The body did not arrive in time",
    "413": "The body is larger than 500 KB",
    "415": "The Content-Encoding is not known",
}


def _post_calls(path: str) -> dict[str, Any]:
    call = {
        "type": "object",
        "properties": {
            "userId": _WHO,
            "anonymousId": _WHO,
            "messageId": _SCALAR,
            "timestamp": {**_SCALAR, "description": "RFC 3339, or seconds or milliseconds since 1970"},
        },
    }
    batch = {"type": "object", "properties": {"batch": {"type": "array", "items": call}}, "required": ["batch"]}
    told = {"type": "object", "properties": {"success": {"type": "boolean"}}, "required": ["success"]}
    name = path.rpartition("/")[2]
    return {
        "operationId": f"postCall{name.capitalize()}",
        "summary": "Calls of Segment's and RudderStack's SDKs" if name == "batch" else f"One call: {name}",
        "security": [{_BEARER: []}, {_BASIC: []}],
        "requestBody": {"required": True, "content": {JSON: {"schema": batch if name == "batch" else call}}},
        "responses": {
            **{status: _content(text, JSON, told) for status, text in _TOLD.items()},
            **{
                status: {**_later(text), "content": {JSON: {"schema": told}}}
                for status, text in (
                    ("429", "This write key sends too fast, or all senders together"),
                    ("503", "Not kept now: send it again"),
                )
            },
        },
    }


def _post_webhook() -> dict[str, Any]:
    source = {"name": "source", "in": "path", "required": True, "schema": {**_TEXT, "pattern": SOURCE_ID_PATTERN}}
    body = {"description": "A response as its tool sends it", "type": ["object", "array"]}
    problems = {
        **_PROBLEMS,
        "401": "No signature of a secret of this source over the body as it was sent, or one of another time",
    }
    return {
        "operationId": "postWebhook",
        "summary": "Take the webhooks of a survey tool",
        "description": (
            "For the tools that webhooks.yaml describes. They send no write key: they sign. Each question that the file names is an event "
            "where it was answered; what is refused of them goes into the quarantine. Sending again is harmless, and of a response that "
            "grows the latest state counts."
        ),
        "security": [],
        "parameters": [source],
        "requestBody": {"required": True, "content": {JSON: {"schema": body}}},
        "responses": {
            "200": _content("What was accepted is durable", JSON, _ref("WebhookReceipt")),
            **{status: _content(text, CONTENT_TYPE, _ref("ProblemDocument")) for status, text in problems.items()},
            "429": _later("Webhooks of this source come too fast, or all senders together send too much"),
            "503": _later("No room, or Kafka does not answer; nothing is promised of the request"),
        },
    }


def _get_refused() -> dict[str, Any]:
    source = {"name": "source", "in": "query", "required": True, "schema": {**_TEXT, "pattern": SOURCE_ID_PATTERN}}
    responses = {
        "200": _content("Their number since this process started, and the last of them", JSON, _ref("RefusedOfSource")),
        "400": _content("No source is asked for", CONTENT_TYPE, _ref("ProblemDocument")),
        "401": _content("No write key, an unknown one, or one of other sources", CONTENT_TYPE, _ref("ProblemDocument")),
    }
    operation = _get("Events of a source that were refused lately, as their sender heard it", "refused", responses)
    return {**operation, "security": [{_BEARER: []}], "parameters": [source]}


def _preflight() -> dict[str, Any]:
    refused = _content(_FOREIGN_ORIGIN, CONTENT_TYPE, _ref("ProblemDocument"))
    return {
        "operationId": "preflight",
        "summary": "What a browser asks before a page posts with headers of its own",
        "security": [],
        "responses": {"204": {"description": "Pages of this origin may"}, "403": refused},
    }


_FOREIGN_ORIGIN: Final = "Pages of this origin may not send: see collector_origins"
_PROBLEMS: Final = {
    "400": "The body is not what its Content-Type or Content-Encoding says, or has too many items",
    "401": "No write key, or an unknown one",
    "403": f"{_FOREIGN_ORIGIN}; or a write key of servers stands in the address",
    "408": "The body did not arrive in time",
    "413": "The body, as sent or unzipped, is too large",
    "415": "The Content-Type or Content-Encoding is not known",
}


def _later(text: str) -> dict[str, Any]:
    header = {"description": "Seconds to wait", "required": True, "schema": {"type": "integer", "minimum": 1}}
    return {**_content(text, CONTENT_TYPE, _ref("ProblemDocument")), "headers": {"Retry-After": header}}


def _get(summary: str, name: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": responses}


def _status(text: str) -> dict[str, Any]:
    return _content(text, JSON, {"type": "object", "properties": {"status": _TEXT}, "required": ["status"]})


def _content(text: str, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": schema}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=name)}


def _schemas() -> dict[str, Any]:
    models: list[type[BaseModel]] = [*EVENT_MODELS, SentIdentifier, CloudEvent]
    answers: list[type[BaseModel]] = [Receipt, RefusedOfSource, WebhookReceipt, ProblemDocument]
    modes = [*((model, "validation") for model in models), *((model, "serialization") for model in answers)]
    _, document = models_json_schema(modes, ref_template=_REF, schema_generator=SchemaGenerator)  # type: ignore[arg-type]
    schemas: dict[str, Any] = document["$defs"]
    for name, model in EVENT_TYPES.items():
        schema = schemas[model.__name__]
        schema["properties"]["type"] = {"type": "string", "const": name}
        schema["required"].append("type")
        schema["properties"]["identifiers"] = {
            "type": "array",
            "items": _ref("Identifier"),
            "description": "Whom the event is about; the collector makes person keys of them",
        }
        del schema["properties"]["received_at"]
    names = [model.__name__ for model in EVENT_MODELS]
    schemas["Event"] = {
        "oneOf": [_ref(name) for name in names],
        "discriminator": {
            "propertyName": "type",
            "mapping": {
                model.model_fields["type"].default: _REF.format(model=model.__name__) for model in EVENT_MODELS
            },
        },
    }
    return schemas
