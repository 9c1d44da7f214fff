"""Signals of a service: SIGTERM and SIGINT drain and end it, SIGHUP has it read its configuration again."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Requests(Protocol):
    """What signals ask for."""

    stop: bool
    reload: bool


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
