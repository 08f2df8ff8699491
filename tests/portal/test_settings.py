from __future__ import annotations

import pytest

from actors.runtime.portal_limits import portal_key
from actors.settings import Settings
from engine.credentials import Credentials
from engine.portal import PortalSettings
from engine.portal.error_mapping import meaning_of
from engine.portal.sign_in_outcome import alert_failure

HERE = PortalSettings(base_url="https://us.portal.test/neo")


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("https://us.portal.test/neo/login", True),
        ("https://us.portal.test:443/neo/x", True),
        ("http://us.portal.test/neo/login", False),
        ("https://us.portal.test:8443/neo/login", False),
        ("https://us.portal.test/other", False),
        ("https://us.portal.test/neolithic", False),
        ("https://us.portal.test@evil.test/neo/", False),
        ("https://us.portal.test.evil.test/neo/", False),
        ("https://us.portal.test:port/neo/", False),
        ("data:text/html,x", False),
    ],
)
def test_inside_the_portal_is_its_origin_and_path(address: str, inside: bool):
    assert HERE.contains(address) is inside


@pytest.mark.parametrize("bad", [{"span_days": 0}, {"span_days": 16}, {"base_url": "ftp://x"}, {"base_url": "x"}])
def test_a_setting_that_cannot_work_is_refused(bad: dict[str, object]):
    with pytest.raises(ValueError, match=r"SCRAPE_SPAN_DAYS|IDEXX_BASE_URL"):
        PortalSettings(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base_url", "key"),
    [
        ("https://us.portal.test/neo", "us.portal.test"),
        ("https://US.Portal.Test", "us.portal.test"),
        ("http://127.0.0.1:8700", "127.0.0.1_8700"),
        ("http://[::1]:8700", "__1_8700"),
    ],
)
def test_the_limits_of_a_portal_have_a_key_that_nats_takes_however_its_address_is_written(base_url: str, key: str):
    assert portal_key(Settings(idexx_base_url=base_url)) == key


def test_credentials_show_no_secret():
    assert "hunter2" not in repr(Credentials("ada", "hunter2", "1"))


@pytest.mark.parametrize(
    ("alert", "reason"),
    [
        ("Invalid username or password.", "login_rejected"),
        ("Your account has been locked.", "account_locked"),
        ("Too many failed attempts. Try again in 15 minutes.", "account_locked"),
        ("Service temporarily unavailable, please try again later.", "portal_unavailable"),
        ("Enter your verification code", "second_factor"),
        ("The captcha response is invalid, please try again.", "second_factor"),
        ("Please confirm that you are not a robot.", "second_factor"),
        ("Hmm.", "login_rejected"),
    ],
)
def test_an_alert_is_understood_and_in_doubt_the_password_is_not_sent_again(alert: str, reason: str):
    assert alert_failure(alert).reason == reason


@pytest.mark.parametrize(
    ("alert", "words"),
    [
        ("Invalid company ID", "rejects the company id;"),
        ("The Company Id was not found.", "rejects the company id;"),
        ("Invalid company ID, username or password.", "rejects the company id, the user name or the password"),
        ("Invalid username or password.", "rejects the user name or the password"),
    ],
)
def test_an_alert_about_the_company_id_names_it(alert: str, words: str):
    failure = alert_failure(alert)
    assert (failure.reason, words in failure.message) == ("login_rejected", True)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("APIRequestContext.get: socket hang up\nCall log:\n  - crashed", "connection_lost"),
        ("APIRequestContext.get: connect ECONNREFUSED 127.0.0.1:1", "portal_unavailable"),
        ("Page.goto: net::ERR_NAME_NOT_RESOLVED at https://x/", "portal_unavailable"),
        ("Target page, context or browser has been closed", "browser_crashed"),
        ("APIRequestContext.get: Timeout 30000ms exceeded.", "timed_out"),
        ("something new", "internal"),
    ],
)
def test_playwrights_errors_have_a_meaning(message: str, reason: str):
    assert meaning_of(message)[0] == reason
