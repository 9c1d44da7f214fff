"""Signals of a service: SIGTERM and SIGINT drain and end it, SIGHUP has it read its configuration again."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sensor.watch import Requests

NAP_SECONDS = 0.2
"""How soon a signal is heeded by one who waits."""


@contextmanager
def heard(requests: Requests) -> Iterator[None]:
    """Write into `requests` what signals ask for; a second SIGINT ends the process at once."""

    def stop(number: int, _frame: object) -> None:
        if requests.stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        requests.stop = True

    def again(_number: int, _frame: object) -> None:
        requests.reload = True

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, stop),
        signal.SIGINT: signal.signal(signal.SIGINT, stop),
        signal.SIGHUP: signal.signal(signal.SIGHUP, again),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait(requests: Requests, seconds: float, *, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """Wait so long, or until a signal asks for something."""
    until = monotonic() + seconds
    while not (requests.stop or requests.reload) and (left := until - monotonic()) > 0:
        sleep(min(NAP_SECONDS, left))
