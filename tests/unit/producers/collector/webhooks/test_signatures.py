"""Signatures of webhooks: published examples, and what is not taken for one."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from touchline.producers.collector.webhooks.signatures import STANDARD, TYPEFORM, Proof, Signature

NOW_S = 1_614_265_330
# The example that the libraries of Standard Webhooks are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(NOW_S),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
KEY = STANDARD.key_of(SECRET)


def proof(headers: dict[str, str], body: bytes = BODY, now_s: float = NOW_S, *keys: bytes) -> Proof:
    return STANDARD.proof_of(keys or (KEY,), headers, body, now_s, 300)


def test_the_published_example_of_standard_webhooks_is_genuine() -> None:
    assert proof(HEADERS) is Proof.GENUINE
    assert STANDARD.key_of(SECRET.removeprefix("whsec_")) == KEY


def test_one_signature_of_several_and_one_secret_of_several_suffice() -> None:
    wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
    several = {**HEADERS, "webhook-signature": f"{wrong} v2,abc {HEADERS['webhook-signature']} {wrong}"}
    assert proof(several, BODY, NOW_S, b"an older secret", KEY) is Proof.GENUINE
    assert proof({**HEADERS, "webhook-signature": wrong}) is Proof.WRONG


@pytest.mark.parametrize("missing", HEADERS)
def test_no_header_may_be_missing(missing: str) -> None:
    assert proof({name: value for name, value in HEADERS.items() if name != missing}) is Proof.WRONG


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "v1,",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9",
        "v1,\udcff",
    ],
)
def test_what_is_no_whole_signature_is_wrong(presented: str) -> None:
    assert proof({**HEADERS, "webhook-signature": presented}) is Proof.WRONG


@pytest.mark.parametrize(
    ("away_s", "says"), [(300, Proof.GENUINE), (301, Proof.STALE), (-300, Proof.GENUINE), (-301, Proof.STALE)]
)
def test_a_signature_of_another_time_is_stale_in_both_directions(away_s: int, says: Proof) -> None:
    assert proof(HEADERS, now_s=NOW_S + away_s) is says


@pytest.mark.parametrize("time", ["now", "-5", "1614265330.5", "9" * 40, "１６１４２６５３３０"])
def test_a_signed_time_that_is_none_is_stale(time: str) -> None:
    headers = {**HEADERS, "webhook-timestamp": time}
    headers["webhook-signature"] = f"v1,{STANDARD.made_by(KEY, headers, BODY)}"
    assert proof(headers) is Proof.STALE


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=40), st.integers(0))
def test_typeform_signs_the_raw_bytes_and_a_changed_one_is_seen(body: bytes, key: bytes, place: int) -> None:
    digest = base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()
    headers = {"Typeform-Signature": f"sha256={digest}"}
    assert TYPEFORM.proof_of((key,), headers, body, 0, 0) is Proof.GENUINE
    at = place % (len(body) + 1)
    changed = body[:at] + bytes(((body[at] if at < len(body) else 0) ^ 1,)) + body[at + 1 :]
    assert TYPEFORM.proof_of((key,), headers, changed, 0, 0) is Proof.WRONG
    assert TYPEFORM.proof_of((key + b"x",), headers, body, 0, 0) is Proof.WRONG


def test_a_tool_of_ones_own_is_described_by_header_encoding_and_what_is_signed() -> None:
    own = Signature(
        header="X-Sig", algorithm="sha512", encoding="hex", signed="{timestamp}|{body}", timestamp_header="X-Time"
    )
    digest = hmac.new(b"key", b"100|hello", hashlib.sha512).hexdigest()
    for presented in (digest, digest.upper()):
        assert own.proof_of((b"key",), {"X-Sig": presented, "X-Time": "100"}, b"hello", 110, 10) is Proof.GENUINE
    assert own.proof_of((b"key",), {"X-Sig": digest, "X-Time": "100"}, b"hello", 111, 10) is Proof.STALE


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"signed": "{timestamp}"}, "has not the body once"),
        ({"signed": "{timestamp}.{body}"}, "nobody says where it stands"),
        ({"timestamp_header": "X-Time"}, "is not signed, so it proves nothing"),
        ({"header": "no header"}, "should match pattern"),
    ],
)
def test_a_signature_that_could_not_be_checked_is_not_taken(fields: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Signature.model_validate({"header": "X-Sig", **fields})


@pytest.mark.parametrize(("secret", "form"), [("no base64!", "base64"), ("xyz", "hex")])
def test_a_secret_of_another_form_is_refused_without_being_said(secret: str, form: str) -> None:
    with pytest.raises(ValueError, match=f"^it is not {form}$"):
        Signature.model_validate({"header": "X-Sig", "secret": form}).key_of(secret)
