"""The vectors by which senders in other languages check themselves hold for our own code, and for plain Python."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from touchline.kafka.partitioning import partition_of
from touchline.schemas.canonical import canonical_bytes, payload_hash
from touchline.schemas.identifiers import IdentifierRejected, NobodyNamed, PersonKeys, normalise

VECTORS = Path(__file__).parents[2] / "schemas" / "examples" / "vectors"


def _vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def test_person_keys_are_the_hmac_of_type_and_normalised_value() -> None:
    vectors = _vectors("person_keys.json")
    secret = bytes.fromhex(vectors["secret_hex"])
    keys = PersonKeys(vectors["key_id"], secret)

    for vector in vectors["keys"]:
        given = (vector["type"], vector["value"], vector.get("country"))
        assert normalise(*given) == vector["normalised"]
        assert keys.key(*given) == vector["key"]
        message = vector["type"].encode() + b"\0" + vector["normalised"].encode()
        assert vector["key"] == f"{vectors['key_id']}:{hmac.new(secret, message, hashlib.sha256).hexdigest()}"


def test_refused_identifiers_are_refused() -> None:
    for vector in _vectors("person_keys.json")["refused"]:
        with pytest.raises(IdentifierRejected) as refused:
            normalise(vector["type"], vector["value"], vector.get("country"))
        assert not isinstance(refused.value, NobodyNamed)


def test_markers_for_nobody_are_nobody() -> None:
    for vector in _vectors("person_keys.json")["nobody"]:
        with pytest.raises(NobodyNamed):
            normalise(vector["type"], vector["value"])


def test_texts_of_one_payload_have_one_hash() -> None:
    for vector in _vectors("payload_hashes.json")["hashes"]:
        canonical = vector["canonical"].encode()
        assert int(vector["hash"]) == int.from_bytes(hashlib.blake2b(canonical).digest()[:8], "big")
        for text in vector["texts"]:
            event = json.loads(text)
            assert payload_hash(event) == int(vector["hash"]), vector["about"]
            event.pop("received_at", None)
            assert canonical_bytes(event) == canonical


def test_partitions_are_those_of_the_java_client() -> None:
    for vector in _vectors("partitions.json")["keys"]:
        for partitions in (4, 12):
            expected = (vector["murmur2"] & 0x7FFFFFFF) % partitions
            assert vector[f"partition_of_{partitions}"] == expected
            assert partition_of(vector["key"].encode(), partitions) == expected
