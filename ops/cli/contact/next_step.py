"""Says what to do after a first contact that failed."""

from __future__ import annotations

from engine.failure import FATAL_FOR_SYNC, Failure, Reason
from ops.cli.contact.contact import Contact
from ops.client.exit_status import sign_in_remedy

_WAIT = frozenset({Reason.MAINTENANCE, Reason.RATE_LIMITED, Reason.TIMED_OUT, Reason.CONNECTION_LOST})


def next_step(contact: Contact, failure: Failure) -> str:
    """One sentence. The message of the failure has said what is wrong; this says what to try."""
    slug, url = contact.clinic.slug, contact.base_url
    setting = "IDEXX_BASE_URL" if contact.credentials.address is None else "the clinic's address"
    move = f"idexx-sync credentials set {slug} --address ADDRESS"
    step = contact.report.steps[-1].name
    again = f"idexx-sync credentials test {slug}"
    match failure.reason:
        case Reason.LOGIN_REJECTED:
            return (
                f"open {url} in a browser and sign in with the same values; where that works, compare the address "
                f"then shown (us., eu., …) with {setting}, which `{move}` changes; else "
                f"{sign_in_remedy(slug, {failure.reason})}"
            )
        case Reason.NO_COMPANY_ID:
            return sign_in_remedy(slug, {failure.reason})
        case reason if reason in FATAL_FOR_SYNC:
            return f"do what the message says, then {again}"
        case reason if reason in _WAIT:
            return f"try again in some minutes: {again}"
        case Reason.LEFT_PORTAL:
            return f"look where {url} leads in a browser, set the right portal with `{move}`, then {again}"
        case Reason.PORTAL_UNAVAILABLE if step == "address":
            return f"check {setting} ({url}), this machine's way to it, and HTTPS_PROXY; then {again}"
        case Reason.INTERNAL | Reason.BROWSER_CRASHED:
            return "idexx-sync doctor"
    return "send the file to the maintainers of the parser; docs/portal.md says where each fact is read"
