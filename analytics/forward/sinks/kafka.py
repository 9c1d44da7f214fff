"""Kafka, by librdkafka: idempotent, acknowledged by all replicas, keyed: a compacted topic keeps the last state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.forward.formats import FORMATS
from analytics.forward.sinks import SinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics.forward.message import Message
    from analytics.forward.settings import SinkSettings

_FLUSH_SECONDS = 60.0
_TOO_LARGE = frozenset({10, 18, -186})
"""MSG_SIZE_TOO_LARGE, RECORD_LIST_TOO_LARGE, and the library's own word for bad arguments: never taken."""


class Kafka:
    """A topic of a cluster."""

    def __init__(self, settings: SinkSettings) -> None:
        try:
            from confluent_kafka import KafkaException, Producer  # noqa: PLC0415  an extra
        except ImportError as error:
            raise SinkError("Kafka needs the extra: pip install 'certspan[kafka]'") from error
        self._settings = settings
        self._write = FORMATS[settings.format]
        options: dict[str, Any] = {
            "bootstrap.servers": settings.address.removeprefix("kafka://"),
            "enable.idempotence": True,
            "acks": "all",
            "message.timeout.ms": int(_FLUSH_SECONDS * 1000) // 2,
            "client.id": "certspan",
            **settings.options,
        }
        if (secret := settings.secret()) is not None:
            options["sasl.password"] = secret
        try:
            self._producer = Producer(options, logger=None)
        except KafkaException as error:
            raise SinkError(f"{settings.shown}: {error.args[0].str()}") from error

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Tell all, and wait until the cluster has each."""
        there: set[int] = set()
        refused: dict[int, str] = {}
        failed: list[str] = []

        def heard_of(place: int) -> Callable[[Any, Any], None]:
            def heard(error: Any, _: Any) -> None:
                if error is None:
                    there.add(place)
                elif error.code() in _TOO_LARGE:
                    refused[place] = error.str()
                else:
                    failed.append(error.str())

            return heard

        for place, message in enumerate(messages):
            key = message.get("finding") or message["subject"]
            try:
                self._producer.produce(
                    self._settings.topic,
                    self._write(message),
                    key=str(key).encode(),
                    headers={"id": message["id"], "schema": f"certspan.{self._settings.format}", "version": "1"},
                    on_delivery=heard_of(place),
                )
            except Exception as error:
                code = getattr(error.args[0], "code", lambda: 0)() if error.args else 0
                if code not in _TOO_LARGE:
                    raise SinkError(f"{self._settings.shown}: {error}") from error
                refused[place] = str(error)
        self._producer.flush(_FLUSH_SECONDS)
        if failed or len(there) + len(refused) < len(messages):
            self._producer.purge()
            raise SinkError(f"{self._settings.shown}: {failed[0] if failed else 'no answer in time'}")
        return refused

    def close(self) -> None:
        """Give up what is not delivered: it waits in the sink's memory."""
        self._producer.purge()
