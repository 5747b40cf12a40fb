"""How an alert goes to a sink of the rules file; and its words for a chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from touchline.care.sinks.model import Sink, WebhookSink
from touchline.errors import WrongUsage
from touchline.sinks.sender import Sender, read_secret
from touchline.sinks.topic import TopicSender
from touchline.sinks.webhook import WebhookSender


def sender_of(sink: Sink, folder: Path, open_producer: Callable[[], Any], clock_s: Callable[[], float]) -> Sender:
    """The sender of a sink; `folder` is where relative paths of its files begin. Raises WrongUsage when one cannot be used."""
    if sink.kafka is not None:
        return TopicSender(sink.kafka.topic, open_producer, lambda _, body: str(body["case"]))
    hook = sink.webhook
    assert hook is not None  # a sink is one of the two
    secret = read_secret(folder / hook.secret_file, "secret_file") if hook.secret_file else None
    shape = {"shape": in_slack_words} if hook.template == "slack" else {}
    return WebhookSender(_address(hook, folder), secret, hook.timeout_seconds, clock_s, **shape)


def _address(hook: WebhookSink, folder: Path) -> str:
    if hook.url is not None:
        return hook.url
    path = folder / str(hook.url_file)
    text = read_secret(path, "url_file").decode("utf-8", "replace")
    if not text.startswith(("https://", "http://")):
        raise WrongUsage(f"{path} holds no address of a webhook", "write it whole, with https:// or http://")
    return text


def in_slack_words(body: Mapping[str, Any]) -> dict[str, Any]:
    """As chats take it: a line of text, and fields. No person key: a chat is read by many."""
    what = f"{body.get('rule', '')}: {body['state']}"
    where = body.get("touchpoint", "")
    fields = {
        "Touchpoint": where, "Place": body.get("place"), "Stage": body.get("stage"), "Severity": body.get("severity"),
        "Due": body.get("due_at"), "Owner": body.get("owner"), "Case": body["case"],
    }  # fmt: skip
    shown = [{"type": "mrkdwn", "text": f"*{name}*\n{value}"} for name, value in fields.items() if value]
    simulated = " (simulated)" if body.get("simulated") else ""
    text = f"{what} at {where}{simulated}" if where else f"{what}{simulated}"
    return {
        "text": text,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*"}},
            {"type": "section", "fields": shown},
        ],
    }
