"""What a cluster's plan, checks and findings come to in a table and below it."""

from pathlib import Path

from twinkeel.app.answered import Answered
from twinkeel.app.audit import AuditResult
from twinkeel.app.audit import audit as audit_paths
from twinkeel.app.preflight import CHECKS, Checked, Finding, Preflight
from twinkeel.cli import plan, preflight
from twinkeel.cli.audit import audited_json, code_of
from twinkeel.cli.many import many_lines
from twinkeel.plan.model import FileChange, HostPlan, Plan

CHANGED = HostPlan(
    "lb-1", (FileChange("/etc/haproxy/haproxy.cfg", "changed", "changed", "-a\n+b\n"),), actions={"haproxy": "reload"}
)


def test_a_plan_names_its_files_without_their_diffs() -> None:
    view = plan._view()
    lines = many_lines(view, [Answered(Path("a.yaml"), "a", Plan((CHANGED, HostPlan("lb-2")), (), "verified"))])
    assert lines[1].startswith("a        1     drift: apply would change lb-1")
    assert lines[2:4] == ["a: lb-1: /etc/haproxy/haproxy.cfg: changed", "a: lb-1: service haproxy: reload"]
    lost = Plan((HostPlan("lb-1", problem="gone"),), (), "verified")
    assert many_lines(view, [Answered(Path("a.yaml"), "a", lost)])[2] == "a: lb-1: cannot be reached: gone"
    assert view.code(lost) == 3
    assert view.as_json(lost)["drift"] == lost.drift


def test_a_preflight_names_what_is_not_well() -> None:
    view = preflight._view()
    checked = Checked(CHECKS[0], (Finding("failure", "lb-1", "it is bad"), Finding("ok", "lb-2", "fine")))
    result = Preflight((checked,), (), 1.0)
    assert view.code(result) == 1
    assert view.summary(result) == "1 check: 1 failed, 0 with warnings"
    assert list(view.details(result)) == [f"{CHECKS[0].id} failure: lb-1: it is bad"]
    assert view.summary(Preflight((checked,), ("lb-2",), 1.0)).startswith("lb-2 cannot be reached; ")


def test_an_audit_s_object_is_that_of_one(tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("frontend api\n    bind *:6443\n    mode tcp\n")
    result: AuditResult = audit_paths([str(tmp_path)], predictions=False)
    assert code_of(list(result.audited.found)) == 1
    assert code_of([]) == 0
    assert audited_json(result, list(result.audited.found))["findings"]
