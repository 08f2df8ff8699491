"""Every command prints on every output encoding: what it lacks gets a stand-in, and JSON stays JSON."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.cli import main
from ops.cli.app import COMMANDS
from ops.terminal.encoding import STAND_INS
from ops.terminal.output import answer, say

ENCODINGS = ("ascii", "latin-1", "cp1252", "utf-8")
ROOT = Path(__file__).parents[2]


class Output:
    """Stdout and stderr of an encoding that refuses what it lacks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
        self._streams = {name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")}
        for name, stream in self._streams.items():
            monkeypatch.setattr(sys, name, stream)

    def text(self, name: str) -> str:
        stream = self._streams[name]
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        return stream.buffer.getvalue().decode(stream.encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_help_of_every_command_is_printed(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(monkeypatch, encoding)
    for command, *_ in COMMANDS:
        assert main([command, "--help"]) == 0, command
    assert main(["clinic", "nonsense", "--never"]) == 2
    assert "Usage: idexx-sync doctor" in output.text("stdout")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:replace", "utf-8"])
def test_doctor_reports_with_every_encoding(encoding: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "IDEXX_SYNC_HOME": str(tmp_path), "PYTHONIOENCODING": encoding}
    argv = [sys.executable, "-c", "import sys; from ops.cli import main; sys.exit(main())", "doctor"]
    done = subprocess.run(argv, env=environment, capture_output=True, timeout=120, cwd=ROOT)
    assert b"Error" not in done.stdout + done.stderr
    mark = "✓" if encoding == "utf-8" else STAND_INS["✓"]
    assert any(line.startswith(f"{mark} ") for line in done.stdout.decode(encoding.partition(":")[0]).splitlines())


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_answer_in_json_loses_no_character(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(monkeypatch, encoding)
    main(["--version"])
    output_before = output.text("stdout")
    answer({"name": "Zoë 猫"})
    assert json.loads(output.text("stdout").removeprefix(output_before)) == {"name": "Zoë 猫"}


def test_signs_and_letters_have_stand_ins_and_bytes_of_a_path_do_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, shown in (("ascii", "x -> Zoe ? ?"), ("utf-8", "✗ → Zoë 猫 ?")):
        output = Output(monkeypatch, encoding)
        main(["--version"])
        say("✗ → Zoë 猫 " + os.fsdecode(b"\xff"))
        assert output.text("stderr").split(maxsplit=1)[1] == f"{shown}\n"


def test_the_interface_is_printed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    for encoding in ("ascii", "utf-8"):
        output = Output(monkeypatch, encoding)
        assert main(["spec"]) == 0
        shown.append(json.loads(output.text("stdout")))
    assert shown[0] == shown[1]
