"""The first contact with a clinic's portal: each step with its outcome, and what was understood."""

from engine.portal.contact.first_contact import LONGER, first_contact
from engine.portal.contact.report import ContactReport, Step, Understood

__all__ = ["LONGER", "ContactReport", "Step", "Understood", "first_contact"]
