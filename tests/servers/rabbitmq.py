"""A private RabbitMQ: one node with its own name, cookie and epmd, ports of 127.0.0.1, no plugins.

The node starts in five to ten seconds and takes 150 MB: one for a session, and a virtual host for each test.
"""

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from servers import processes

USER = "amarvote"

_HERE = """
listeners.tcp.default = 127.0.0.1:{port}
default_pass = {password}
"""

QUICK = f"""
default_user = {USER}
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1GB
raft.wal_max_size_bytes = 16000000
log.console = true
log.console.level = warning
log.file = false
"""


def program() -> Path | None:
    """The server's own script: Debian's wrapper around it insists on a fixed user and on folders of the system."""
    for script in (Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), shutil.which("rabbitmq-server")):
        if script is not None and Path(script).exists() and shutil.which("erl_call") and shutil.which("epmd"):
            return Path(script)
    return None


class RabbitMQ:
    """A running node. `stop` and `start` keep what is in its durable queues; `close` removes it."""

    metrics = ""
    """Where its own metrics are, for whoever has named its plugin and a port."""

    def __init__(
        self,
        settings: str = QUICK,
        *,
        plugins: str = "[].\n",
        password: str | None = None,
        port: int | None = None,
    ) -> None:
        """`settings` name the user; `plugins` are those that start with it, as an Erlang term."""
        found = program()
        if found is None:
            raise processes.ServerError("No rabbitmq-server found: install Debian's package rabbitmq-server.")
        self._program = found
        self._home = processes.folder("rabbitmq")
        self._log = self._home / "log"
        self._password = password or secrets.token_hex(16)
        self._cookie = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._made = 0
        self.port = port or processes.free_port()
        self._distribution, self._epmd_port = processes.free_port(), processes.free_port()
        self._environment = self._configure(settings, plugins)
        try:
            self._start_epmd()
            self.start()
        except BaseException:
            self.close()
            raise

    def _configure(self, settings: str, plugins: str) -> dict[str, str]:
        cookie = self._home / ".erlang.cookie"
        cookie.write_text(self._cookie)
        cookie.chmod(0o400)
        here = _HERE.format(port=self.port, password=self._password)
        (self._home / "rabbitmq.conf").write_text(settings + here)
        (self._home / "plugins").write_text(plugins)
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
        return kept | {
            "HOME": str(self._home),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the server; otherwise it stands before it
            "RABBITMQ_NODENAME": f"amarvote{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_CONF_ENV_FILE": str(self._home / "none"),
            "RABBITMQ_CONFIG_FILE": str(self._home / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self._home / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self._home / "data"),
            "RABBITMQ_LOG_BASE": str(self._home / "logs"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self._home / "config"),
            "RABBITMQ_PID_FILE": str(self._home / "pid"),
            # Loopback only, one scheduler, and no spinning for work.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
        }

    @property
    def pid(self) -> int | None:
        """Of the node; None where it has ended."""
        return processes.pid_of(self._process)

    def _start_epmd(self) -> None:
        """Our own name server of Erlang nodes; the node would leave one behind as a daemon."""
        command: list[str | Path] = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
        self._epmd = processes.start(command, self._log, environment=self._environment)
        processes.wait_until(lambda: processes.accepts(self._epmd_port), self._epmd, self._log)

    def start(self) -> None:
        """Starts the node (after `stop` or `kill`) at the same port, with what its durable queues held."""
        self._process = processes.start([self._program], self._log, environment=self._environment)
        processes.wait_until(lambda: processes.accepts(self.port), self._process, self._log)
        # It listens a moment before it serves.
        processes.wait_until(self._serves, self._process, self._log)

    def _serves(self) -> bool:
        try:
            return self._ask("rabbit:is_running().") == "true"
        except processes.ServerError:
            return False

    def stop(self) -> None:
        """Ends the node in order; clients are cut."""
        if self._process is not None:
            processes.end(self._process, signal.SIGTERM, limit=60)
            self._process = None

    def kill(self) -> None:
        """kill -9 of the node."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """Ends the node and its epmd and removes everything they had."""
        self.kill()
        if self._epmd is not None:
            processes.end(self._epmd, signal.SIGKILL)
            self._epmd = None
        processes.remove(self._home)

    def _ask(self, expression: str) -> str:
        """Evaluates an Erlang expression (with its full stop) in the node: 20 ms, where rabbitmqctl takes 2 s."""
        asked = subprocess.run(
            ["erl_call", "-address", f"127.0.0.1:{self._distribution}", "-c", self._cookie, "-e"],
            input=f"{expression}\n",
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=60,
        )
        said = asked.stdout.strip()
        if asked.returncode != 0 or not said.startswith("{ok, "):
            raise processes.ServerError(f"{expression} gave {said} {asked.stderr.strip()}")
        return said.removeprefix("{ok, ").removesuffix("}")

    def control(self) -> tuple[dict[str, str], Path]:
        """What rabbitmqctl has to be told in its environment, and the script itself, without Debian's wrapper."""
        ours = {name: value for name, value in self._environment.items() if "SERVER" not in name}
        return ours, self._program.with_name("rabbitmqctl")

    def version(self) -> str:
        """e.g. 3.10.8"""
        return self._ask("rabbit_misc:version().").strip('"')

    def url(self, vhost: str, port: int | None = None) -> str:
        """The address for pika; `port` for a way round, e.g. through a cut proxy."""
        return f"amqp://{USER}:{self._password}@127.0.0.1:{port or self.port}/{vhost}"

    def create_vhost(self) -> str:
        """A virtual host with nothing in it; its name."""
        self._made += 1
        name = f"test_{self._made}"
        self._ask(
            f'rabbit_vhost:add(<<"{name}">>, <<"tests">>),'
            f'rabbit_auth_backend_internal:set_permissions(<<"{USER}">>, <<"{name}">>,'
            ' <<".*">>, <<".*">>, <<".*">>, <<"tests">>).'
        )
        return name

    def delete_vhost(self, name: str) -> None:
        """Removes a virtual host with its queues; who is connected to it is cut off."""
        self._ask(f'rabbit_vhost:delete(<<"{name}">>, <<"tests">>).')

    def depths(self, vhost: str) -> dict[str, int]:
        """The quorum queues of a virtual host: messages ready, or delivered and not acknowledged, just now.

        One that is being made, or deleted, is not among them.
        """
        said = self._ask(
            "lists:flatten([begin {resource, _, queue, N} = amqqueue:get_name(Q),"
            " case ra:consistent_query(amqqueue:get_pid(Q), fun rabbit_fifo:query_messages_total/1) of"
            ' {ok, M, _} -> io_lib:format("~s ~b|", [N, M]); _ -> [] end end'
            f' || Q <- rabbit_amqqueue:list(<<"{vhost}">>)]).'
        )
        queues = (line.split() for line in said.strip('"[]').split("|") if line)
        return {name: int(messages) for name, messages in queues}

    def delete_queues(self, vhost: str) -> int:
        """Deletes every queue of a virtual host with its messages; how many they were."""
        return int(
            self._ask(
                f'length([rabbit_amqqueue:delete(Q, false, false, <<"tests">>)'
                f' || Q <- rabbit_amqqueue:list(<<"{vhost}">>)]).'
            )
        )

    def take_leader(self, vhost: str, queue: str) -> None:
        """Leave a queue as a kill within a second of its declaration can leave it: nobody is elected any more."""
        self._ask(
            f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, <<"{queue}">>)),'
            " ok = ra:force_delete_server(quorum_queues, amqqueue:get_pid(Q)),"
            f' rabbit_quorum_queue:recover(<<"{vhost}">>, [Q]), ok.'
        )

    def take_server(self, vhost: str, queue: str) -> None:
        """Leave a queue as such a kill can leave it, too: known by name, and nothing stands behind the name."""
        self._ask(
            f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, <<"{queue}">>)),'
            " ok = ra:force_delete_server(quorum_queues, amqqueue:get_pid(Q)), ok."
        )

    def cut_connections(self, vhost: str) -> int:
        """Closes every connection to this virtual host; how many they were."""
        return int(
            self._ask(
                f'length([rabbit_networking:close_connection(P, "cut by a test")'
                f' || [{{pid, P}}, {{vhost, <<"{vhost}">>}}]'
                " <- rabbit_networking:connection_info_all([pid, vhost])])."
            )
        )
