"""Gives the tests a home of their own: none may read or change an `idexx-sync up` that runs on this machine."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_FOLDER = tempfile.mkdtemp(prefix="idexx-test-home-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["IDEXX_SYNC_HOME"] = _FOLDER
