"""Invented clients, patients and reasons; any resemblance to real people is a coincidence of common names."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

#: "Amélie" has a combining accent here: the portal stores text as it was typed.
FIRST_NAMES = (
    "Harriet", "Marcus", "Zoë", "Søren", "José", "Nadia", "Łucja", "Owen", "Priscilla", "Tomás",
    "Ingrid", "Kwame", "Aiko", "Beatriz", "Rory", "Γιάννης", "Mei-Ling", "Anaïs", "Dmitri",
    "Fatıma", "Gwendolyn", "Jean-Luc", "Björk", "Ravi", "Seán", "Ame\u0301lie",
)  # fmt: skip
LAST_NAMES = (
    "Whitfield", "O'Dowd", "Müller", "Núñez", "Ångström", "Kowalczyk", "van der Meer", "Tran",
    "Okonkwo", "St. Clair", "Nakagawa", "Fitzgerald", "D'Angelo", "Şahin", "Lindqvist",
    "Papadópoulos", "Mbeki-Jones", "Castellanos", "Hō", "Blackwood", "李", "de la Cruz", "Ferreira",
    "Sørensen", "Yıldız", "McAllister",
)  # fmt: skip
PATIENTS = (
    "Bella", "Max", "Luna", "Mr. Whiskers", "Søren", "Pepper", "Kiwi", "Zoë", "Biscuit",
    "Señor Fluff", "Nala", "Tofu", "Rex", "Ginger", "Pumpkin", "Žofka", "Loki", "Mochi 🐾", "Duke",
    "Princess Leia", "Cléo", "Shadow", "Waffles", "Iggy", "小黑", "Hazel",
)  # fmt: skip
#: (type, usual minutes, reasons)
VISITS = (
    ("Wellness Exam", 30, ("Annual exam", "Senior wellness check", "New kitten, first visit")),
    ("Vaccination", 15, ("Rabies booster", "DHPP + lepto", "FVRCP #2")),
    ("Recheck", 15, ("Recheck ears", "Suture removal", "Weight check – diet trial")),
    ("Sick Visit", 30, ("Vomiting since last night", "Limping, left hind", "Not eating; lethargic")),
    ("Dental", 60, ("Dental cleaning", "Fractured tooth", "COHAT & x-rays")),
    ("Surgery", 60, ("Spay", "Neuter", "Mass removal (flank)")),
    ("Technician Visit", 15, ("Nail trim", "Anal glands", 'Blood draw, "fasted"')),
    ("Consultation", 20, ("Behaviour consult", "Lab results", "Second opinion")),
)
VISIT_WEIGHTS = (24, 20, 16, 16, 5, 5, 9, 5)
BLOCKS = ("Lunch", "Staff meeting", "Hold for emergencies", "Equipment service", "Do not book")


class Client(NamedTuple):
    id: int
    first_name: str
    last_name: str

    @property
    def email(self) -> str | None:
        """The client's email address; None for some clients."""
        return None if self.id % 7 == 0 else f"client.{self.id}@mail.example"


class Patient(NamedTuple):
    id: int
    name: str


def client_and_patient(rng: Random) -> tuple[Client, Patient]:
    """Returns one of a few hundred clients and one of their animals; an id always means the same person."""
    number = rng.randrange(400)
    person, animal = Random(f"client {number}"), rng.randrange(3)
    client = Client(5000 + number, person.choice(FIRST_NAMES), person.choice(LAST_NAMES))
    names = person.sample(PATIENTS, 3)
    return client, Patient(70000 + number * 3 + animal, names[animal])
