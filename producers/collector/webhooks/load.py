"""webhooks.yaml and the secrets that it names, read when the collector starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from touchline.errors import WrongUsage
from touchline.producers.collector.webhooks.model import Webhook, Webhooks
from touchline.schemas.journey.explain import explain
from touchline.schemas.journey.yaml_lines import read_yaml

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


def load_webhooks(path: Path | None) -> Mapping[str, OpenWebhook]:
    """By source; none without a file. Raises WrongUsage with every problem found, never with a secret."""
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(
            f"the file of webhooks {path} cannot be read ({type(error).__name__})",
            f"check webhooks_file; {_PAGE} shows one",
        ) from None
    webhooks = parse_webhooks(text, str(path)).webhooks
    return {source: OpenWebhook(one, _keys_of(source, one, path.parent)) for source, one in webhooks.items()}


def parse_webhooks(text: str, file: str) -> Webhooks:
    """The file as it is written in `text`; `file` is the name used in complaints. Raises WrongUsage."""
    document = read_yaml(text)
    problems = list(document.problems)
    if not problems:
        try:
            return Webhooks.model_validate(document.values)
        except ValidationError as error:
            problems = list(explain(error, document, Webhooks, _PAGE, _EXAMPLES))
    raise WrongUsage("\n".join(problem.at(file) for problem in problems), f"fix the file; {_PAGE} shows one")


def _keys_of(source: str, webhook: Webhook, folder: Path) -> tuple[bytes, ...]:
    path = folder / webhook.secret_file
    hint = "write the secret that the tool shows into it, one a line where there are several"
    try:
        secrets = list(filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())))
    except (OSError, UnicodeDecodeError) as error:
        what = f"the secret file {path} of the webhooks of {source} cannot be read ({type(error).__name__})"
        raise WrongUsage(what, hint) from None
    try:
        keys = tuple(webhook.signed_as.key_of(secret) for secret in secrets)
    except ValueError as error:
        raise WrongUsage(f"the secret file {path} of the webhooks of {source} is malformed: {error}", hint) from None
    if not all(keys) or not keys:
        raise WrongUsage(f"the secret file {path} of the webhooks of {source} is empty", hint)
    return keys
