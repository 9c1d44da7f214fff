"""Home networks: one form for the store, the usual one for people, and slips are told."""

from __future__ import annotations

import pytest

from analytics.network import DEFAULT_HOME, NetworkError, display_network, home_ranges


def test_ipv4_is_mapped() -> None:
    assert home_ranges(["10.0.0.0/8", "192.0.2.1"]) == ["::ffff:a00:0/104", "::ffff:c000:201/128"]


def test_nothing_given_means_the_default() -> None:
    shown = {display_network(network) for network in home_ranges(())}
    assert shown == set(DEFAULT_HOME)
    assert "100.64.0.0/10" not in shown


def test_overlapping_networks_are_merged() -> None:
    assert home_ranges(["fd00::/9", "fd80::/9", "fd00:1::/32"]) == ["fd00::/8"]


@pytest.mark.parametrize(
    ("network", "shown"), [("0.0.0.0/0", "0.0.0.0/0"), ("::/0", "::/0"), ("2001:db8::/32", "2001:db8::/32")]
)
def test_what_people_read(network: str, shown: str) -> None:
    assert [display_network(text) for text in home_ranges([network])] == [shown]


@pytest.mark.parametrize(
    ("text", "says"),
    [("10.1.2.3/8", "did you mean 10.0.0.0/8"), ("ten", "not a network"), ("", "not a network"), ("1.2.3.4/33", "not")],
)
def test_slips(text: str, says: str) -> None:
    with pytest.raises(NetworkError, match=says):
        home_ranges([text])
