"""Loaded by every Python of ops/dev/shifted_clock_tests: libfaketime 0.9.10 refuses the system call behind `time.sleep`
when the monotonic clock is left alone, as it is here so that waits take their real time."""

import select
import time


def sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = sleep
