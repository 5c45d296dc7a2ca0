"""A network of its own for nodes, of which one can be cut off: needs root and iproute2.

Each node has a namespace, and a cable to a bridge on this machine. Addresses are loopback's, which
are let through cables here: for others OpenSearch asks of the system what a server should have.
"""

import os
import shutil
import subprocess
from contextlib import suppress


class Network:
    """Namespaces for so many nodes, numbered from 0."""

    def __init__(self, count: int) -> None:
        if os.getuid() != 0 or not shutil.which("ip"):
            raise PermissionError("a network of its own needs root, and ip: apt install iproute2")
        self._name = f"ss{os.getpid() % 100_000}"
        self._count = count
        self._subnet = f"127.{101 + os.getpid() % 100}.{os.getpid() // 100 % 250}"
        try:
            self._make()
        except BaseException:
            self.remove()
            raise

    def address(self, node: int) -> str:
        """Where it listens."""
        return f"{self._subnet}.{node + 1}"

    def inside(self, node: int, user: str) -> list[str]:
        """What a command begins with that *user* is to run in its namespace."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return ["ip", "netns", "exec", f"{self._name}n{node}", *as_user]

    def cut(self, node: int) -> None:
        """Pulls its cable out."""
        _ip(f"link set {self._name}v{node} down")

    def heal(self) -> None:
        """Puts all cables in."""
        for node in range(self._count):
            _ip(f"link set {self._name}v{node} up")

    def remove(self) -> None:
        """Removes all of it; what runs there has ended."""
        for node in range(self._count):
            with suppress(subprocess.CalledProcessError):
                _ip(f"netns delete {self._name}n{node}")
        with suppress(subprocess.CalledProcessError):
            _ip(f"link delete {self._name}b")

    def _make(self) -> None:
        bridge = f"{self._name}b"
        _ip(f"link add {bridge} type bridge")
        _ip(f"address add {self._subnet}.254/24 dev {bridge}")
        _let_loopback_through(bridge)
        _ip(f"link set {bridge} up")
        for node in range(self._count):
            space, cable = f"{self._name}n{node}", f"{self._name}v{node}"
            _ip(f"netns add {space}")
            _ip(f"link add {cable} type veth peer name eth0 netns {space}")
            _ip(f"link set {cable} master {bridge} up")
            _ip(f"-n {space} link set lo up")
            _ip(f"-n {space} address add {self.address(node)}/24 dev eth0")
            _let_loopback_through("eth0", "ip", "netns", "exec", space)
            _ip(f"-n {space} link set eth0 up")
            # Else all of 127.0.0.0/8 is the node itself.
            _ip(f"-n {space} route delete local 127.0.0.0/8 dev lo table local")


def _let_loopback_through(device: str, *inside: str) -> None:
    setting = f"net.ipv4.conf.{device}.route_localnet=1"
    subprocess.run([*inside, "sysctl", "-qw", setting], check=True)


def _ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True, capture_output=True)
