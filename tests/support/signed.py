"""Webhooks of survey tools as they come, made up: bodies, and headers with the signature over them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from touchline.producers.collector.webhooks.signatures import STANDARD, TYPEFORM

TYPEFORM_SECRET = "a secret that somebody typed"
FORMBRICKS_SECRET = "whsec_dG91Y2hsaW5lIHRvdWNobGluZSB0b3VjaGxpbmU="
GENERIC_SECRET = "6f7074696f6e"
WEBHOOKS = """
webhooks:
  typeform:
    form: typeform
    secret_file: typeform
    identifiers: {loyalty: hidden.card, mail: your_mail}
    properties: {plan: hidden.plan, visits: often}
    ignore: [welcome]
    surveys:
      after_purchase:
        tool_id: Fz81ab
        about: store_purchase
        scope: transactional
        event: hidden.receipt
        event_source: retail-pos
        questions:
          recommend: {score: nps, kpi: nps, scale: [0, 10], comment: why, scope: relational}
          content: {score: id-content, kpi: csat, scale: [1, 5], values: {"Very much": 5, "Not at all": 1}}
  formbricks:
    form: formbricks
    secret_file: formbricks
    identifiers: {login: contact.userId, loyalty: card}
    consent: {id: grant, purposes: [surveys]}
    surveys:
      shop:
        about: website
        scope: transactional
        questions:
          recommend: {score: nps, kpi: nps, scale: [0, 10], comment: why}
          effort: {score: data.effort, kpi: ces, scale: [1, 7]}
  kiosk:
    form: generic
    secret_file: kiosk
    signature: {header: X-Kiosk-Signature, prefix: sha256=, secret: hex}
    response:
      id: visit.id
      time: visit.at
      complete: visit.state
      complete_is: done
      revision: visit.version
      answers: {at: answers, name: question, value: given}
    identifiers: {loyalty: visit.card}
    surveys:
      kiosk:
        about: store_visit
        scope: transactional
        questions:
          content: {score: smiley, kpi: csat, scale: [1, 5]}
"""
SECRETS = {"typeform": TYPEFORM_SECRET, "formbricks": FORMBRICKS_SECRET, "kiosk": GENERIC_SECRET}


def typeform_response(**changes: object) -> dict[str, Any]:
    """A form that was submitted."""

    def answer(kind: str, value: object, ref: str) -> dict[str, object]:
        return {"type": kind, kind: value, "field": {"id": f"id-{ref}", "ref": ref, "type": "any"}}

    response = {
        "form_id": "Fz81ab",
        "token": "r7k2",
        "landed_at": "2026-03-03T10:10:00Z",
        "submitted_at": "2026-03-03T10:15:00Z",
        "hidden": {"card": "4711", "receipt": "receipt-1001", "plan": "family"},
        "answers": [
            answer("number", 9, "nps"),
            answer("text", "friendly people", "why"),
            answer("choice", {"label": "Very much"}, "content"),
            answer("choices", {"labels": ["weekly"], "other": "on fridays"}, "often"),
            answer("email", "ada@example.org", "your_mail"),
            answer("boolean", True, "welcome"),
        ],
    } | changes
    return {"event_id": "e1", "event_type": "form_response", "form_response": response}


def formbricks_state(
    second: int, answers: Mapping[str, Any], *, finished: bool = False, **changes: object
) -> dict[str, Any]:
    """A response as it stands so many seconds after it was begun."""
    return {
        "id": "cm9resp",
        "surveyId": "cm9surv",
        "createdAt": "2026-03-03T10:15:00.000Z",
        "updatedAt": f"2026-03-03T10:15:{second:02d}.000Z",
        "finished": finished,
        "data": dict(answers),
        "ttc": {"nps": 2154.7},
        "contact": {"id": "cm9cont", "userId": "jane"},
        "contactAttributes": None,
        "language": "default",
        "variables": {},
        **changes,
    }  # fmt: skip


def formbricks_body(event: str, state: Mapping[str, Any]) -> dict[str, Any]:
    return {"webhookId": "cm9hook", "event": event, "data": dict(state)}


def typeform_headers(body: bytes, secret: str = TYPEFORM_SECRET) -> dict[str, str]:
    return {"Typeform-Signature": f"sha256={TYPEFORM.made_by(secret.encode(), {}, body)}"}


def standard_headers(body: bytes, now_s: float, secret: str = FORMBRICKS_SECRET) -> dict[str, str]:
    headers = {"webhook-id": "msg-1", "webhook-timestamp": str(int(now_s))}
    return {**headers, "webhook-signature": f"v1,{STANDARD.made_by(STANDARD.key_of(secret), headers, body)}"}


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()
