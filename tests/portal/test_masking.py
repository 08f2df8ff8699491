"""Evidence shows how the portal changed, without personal data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.portal.redaction import kept_headers, mask_body, masked_address
from tests.portal.shapes import CAMEL, NEO_2026, SNAKE

PERSONAL = ["Biscuit", "Ada", "Nowak", "555", "0142", "Lindqvist", "limps", "7001"]


def test_keys_and_shapes_stay_and_values_go():
    masked = mask_body(json.dumps({"events": [CAMEL, SNAKE]}).encode(), "application/json")
    assert not [word for word in PERSONAL if word in masked]
    assert '"patientName": "Xxxxxxx"' in masked
    assert '"start": "2026-01-22T16:15:00"' in masked
    assert '"status": "Confirmed"' in masked
    assert json.loads(masked)


def test_the_record_of_2026_keeps_no_email_and_no_id():
    record = NEO_2026 | {"client_id": 60417, "patient_id": 60418, "consultation_id": 60419}
    masked = mask_body(json.dumps([record]).encode(), "application/json")
    assert not [word for word in (*PERSONAL, "ada", "nowak", "6041") if word in masked]
    assert '"email": "xxx@xxxxx.xxxxxxx"' in masked


@given(st.integers(0, 900))
def test_a_body_that_was_cut_off_is_masked_just_the_same(length: int):
    body = json.dumps([CAMEL, SNAKE]).encode()[:length]
    assert not [word for word in PERSONAL if word in mask_body(body, "application/json")]


@given(st.text(alphabet=st.characters(min_codepoint=65, max_codepoint=90), min_size=6, max_size=12))
def test_a_key_that_is_no_name_of_a_field_is_masked(name: str):
    body = json.dumps({f"{name}, {name}": [1]}).encode()
    assert name not in mask_body(body, "application/json")


def test_a_page_keeps_its_words_and_loses_names_scripts_and_tokens():
    page = b"""<html><head><title>Log in</title><script>var csrf = "s3cr3t-t0ken";</script></head><body>
      <h1>Scheduled maintenance</h1>
      <p>Please try again later, Dr. Lindqvist (ada@clinic.example, 303-555-0142).</p>
      <input name="_csrf" value="s3cr3t-t0ken"><a href="/reset?user=ada">x</a></body></html>"""
    masked = mask_body(page, "text/html")
    assert "maintenance" in masked
    assert "try again later" in masked
    assert 'name="_csrf"' in masked
    for word in ("Lindqvist", "ada", "303", "s3cr3t"):
        assert word not in masked


@pytest.mark.parametrize(
    "page",
    [
        '<a href="/client?name=Lindqvist&id=3035550142">x</a>',
        '<td data-name="Lindqvist" data-id=3035550142>x</td>',
        '<p title="name=Lindqvist id=3035550142">x</p>',
        '<!-- name="Lindqvist" id="3035550142" -->',
        '<div id="client-Lindqvist" class="row">x</div>',
        '<form action="/login;session=Lindqvist?phone=3035550142" method="post">',
        '<input id="phone-3035550142" value="Lindqvist">',
    ],
)
def test_a_page_keeps_the_names_of_form_fields_and_nothing_else_of_its_elements(page: str):
    masked = mask_body(page.encode(), "text/html")
    assert "Lindqvist" not in masked
    assert "3035550142" not in masked


@pytest.mark.parametrize(
    "body",
    [
        '[{"status": "Arrived"}, "Lindqvist"]',
        '{"status": "Lindqvist", "resourceId": "Dr. Lindqvist", "className": ["row", "Lindqvist"]}',
        '{"start": "Lindqvist 3035550142", "end": "3035550142"}',
        "{'name': 'Lindqvist', 'phone': '3035550142'}",
        '{"name": Lindqvist, "phone": +3035550142}',
        "[Lindqvist]",
    ],
)
def test_a_value_is_kept_only_if_it_is_usual_for_its_field(body: str):
    masked = mask_body(body.encode(), "application/json")
    assert "Lindqvist" not in masked
    assert "3035550142" not in masked


def test_no_more_than_the_first_kilobytes_are_kept():
    assert len(mask_body(b'"' + b"x" * 1_000_000, "")) <= 4096


def test_headers_are_named_and_secrets_are_masked():
    kept = kept_headers({"set-cookie": "neo_session=abc", "content-type": "text/html", "x-user": "ada"})
    assert kept == {"set-cookie": "…", "content-type": "text/html", "x-user": "…"}


def test_an_address_keeps_its_dates_and_loses_its_user_and_values():
    kept = masked_address("https://ada:pw@portal.test/a?start=2026-01-22%2000%3A00%3A00&token=Abc123")
    assert kept == "https://portal.test/a?start=2026-01-22%2000%3A00%3A00&token=Xxx999"


@pytest.mark.parametrize(
    "behind",
    ["#access_token=s3cr3t", ";jsessionid=s3cr3t", "?s3cr3t", "?a=1#s3cr3t", "?a=1;b=s3cr3t", "#/a?b=s3cr3t",
     "?start=2026-01-22s3cr3t", ";a=s3cr3t/b?c=s3cr3t&s3cr3t"],
)  # fmt: skip
def test_an_address_keeps_no_secret_behind_its_path(behind: str):
    kept = masked_address("https://portal.test/login" + behind)
    assert kept.startswith("https://portal.test/login")
    assert "s3cr3t" not in kept
