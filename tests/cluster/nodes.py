"""Real OpenSearch nodes on this machine, each a JVM of its own: what the tests of a cluster run on.

    python tests/cluster/nodes.py --nodes 3      starts them, tells where; ends with Ctrl-C

The server is the minimal distribution from Maven Central, fetched once by Maven into the cache of
the user. It refuses to run as root: then a user of its own is made. A node's folder holds its
configuration, data and logs; nothing is written beside it.
"""

import argparse
import base64
import json
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .network import Network

VERSIONS = {"2.19.3": 17, "3.4.0": 21}  # that we test on, and the oldest Java that they run on
VERSION = os.environ.get("OPENSEARCH_VERSION", "2.19.3")
CACHE = Path(os.environ.get("OPENSEARCH_CACHE", "/var/tmp/searchsvc-opensearch"))
USER = "opensearch"
HEAP_MB = 512
START_SECONDS = 180.0

PASSWORD = "Quiet-Harbour-7731"  # of the user admin, where there are users

_ARTIFACT = "org.opensearch.distribution.integ-test-zip:opensearch:{}:zip"
_SECURITY = "org.opensearch.plugin:opensearch-security:{}.0:zip"
_SETTINGS = """\
cluster.name: searchsvc-test
node.name: {name}
path.data: {folder}/data
path.logs: {folder}/logs
network.host: {host}
http.port: {http}
transport.port: {transport}
discovery.seed_hosts: [{seeds}]
cluster.initial_cluster_manager_nodes: [{names}]
cluster.routing.allocation.disk.threshold_enabled: {disk}
node.store.allow_mmap: false
"""


class Node:
    """One server: its address, and what can be done to it."""

    def __init__(
        self, name: str, folder: Path, host: str, http: int, transport: int, home: Path
    ) -> None:
        self.name = name
        self.inside: list[str] = []  # what its command begins with, if it has a network of its own
        self.home = home
        self.folder = folder
        self.host = host
        self.http = http
        self.transport = transport
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.is_secure else 'http'}://{self.host}:{self.http}"

    @property
    def is_secure(self) -> bool:
        """Whether it has certificates and users."""
        return self.home.name.endswith("-secure")

    def start(self) -> None:
        """Starts the server; it is there when the cluster says so."""
        environment = {
            "PATH": os.environ["PATH"],
            "OPENSEARCH_JAVA_HOME": str(java_home(VERSIONS[VERSION])),
            "OPENSEARCH_PATH_CONF": str(self.folder / "config"),
            "OPENSEARCH_TMPDIR": str(self.folder / "tmp"),
        }
        with (self.folder / "out.txt").open("ab") as out:
            self.process = subprocess.Popen(
                [*self.inside, str(self.home / "bin" / "opensearch")],
                cwd=self.folder,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                user=USER if os.getuid() == 0 and not self.inside else None,
            )

    def signal(self, number: int) -> None:
        """Sends a signal: SIGKILL, SIGSTOP, SIGCONT."""
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        """Ends it as a loss of power ends it, but for what the system still writes."""
        if self.process:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.kill()
            self.process.wait()
            self.process = None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Cluster:
    """Some nodes that form a cluster, in a folder that is removed with it."""

    def __init__(self, count: int, secure: bool = False, network: "Network | None" = None) -> None:
        home = secured(VERSION) if secure else distribution(VERSION)
        self.folder = Path(tempfile.mkdtemp(prefix="searchsvc-cluster-"))
        ports = iter(free_ports(2 * count))
        self.nodes = [
            Node(
                f"n{place + 1}",
                self.folder / f"n{place + 1}",
                network.address(place) if network else "127.0.0.1",
                next(ports),
                next(ports),
                home,
            )
            for place in range(count)
        ]
        for place, node in enumerate(self.nodes):
            self._configure(node)
            if network:
                node.inside = network.inside(place, USER)

    @property
    def urls(self) -> list[str]:
        return [node.url for node in self.nodes]

    def _configure(self, node: Node) -> None:
        for part in ("data", "logs", "tmp"):
            (node.folder / part).mkdir(parents=True)
        config = node.folder / "config"
        shutil.copytree(node.home / "config", config)
        values = {
            "name": node.name,
            "folder": node.folder,
            "host": node.host,
            "http": node.http,
            "transport": node.transport,
            "seeds": ", ".join(f'"{one.host}:{one.transport}"' for one in self.nodes),
            "names": ", ".join(one.name for one in self.nodes),
            "disk": "false",  # how full the disk of a test machine is, is none of its business
        }
        secure = (config / "opensearch.yml").read_text() if node.is_secure else ""
        (config / "opensearch.yml").write_text(_SETTINGS.format(**values) + secure)
        options = (config / "jvm.options").read_text().splitlines()
        ours = [f"-Xms{HEAP_MB}m", f"-Xmx{HEAP_MB}m"]
        theirs = [line for line in options if not re.search("-Xm|logs/|=data", line)]
        (config / "jvm.options").write_text("\n".join([*theirs, *ours]) + "\n")
        if os.getuid() == 0:
            make_user()
            self.folder.chmod(0o755)
            for path in (node.folder, *node.folder.rglob("*")):
                shutil.chown(path, USER)

    def start(self) -> None:
        """Starts all nodes, and waits until they have found each other."""
        for node in self.nodes:
            node.start()
        self.wait_for(len(self.nodes))

    def wait_for(self, count: int, status: str = "yellow", seconds: float = START_SECONDS) -> None:
        """Waits until so many nodes form the cluster, with this status at least."""
        end = time.monotonic() + seconds
        asked = f"/_cluster/health?wait_for_nodes={count}&wait_for_status={status}&timeout=5s"
        while time.monotonic() < end:
            for node in self.nodes:
                with suppress(OSError, ValueError):
                    if not ask(node, asked)["timed_out"]:
                        return
                    # A copy that could not be made some times is not tried again by itself.
                    ask(node, "/_cluster/reroute?retry_failed=true", "POST")
            time.sleep(0.3)
        raise TimeoutError(f"no cluster of {count} nodes: see {self.folder}/*/logs")

    def wait_for_loss(self, lost: Node) -> None:
        """Waits until the others go on without a node."""
        end = time.monotonic() + START_SECONDS
        others = [node for node in self.nodes if node is not lost]
        while time.monotonic() < end:
            for node in others:
                with suppress(OSError, ValueError):
                    if ask(node, "/_cluster/health")["number_of_nodes"] == len(others):
                        return
            time.sleep(0.3)
        raise TimeoutError(f"{lost.name} is still part of the cluster: see {self.folder}/*/logs")

    def end(self) -> None:
        """Ends the nodes and removes all of it."""
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def ask(node: Node, path: str, method: str = "GET") -> Any:
    """What *node* answers, as to whoever may everything."""
    request = urllib.request.Request(node.url + path, method=method)
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    if node.is_secure:
        whom = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {whom}")
    with urllib.request.urlopen(request, timeout=10, context=anyone) as answer:
        return json.load(answer)


@contextmanager
def running(count: int) -> Iterator[Cluster]:
    """A cluster of so many nodes, as long as the block lasts."""
    cluster = Cluster(count)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def distribution(version: str) -> Path:
    """The folder of the server, fetched and unpacked if it is not there."""
    home = CACHE / f"opensearch-{version}"
    if not home.exists():
        fetch(_ARTIFACT.format(version))
        with tempfile.TemporaryDirectory(dir=CACHE) as unpacked:
            with zipfile.ZipFile(CACHE / f"opensearch-{version}.zip") as archive:
                archive.extractall(unpacked)
            there = Path(unpacked) / home.name
            readable(there)
            there.rename(home)
    return home


def secured(version: str) -> Path:
    """The folder of the server with its security plugin, and the certificates of its own demo."""
    home = CACHE / f"opensearch-{version}-secure"
    if not home.exists():
        fetch(_SECURITY.format(version))
        with tempfile.TemporaryDirectory(dir=CACHE) as made:
            there = Path(made) / home.name
            shutil.copytree(distribution(version), there)
            environment = {
                "PATH": os.environ["PATH"],
                "OPENSEARCH_JAVA_HOME": str(java_home(VERSIONS[version])),
                "OPENSEARCH_INITIAL_ADMIN_PASSWORD": PASSWORD,
            }
            plugin = CACHE / f"opensearch-security-{version}.0.zip"
            tools = there / "plugins" / "opensearch-security" / "tools"
            for command in (
                [str(there / "bin" / "opensearch-plugin"), "install", "-b", plugin.as_uri()],
                ["bash", str(tools / "install_demo_configuration.sh"), "-y", "-i"],
            ):
                subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
            readable(there)
            there.rename(home)
    return home


def fetch(artifact: str) -> None:
    """Has Maven put an artifact into the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    CACHE.chmod(0o755)
    for goal in (
        ["dependency:get", "-Dtransitive=false", f"-Dartifact={artifact}"],
        ["dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={CACHE}"],
    ):
        maven = ["mvn", "-q", "-B", "-ntp", *goal]
        subprocess.run(maven, check=True, cwd=CACHE, stdout=sys.stderr)


def readable(folder: Path) -> None:
    """Lets every user read what is in *folder*, and run what is in its folders called bin."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)


def java_home(oldest: int) -> Path:
    """A Java that is recent enough."""
    places = [os.environ.get("OPENSEARCH_JAVA_HOME", ""), *map(str, Path("/usr/lib/jvm").glob("*"))]
    for place in filter(None, places):
        java = Path(place) / "bin" / "java"
        if java.exists():
            said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
            found = re.search(r'version "(\d+)', said.stderr)
            if found and int(found[1]) >= oldest:
                return Path(place)
    raise FileNotFoundError(f"OpenSearch {VERSION} needs a JDK {oldest} or newer in /usr/lib/jvm")


def make_user() -> None:
    """The user that servers run as."""
    try:
        pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--system", USER], check=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=3)
    given = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):  # the shell has jobs in the background ignore it
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running(given.nodes) as cluster:
        print(",".join(cluster.urls), flush=True)
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
