"""What the lab makes of the API's answers. The API here is a table; tests/lab asks the real one."""

import json
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import pytest

from twinkeel.errors import LabError
from twinkeel.lab.kubernetes import readiness
from twinkeel.lab.kubernetes.api import Answer, ApiError
from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.kubernetes.readiness import (
    NodeState,
    control_plane_readiness,
    declare_nodes,
    nodes,
    wait_for_control_plane,
    wait_for_nodes,
)

MASTER_1, MASTER_2, MASTER_3 = (IPv4Address(f"192.168.1.{last}") for last in (101, 103, 105))


class Table:
    """Answers by a function of (address, method, path); `sent` holds every request with its body."""

    def __init__(self, answer: Callable[[IPv4Address, str, str], Answer | None]) -> None:
        self._answer = answer
        self.sent: list[tuple[IPv4Address, str, str, Any]] = []

    def request(self, address: IPv4Address, port: int, method: str, path: str, body: Any = None) -> Answer:
        assert port == 6443
        self.sent.append((address, method, path, body))
        answer = self._answer(address, method, path)
        if answer is None:
            raise ApiError("no route to host")
        return answer


def silent(step: str, fraction: float) -> None:
    assert 0.0 <= fraction <= 1.0


def node(name: str, ready: str, role: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {f"node-role.kubernetes.io/{role}": "", "kubernetes.io/os": "linux"}},
        "status": {
            "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}],
            "nodeInfo": {"kubeletVersion": "v1.20.2"},
        },
    }


def node_list(*items: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps({"items": list(items)}).encode())


def test_each_control_plane_host_is_asked_itself(cluster: LabCluster) -> None:
    codes = {MASTER_1: Answer(200, b"ok"), MASTER_2: Answer(500, b"shutdown"), MASTER_3: None}
    table = Table(lambda address, method, path: codes[address] if path == "/readyz" else None)
    assert control_plane_readiness(table, cluster) == {"master-1": True, "master-2": False, "master-3": False}


def test_waiting_ends_when_the_last_is_ready(cluster: LabCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "POLL", 0.001)
    asked: dict[IPv4Address, int] = {}

    def answer(address: IPv4Address, method: str, path: str) -> Answer | None:
        asked[address] = asked.get(address, 0) + 1
        return Answer(200, b"ok") if address != MASTER_3 or asked[address] >= 4 else None

    fractions: list[float] = []
    wait_for_control_plane(Table(answer), cluster, 10.0, lambda _, fraction: fractions.append(fraction))
    assert asked == {MASTER_1: 1, MASTER_2: 1, MASTER_3: 4}
    assert fractions[-1] == 1.0


def test_who_is_not_ready_in_time_is_named(cluster: LabCluster) -> None:
    table = Table(lambda address, method, path: Answer(200, b"ok") if address == MASTER_1 else None)
    with pytest.raises(LabError, match="on master-2, master-3") as caught:
        wait_for_control_plane(table, cluster, 0.0, silent)
    assert "lab exec master-2" in caught.value.hint


def test_nodes_come_from_the_first_host_that_answers(cluster: LabCluster) -> None:
    listed = node_list(node("master-1.lab-home.com", "True", "control-plane"), node("worker-1.lab-home.com", "Unknown", "worker"))
    table = Table(lambda address, method, path: listed if address == MASTER_2 else None)
    assert nodes(table, cluster) == (
        NodeState("master-1.lab-home.com", True, ("control-plane",), "v1.20.2"),
        NodeState("worker-1.lab-home.com", False, ("worker",), "v1.20.2"),
    )


def test_no_answer_is_no_node(cluster: LabCluster) -> None:
    assert nodes(Table(lambda *_: None), cluster) == ()


def test_a_stranger_that_is_ready_does_not_stand_in_for_a_missing_node(cluster: LabCluster) -> None:
    names = [f"{name}.lab-home.com" for name in ("master-1", "master-2", "master-3", "worker-1", "stranger")]
    table = Table(lambda *_: node_list(*(node(name, "True", "worker") for name in names)))
    with pytest.raises(LabError, match="not Ready after 0 s: worker-2"):
        wait_for_nodes(table, cluster, 0.0, silent)


def test_nodes_are_declared_with_their_roles(cluster: LabCluster) -> None:
    table = Table(lambda *_: Answer(201, b"{}"))
    declare_nodes(table, cluster)
    roles = {
        body["metadata"]["name"]: [label for label in body["metadata"]["labels"] if "role" in label]
        for _, method, path, body in table.sent
        if (method, path) == ("POST", "/api/v1/nodes")
    }
    assert roles == {
        **{f"master-{number}.lab-home.com": ["node-role.kubernetes.io/control-plane"] for number in (1, 2, 3)},
        **{f"worker-{number}.lab-home.com": ["node-role.kubernetes.io/worker"] for number in (1, 2)},
    }


def test_a_node_that_registered_first_gets_its_role_all_the_same(cluster: LabCluster) -> None:
    table = Table(lambda address, method, path: Answer(409 if method == "POST" else 200, b"{}"))
    declare_nodes(table, cluster)
    patched = [(path, body) for _, method, path, body in table.sent if method == "PATCH"]
    assert [path for path, _ in patched] == [f"/api/v1/nodes/{host.fqdn}" for host in cluster.nodes]
    assert all(set(body) == {"metadata"} for _, body in patched)


def test_a_refusal_is_told_with_the_api_s_words(cluster: LabCluster) -> None:
    table = Table(lambda *_: Answer(403, b"nodes is forbidden"))
    with pytest.raises(LabError, match="the API refused POST") as caught:
        declare_nodes(table, cluster)
    assert "nodes is forbidden" in caught.value.hint
