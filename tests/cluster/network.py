"""A network of this machine's own, with a machine for each node, of which any can be cut off.

    here (10.77.N.254) -- bridge -- 10.77.N.1 .. 10.77.N.9, each in a network namespace

Needs root, and nothing of it is seen from outside.
"""

import os
import subprocess
from types import TracebackType


class Network:
    """So many addresses behind a bridge; all of it goes with the block."""

    def __init__(self, count: int) -> None:
        number = os.getpid() % 250
        self._bridge = f"ssb{number}"
        self._net = f"10.77.{number}"
        self._spaces = [f"ss{number}-{place}" for place in range(1, count + 1)]

    def __enter__(self) -> "Network":
        _ip(f"link add {self._bridge} type bridge")
        _ip(f"addr add {self._net}.254/24 dev {self._bridge}")
        _ip(f"link set {self._bridge} up")
        for place, space in enumerate(self._spaces):
            outer, inner = self._cable(place), f"{self._cable(place)}i"
            _ip(f"netns add {space}")
            _ip(f"link add {outer} type veth peer name {inner}")
            _ip(f"link set {outer} master {self._bridge} up")
            _ip(f"link set {inner} netns {space}")
            for command in (
                f"addr add {self.address(place)}/24 dev {inner}",
                f"link set {inner} up",
                "link set lo up",
            ):
                _ip(f"-n {space} {command}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for place, space in enumerate(self._spaces):
            _ip(f"link del {self._cable(place)}")
            _ip(f"netns del {space}")
        _ip(f"link del {self._bridge}")

    def address(self, place: int) -> str:
        """Of the machine at *place*, from 0."""
        return f"{self._net}.{place + 1}"

    def inside(self, place: int, user: str) -> tuple[str, ...]:
        """What stands before a command that *user* is to run there."""
        space = self._spaces[place]
        whom = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
        return ("ip", "netns", "exec", space, *whom)

    def cut(self, place: int) -> None:
        """Cuts the machine off."""
        _ip(f"link set {self._cable(place)} down")

    def heal(self, place: int) -> None:
        """Has it back."""
        _ip(f"link set {self._cable(place)} up")

    def _cable(self, place: int) -> str:
        return f"{self._bridge}v{place}"


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True, capture_output=True)
