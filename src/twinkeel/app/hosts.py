"""The hosts of a use case: reading is free, and nothing is changed unless the cluster's lock is held."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from twinkeel.app.context import Context
from twinkeel.errors import HostError
from twinkeel.hosts import ssh
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult, Reader, Watcher, Writer
from twinkeel.hosts.lock import cluster_lock, lock_taken
from twinkeel.topology.model import Machine


class ClusterHosts:
    """How one run of a use case reaches the hosts. Every connection that it opens knows of the same lock."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settled: dict[str, bool] = {}

    def reading(self) -> AbstractAsyncContextManager[Watcher]:
        """Hosts that can only be asked."""
        return self.open()

    @asynccontextmanager
    async def changing(self, command: str) -> AsyncIterator[Writer]:
        """Hosts that can be changed: the cluster's lock is held while the body runs.

        Args:
            command: what the lock says to others, as `twinkeel drain cp-1`.

        Raises:
            LockedError: another run works on these load balancers.
            HostError: a load balancer cannot be reached.
        """
        context = self._context
        machines = [balancer.machine for balancer in context.topology.load_balancers]
        async with self.open() as hosts, cluster_lock(hosts, machines, command, context.note, break_lock=context.break_lock):
            yield hosts

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Writer]:
        """Hosts for work that takes the lock by itself, between its first looks and its first change (apply, a drill)."""
        async with ssh.SshHosts() as hosts:
            yield _Guarded(hosts, self)

    def settle(self, machine: Machine, *, held: bool) -> None:
        """The lock of a load balancer was taken (or there is none to take: it is out of reach), or released."""
        self._settled[machine.name] = held

    @property
    def may_change(self) -> bool:
        """Whether the lock of every load balancer is held that could be asked for it."""
        return all(self._settled.get(name, False) for name in self._context.load_balancers)


class PlainHosts:
    """Hosts that no spec describes: they have no lock to hold, and can only be asked."""

    def reading(self) -> AbstractAsyncContextManager[Reader]:
        """Hosts that can only be asked."""
        return ssh.SshHosts()


class _Guarded:
    """A Writer whose changes are refused until the lock is held: what forgets it ends before it did anything."""

    def __init__(self, hosts: Writer, cluster: ClusterHosts) -> None:
        self._hosts, self._cluster = hosts, cluster

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        return await self._hosts.run(machine, argv, timeout=timeout)

    async def read_file(self, machine: Machine, path: str) -> bytes:
        return await self._hosts.read_file(machine, path)

    def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        return self._hosts.stream(machine, argv)

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        taken = lock_taken(argv)
        if taken is None and not self._cluster.may_change:
            raise RuntimeError(f"{machine.name} would be changed without the cluster's lock: {argv[0]}")
        try:
            done = await self._hosts.change(machine, argv, timeout=timeout)
        except HostError:
            if taken:
                self._cluster.settle(machine, held=True)
            raise
        if taken is not None and done.exit_code == 0:
            self._cluster.settle(machine, held=taken)
        return done
