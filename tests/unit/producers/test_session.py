from __future__ import annotations

import pytest

from touchline.errors import WrongUsage
from touchline.producers.session import connect


def test_a_misspelt_option_is_named_and_its_value_kept_secret() -> None:
    with pytest.raises(WrongUsage) as refused:
        connect("127.0.0.1:1", 0.1, 1.0, {"sasl_plain_pasword": "open sesame"})

    assert "sasl_plain_pasword" in refused.value.what
    assert "open sesame" not in str(refused.value)
