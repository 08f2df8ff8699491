"""Writes and reads recordings: a folder that a person can read and approve, or one file to send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.portal.recording.recording import FORM, Recording
from engine.portal.recording.understood import understood

ABOUT, UNDERSTOOD, KEPT, README = "recording.json", "understood.json", "kept.txt", "README.txt"

_README = """\
A recorded session with the portal, for the maintainers of idexx-sync.

Replaced by invented ones, the same original always by the same: every name, number, address, note, id, cookie and
token. Every invented word starts with Q. Nothing in this folder says which original a stand-in has.
Kept: dates and times of appointments, names of fields, words of states (Confirmed, No Show), sizes and lengths.

Before it leaves the clinic, read
  kept.txt            every text that was kept, and the names of fields that are new to this version
  sign-in.html        the form of the sign-in, without what was typed
  0*.json             requests and answers, in their order
If you find a personal word that does not start with Q, do not send the folder, and report it.

  recording.json      where and when it was recorded, and each step of the session
  understood.json     what this version understands of the answers
Try it:               idexx-sync sandbox --replay FOLDER --port 8700
                      IDEXX_BASE_URL=http://127.0.0.1:8700 idexx-sync up
                      (any user name and password; sync its days with --start and --end, or add --today to move them;
                      each answer takes the recorded time, with --replay-speed 0 none)
"""


def write_folder(recording: Recording, folder: Path) -> list[Path]:
    """Writes the recording into a new or empty folder that only its owner can read; returns the files."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(17, "the folder is not empty; give a new one", str(folder))
    files = {README: _README, ABOUT: _pretty(recording.about), KEPT: _kept(recording)}
    files |= {f"{name}.html": page for name, page in recording.pages.items()}
    files |= {_name(exchange): _pretty(exchange) for exchange in recording.exchanges}
    files[UNDERSTOOD] = _pretty(understood(recording.to_json()))
    for name, text in files.items():
        write_private(folder / name, text)
    return [folder / name for name in files]


def write_file(recording: Recording, path: Path) -> None:
    """Writes the recording as one file, in the same form."""
    whole = recording.to_json()
    kept = {"kept": recording.kept, "unknown_names": recording.unknown_names}
    write_private(path, _pretty({**whole, **kept, "understood": understood(whole)}))


def write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def read_recording(path: Path) -> dict[str, Any]:
    """Reads a folder or a file, with what was understood of it when it was made. Raises `ValueError` otherwise."""
    if path.is_dir():
        about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
        exchanges = [json.loads(each.read_text(encoding="utf-8")) for each in sorted(path.glob("[0-9]*.json"))]
        pages = {each.stem: each.read_text(encoding="utf-8") for each in path.glob("*.html")}
        before = json.loads((path / UNDERSTOOD).read_text(encoding="utf-8"))
        found = {"about": about, "exchanges": exchanges, "pages": pages, "understood": before}
    else:
        found = json.loads(path.read_text(encoding="utf-8"))
    if (form := found["about"]["form"]) > FORM:
        raise ValueError(
            f"{path}: recording format {form} is not supported (this version reads {FORM}): upgrade idexx-sync"
        )
    return found


def _name(exchange: Mapping[str, Any]) -> str:
    request = exchange["request"]
    last = request["path"].rstrip("/").rpartition("/")[2] or "root"
    query = request.get("query", {})
    days = "-" + query["start"][:10] if "start" in query else ""
    return f"{exchange['number']:03d}-{request['method']}-{last}{days}.json"


def _kept(recording: Recording) -> str:
    lines = ["Texts that were kept, and the fields under which they stand:"]
    lines += [f"  {text!r:40} {', '.join(fields)}" for text, fields in recording.kept.items()]
    lines += ["", "Names of fields that this version does not know (names only, their values are replaced):"]
    lines += [f"  {name}" for name in recording.unknown_names] or ["  none"]
    return "\n".join(lines) + "\n"


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
