"""webhooks.yaml and the secrets that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.producers.collector.webhooks.model import Webhook, Webhooks
from touchline.schemas.journey.read_model import parse_model
from touchline.schemas.text_file import read_text_file

_PAGE: Final = "docs/senders/webhooks.md"
_EXAMPLES: Final = {
    "form": "`form: typeform`, formbricks or generic",
    "secret_file": "`secret_file: .local/secrets/typeform`",
    "surveys": "`surveys: {after_purchase: {about: …, scope: …, questions: …}}`",
    "about": "`about: store_purchase`, a touchpoint of a map",
    "scope": "`scope: transactional` (about this touchpoint) or relational (about all experiences)",
    "questions": "`questions: {recommend: {score: …, kpi: nps, scale: [0, 10]}}`",
    "score": "`score: <the question, by the name that the tool gives it>`",
    "kpi": "`kpi: nps`",
    "scale": "`scale: [0, 10]`, its bad end and its good end",
    "signature": "`signature: {header: X-Signature, encoding: hex, prefix: sha256=}`",
    "response": "`response: {id: <path>, time: <path>}`",
}


@dataclass(frozen=True)
class OpenWebhook:
    """The webhooks of a source, and the keys that they are signed with: several while a secret is changed."""

    described: Webhook
    keys: tuple[bytes, ...] = field(repr=False)


def load_webhooks(path: Path, secret_files: set[Path] | None = None) -> Mapping[str, OpenWebhook]:
    """By source. Into `secret_files` go the files of secrets that it names, whether they can be read or not. Raises WrongUsage with every
    problem found, never with a secret."""
    text = read_text_file(path, f"the file of webhooks {path}", f"check webhooks_file; {_PAGE} shows one")
    webhooks = parse_webhooks(text, str(path)).webhooks
    if secret_files is not None:
        secret_files.clear()
        secret_files.update(path.parent / one.secret_file for one in webhooks.values())
    return {source: OpenWebhook(one, _keys_of(source, one, path.parent)) for source, one in webhooks.items()}


def parse_webhooks(text: str, file: str) -> Webhooks:
    """The file as it is written in `text`; `file` is the name used in complaints. Raises WrongUsage."""
    return parse_model(text, file, Webhooks, _PAGE, _EXAMPLES)


def _keys_of(source: str, webhook: Webhook, folder: Path) -> tuple[bytes, ...]:
    path = folder / webhook.secret_file
    hint = "write the secret that the tool shows into it, one a line where there are several"
    what = f"the secret file {path} of the webhooks of {source}"
    secrets = list(filter(None, map(str.strip, read_text_file(path, what, hint).splitlines())))
    try:
        keys = tuple(webhook.signed_as.key_of(secret) for secret in secrets)
    except ValueError as error:
        raise WrongUsage(f"{what} is malformed: {error}", hint) from None
    if not all(keys) or not keys:
        raise WrongUsage(f"{what} is empty", hint)
    return keys
