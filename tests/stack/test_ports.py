"""Choosing ports."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.stack.errors import StackError
from admin.stack.ports import DEFAULT_PORTS, LOOPBACK, Ports, is_free, pinned_ports

ALL = tuple(DEFAULT_PORTS)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which someone else listens."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    """The choice of one stack that wants the usual ports."""
    return Ports(tmp_path / "one", tmp_path / "claims", free=False)


def test_choose_keeps_the_remembered_ports(tmp_path: Path) -> None:
    free = Ports(tmp_path / "one", tmp_path / "claims", free=True)
    first = free.choose({}, {}, (), ALL)
    again = free.choose({}, first.ports, (), ALL)
    assert again.ports == first.ports
    assert first.notices == again.notices == []


def test_choose_takes_a_free_port_for_one_that_is_taken_and_says_so(
    ports: Ports, taken: int
) -> None:
    choice = ports.choose({}, {**DEFAULT_PORTS, "kafka": taken}, (), ("kafka",))
    assert is_free(choice.ports["kafka"])
    assert choice.notices == [
        f"Port {taken} is taken by someone else: kafka gets {choice.ports['kafka']}."
    ]


def test_choose_refuses_when_a_pinned_port_is_taken(ports: Ports, taken: int) -> None:
    with pytest.raises(StackError, match=f"Port {taken}, wanted for mongo, is taken"):
        ports.choose({"mongo": taken}, {}, (), ALL)


def test_choose_leaves_the_port_of_a_part_that_is_alive(ports: Ports, taken: int) -> None:
    remembered = {**DEFAULT_PORTS, "smtp": taken}
    assert ports.choose({}, remembered, ("smtp",), ("smtp",)).ports == remembered


def test_choose_never_gives_one_port_to_two_stacks_that_start_at_once(tmp_path: Path) -> None:
    claims = tmp_path / "claims"
    one = Ports(tmp_path / "one", claims, free=False)
    two = Ports(tmp_path / "two", claims, free=False)
    first = set(one.choose({}, {}, (), ALL).ports.values())
    second = set(two.choose({}, {}, (), ALL).ports.values())
    assert len(first) == len(second) == len(ALL)
    assert not first & second


def test_pinned_ports_count_from_the_base_and_a_variable_wins() -> None:
    pinned = pinned_ports({"ZHARMENKE_NOTIFY_PORT": "9000"}, 21000)
    assert pinned["kafka"] == 21000
    assert pinned["controller"] == 21001
    assert pinned["webinar"] == 21006
    assert pinned["notify"] == 9000


@pytest.mark.parametrize("wrong", ["0", "65536", "http", "-1"])
def test_pinned_ports_refuses_what_is_no_port(wrong: str) -> None:
    with pytest.raises(StackError, match="is not a port"):
        pinned_ports({"ZHARMENKE_KAFKA_PORT": wrong})
