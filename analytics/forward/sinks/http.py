"""Elasticsearch and OpenSearch (bulk), Splunk (HEC), and webhooks: messages over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import urllib3

from analytics.forward.formats import FORMATS
from analytics.forward.sinks import SinkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.forward.message import Message
    from analytics.forward.settings import SinkSettings

_CONNECT_SECONDS, _ANSWER_SECONDS = 10.0, 60.0
_AGAIN = frozenset({408, 425, 429, *range(500, 600)})
"""HTTP status that says: later."""
_OK, _CONFLICT = 200, 409
_ACK_SECONDS, _ACK_POLL = 60.0, 0.5


class _Http:
    """What the three have in common."""

    def __init__(self, settings: SinkSettings) -> None:
        self._settings = settings
        self._write = FORMATS[settings.format]
        self._pool = urllib3.PoolManager(
            ssl_context=settings.tls() if settings.scheme == "https" else None,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS),
            retries=False,
        )

    def close(self) -> None:
        """Close connections."""
        self._pool.clear()

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Give status and answer; SinkError if there is none, or it says: later, or: not you."""
        url = self._settings.address.rstrip("/") + path
        try:
            answer = self._pool.request("POST", url, body=body, headers=dict(headers), redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise SinkError(f"{self._settings.shown}: {_reason(error)}") from error
        if answer.status in _AGAIN:
            raise SinkError(f"{self._settings.shown}: answers with the HTTP status {answer.status}")
        if answer.status in (401, 403):
            raise SinkError(f"{self._settings.shown}: refuses the token or password (HTTP status {answer.status})")
        if 300 <= answer.status < 400 or answer.status == 404:  # noqa: PLR2004  redirects are not followed with a secret
            raise SinkError(f"{self._settings.shown}: not the right address (HTTP status {answer.status})")
        return answer.status, answer.data

    def _json(self, data: bytes) -> dict[str, Any]:
        try:
            found = json.loads(data)
        except ValueError as error:
            raise SinkError(f"{self._settings.shown}: its answer is no JSON") from error
        if not isinstance(found, dict):
            raise SinkError(f"{self._settings.shown}: its answer is not understood")
        return found


class Elastic(_Http):
    """The bulk interface; `create` with an id of ours, so that a second telling is known."""

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Tell all; what is there already counts as told."""
        lines = []
        for message in messages:
            index = self._settings.index or f"logs-certspan.{message['topic']}-default"
            lines += [json.dumps({"create": {"_index": index, "_id": message["id"]}}).encode(), self._write(message)]
        headers = {"Content-Type": "application/x-ndjson", **self._authorization()}
        status, data = self._post("/_bulk", b"\n".join(lines) + b"\n", headers)
        if status != _OK:
            raise SinkError(f"{self._settings.shown}: answers with the HTTP status {status}")
        items = self._json(data).get("items")
        if not isinstance(items, list) or len(items) != len(messages):
            raise SinkError(f"{self._settings.shown}: its answer does not tell of each document")
        refused = {}
        for place, item in enumerate(items):
            told = item.get("create", {}) if isinstance(item, dict) else {}
            code = told.get("status", 500)
            if code in _AGAIN:
                raise SinkError(f"{self._settings.shown}: a document cannot be taken now (status {code})")
            if code >= 400 and code != _CONFLICT:  # noqa: PLR2004
                reason = told.get("error", {})
                words = reason.get("reason", "") if isinstance(reason, dict) else str(reason)
                refused[place] = f"status {code}: {words}"[:500]
        return refused

    def _authorization(self) -> dict[str, str]:
        secret = self._settings.secret()
        if secret is None:
            return {}
        if self._settings.user is not None:
            return dict(urllib3.make_headers(basic_auth=f"{self._settings.user}:{secret}"))
        return {"Authorization": f"ApiKey {secret}"}


class Hec(_Http):
    """Splunk's HTTP Event Collector, with indexer acknowledgement where that is asked for."""

    def __init__(self, settings: SinkSettings) -> None:
        super().__init__(settings)
        self._channel = str(uuid.uuid4())

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Tell all, and wait until the indexer has it, if acknowledgement is on."""
        bodies = []
        for message in messages:
            document = json.loads(self._write(message))
            if self._settings.index:
                document["index"] = self._settings.index
            bodies.append(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
        headers = {"Authorization": f"Splunk {self._settings.secret() or ''}", "Content-Type": "application/json"}
        if self._settings.acknowledge:
            headers["X-Splunk-Request-Channel"] = self._channel
        status, data = self._post("/services/collector/event", b"\n".join(bodies), headers)
        found = self._json(data)
        if status != _OK or found.get("code") != 0:
            if len(messages) == 1:
                return {0: f"code {found.get('code')}: {found.get('text')}"}
            # One of them spoils all: it is found by telling each by itself.
            refused = {}
            for place, message in enumerate(messages):
                if alone := self.send([message]):
                    refused[place] = alone[0]
            return refused
        if self._settings.acknowledge:
            self._wait_for(found.get("ackId"), headers)
        return {}

    def _wait_for(self, number: Any, headers: Mapping[str, str]) -> None:
        if not isinstance(number, int):
            raise SinkError(f"{self._settings.shown}: gives no ackId: acknowledgement is off for this token")
        until = time.monotonic() + _ACK_SECONDS
        while time.monotonic() < until:
            path = f"/services/collector/ack?channel={self._channel}"
            _, data = self._post(path, json.dumps({"acks": [number]}).encode(), headers)
            if self._json(data).get("acks", {}).get(str(number)) is True:
                return
            time.sleep(_ACK_POLL)
        raise SinkError(f"{self._settings.shown}: the indexer has not acknowledged in {_ACK_SECONDS:.0f} s")


class Webhook(_Http):
    """A POST for each batch: `{"messages": [...]}`, signed with a shared key."""

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Tell all in one request; any answer of 2xx means that they are there."""
        body = b'{"messages":[' + b",".join(self._write(message) for message in messages) + b"]}"
        headers = {"Content-Type": "application/json", "User-Agent": "certspan"}
        if (secret := self._settings.secret()) is not None:
            headers["X-Certspan-Signature"] = signature(secret, body, int(time.time()))  # noqa: TID251  of the request
        status, _ = self._post("", body, headers)
        if 200 <= status < 300:  # noqa: PLR2004
            return {}
        return dict.fromkeys(range(len(messages)), f"HTTP status {status}")


def signature(secret: str, body: bytes, seconds: int) -> str:
    """Give `t=<seconds since 1970>,v1=<HMAC-SHA-256 of "<seconds>.<body>", hexadecimal>`."""
    made = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={made.hexdigest()}"


def _reason(error: Exception) -> str:
    text = str(error)
    for word, said in (
        ("NameResolution", "its name is not known"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted; `ca` names the authority"),
        ("Connection refused", "connection refused"),
        ("timed out", "no answer in time"),
        ("closed connection", "the connection was cut"),
        ("reset", "the connection was cut"),
        ("SSL", "TLS failed"),
    ):
        if word in text or word in type(error).__name__:
            return said
    return text[:200]
