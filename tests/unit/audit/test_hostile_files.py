"""Files that are made to hurt end in a remark, and soon. No times are asserted: what is quadratic does not end here at all."""

from pathlib import Path

import pytest

from twinkeel.audit.audit import audit
from twinkeel.audit.given_files.pair import read_pair
from twinkeel.audit.predict import predict

KILO = 1000
CHECKED = 'vrrp_script s {\n    script "/etc/keepalived/c.sh"\n}\nvrrp_instance v {\n    track_script {\n        s\n    }\n}\n'
FILES = {
    "blocks in blocks": {"keepalived.conf": "vrrp_instance a {\n" * 4 * KILO},
    "blocks in one line": {"keepalived.conf": "global_defs {\n" + "{ " * 80 * KILO},
    "files that include each other": {f"k{each}.conf": f"include k*.conf\nvrrp_instance a{each} {{\n}}\n" for each in range(30)},
    "a file that includes itself": {"keepalived.conf": "global_defs {\n}\ninclude keepalived.conf\n"},
    "a line of a megabyte": {"haproxy.cfg": "frontend x\n    bind " + "a" * KILO * KILO + "\n"},
    "conditions in conditions": {"haproxy.cfg": "global\n" + ".if x\n" * 4 * KILO},
    "parameters in parameters": {
        "keepalived.conf": "global_defs {\n}\n$A0=x\n"
        + "".join(f"$A{n}={f'$A{n - 1}' * 10}\n" for n in range(1, 12))
        + "router $A11\n"
    },
    "sequences without an end": {"keepalived.conf": "global_defs {\n}\n" + "~SEQ(N, 1, 9000) a $N\n" * 20},
    "a script in one line": {"keepalived.conf": CHECKED, "c.sh": "#!/bin/sh\n" + "curl -m 1 " * 10 * KILO},
    "a script of many lines": {
        "keepalived.conf": CHECKED,
        "c.sh": "#!/bin/sh\n" + "curl -m 1 http://localhost:1/ | grep x\n" * KILO,
    },
    "many servers": {
        "haproxy.cfg": "backend kube\n" + "".join(f"    server s{n} 10.0.{n // 250}.{n % 250}:6443 check\n" for n in range(1000))
    },
    "many frontends": {
        "haproxy.cfg": "".join(
            f"frontend f{n}\n    default_backend kube{n}\nbackend kube{n}\n    server a 10.0.0.1:6443\n" for n in range(400)
        )
    },
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FILES)
def test_it_ends(name: str, tmp_path: Path) -> None:
    for file, text in FILES[name].items():
        (tmp_path / file).write_text(text)
    pair = read_pair([str(tmp_path)])
    audit(pair)
    predict(pair)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("blocks in blocks", "blocks nest more than 32 deep"),
        ("files that include each other", "include each other"),
        ("a file that includes itself", "includes itself"),
        ("a line of a megabyte", "longer than 8192 characters"),
        ("conditions in conditions", "nests more than 32 deep"),
        ("sequences without an end", "more than 10000 statements"),
    ],
)
def test_it_is_told(name: str, said: str, tmp_path: Path) -> None:
    for file, text in FILES[name].items():
        (tmp_path / file).write_text(text)
    found = audit(read_pair([str(tmp_path)])).found
    assert any(said in each.finding.message for each in found if each.rule.name == "not-understood")
