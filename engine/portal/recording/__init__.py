"""Recordings of sessions with the portal, masked by an allow-list: for the maintainer, and for regression tests."""

from engine.portal.recording.files import read_recording, write_file, write_folder
from engine.portal.recording.recording import Recording, UnsafeRecording, make_recording
from engine.portal.recording.understood import understood

__all__ = [
    "Recording",
    "UnsafeRecording",
    "make_recording",
    "read_recording",
    "understood",
    "write_file",
    "write_folder",
]
