"""Which process is the browser, among those that its launch starts."""

from __future__ import annotations

import subprocess
import sys
import uuid

import psutil

from engine.portal.processes import find_browsers

#: Starts the program given by its arguments, as Debian's script for Chromium does, and stays its parent.
SCRIPT = '"$@"; exit'

#: A browser that is forking a child, which has not executed a program of its own yet.
FORKING = "import os, sys; child = os.fork(); child and print(os.getpid(), flush=True); sys.stdin.read()"


def test_a_child_that_is_being_forked_is_not_taken_for_the_browser() -> None:
    mark = f"--mark={uuid.uuid4().hex}"
    command = ["sh", "-c", SCRIPT, "sh", sys.executable, "-c", FORKING, mark]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        browser = psutil.Process(int(script.stdout.readline()))
        try:
            assert len(browser.children()) == 1
            assert [found.pid for found in find_browsers(mark)] == [script.pid, browser.pid]
        finally:
            script.communicate("")
