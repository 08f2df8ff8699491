"""The commands `dlq list|show|replay|drop`: manage dead letters."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import App, Parameter

from actors.queues import QUEUES
from actors.runtime.broker import build_broker
from broker import NatsBroker
from broker.dead_letters import DeadLetter
from ops.cli.confirm import Yes, confirm
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import nats_url, settings_here
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import ago, table

#: How many dead letters of a queue are read per request.
PAGE = 100

dlq = App(name="dlq", help="List, show, replay and drop dead letters.")

Letter = Annotated[str, Parameter(help="The dead letter, as `dlq list` shows it: QUEUE/NUMBER.")]
LetterOrAll = Annotated[
    str, Parameter(help="A dead letter (QUEUE/NUMBER, as `dlq list` shows it), or a whole QUEUE.")
]


@dlq.command(name="list")
def list_(*, json: Json = False) -> None:
    """List all dead letters, oldest first.

    Example: `idexx-sync dlq list`
    """
    with _broker() as broker:
        letters = [letter for queue in QUEUES for letter in _all_of(broker, queue)]
    if json:
        for letter in letters:
            answer(_view(letter))
        return
    shown = table("letter", "message", "died", "runs", "error", right=("runs",), wrap=("message", "error"))
    now = datetime.now(UTC)
    for letter in letters:
        died = ago(letter.died_at, now)
        shown.add_row(letter.name, letter.call, died, str(letter.attempts), letter.error[:80])
    console().print(shown if letters else "no dead letters")


@dlq.command
def show(letter: Letter, *, json: Json = False) -> None:
    """Show a dead letter with its message and error.

    Example: `idexx-sync dlq show date_scraper/17`
    """
    with _broker() as broker:
        found = _find(broker, letter)
    if json:
        answer(_view(found))
    else:
        print(json_module.dumps(_view(found), indent=2, default=str))


@dlq.command
def replay(letter: LetterOrAll, *, json: Json = False) -> None:
    """Move dead letters back into their queue, with their retries reset.

    Example: `idexx-sync dlq replay date_scraper/17`
    """
    with _broker() as broker:
        done = [one for one in _named(broker, letter) if broker.replay_dead_letter(one.queue, one.sequence)]
    _print_outcome("replayed", done, json)


@dlq.command
def drop(
    letter: LetterOrAll,
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Delete dead letters permanently, after a confirmation.

    Example: `idexx-sync dlq drop date_scraper/17 --yes`
    """
    with _broker() as broker:
        named = _named(broker, letter)
        if named and not yes:
            confirm(f"Delete {len(named)} dead letter{'s' if len(named) > 1 else ''} permanently?")
        done = [one for one in named if broker.drop_dead_letter(one.queue, one.sequence)]
    _print_outcome("dropped", done, json)


@contextmanager
def _broker() -> Iterator[NatsBroker]:
    settings = settings_here()
    nats_url(settings)
    broker = build_broker(settings)
    try:
        yield broker
    finally:
        broker.close()


def _all_of(broker: NatsBroker, queue: str) -> list[DeadLetter]:
    letters: list[DeadLetter] = []
    while page := broker.get_dead_letters(queue, after=letters[-1].sequence if letters else 0, limit=PAGE):
        letters += page
    return letters


def _find(broker: NatsBroker, name: str) -> DeadLetter:
    queue, _, number = name.partition("/")
    if queue not in QUEUES or not number.isdigit():
        raise CommandFailed(
            f"{name!r} is not a dead letter; write QUEUE/NUMBER with one of {', '.join(QUEUES)}",
            status=Exit.USAGE,
            hint="idexx-sync dlq list",
        )
    found = broker.get_dead_letters(queue, after=int(number) - 1, limit=1)
    if not found or found[0].sequence != int(number):
        raise CommandFailed(f"there is no dead letter {name}", status=Exit.USAGE, hint="idexx-sync dlq list")
    return found[0]


def _named(broker: NatsBroker, name: str) -> list[DeadLetter]:
    return _all_of(broker, name) if name in QUEUES else [_find(broker, name)]


def _print_outcome(what: str, done: list[DeadLetter], as_json: bool) -> None:
    if as_json:
        answer({"ok": True, what: [letter.name for letter in done]})
    else:
        say(f"{what} {len(done)}: {', '.join(letter.name for letter in done) or 'there were none'}")


def _view(letter: DeadLetter) -> dict[str, Any]:
    view: dict[str, Any] = {
        "letter": letter.name,
        "died_at": letter.died_at,
        "attempts": letter.attempts,
        "error": letter.error,
    }
    if letter.message is None:
        return view | {"payload": letter.payload.decode(errors="replace")}
    return view | {"message": letter.message.asdict()}
