"""The program that keeps API servers out of rotation: what it writes for HAProxy, judged without one."""

import pytest

from twinkeel.rotation.host_programs.server_state import kept, local_ends, place, rows, word

HEADER = (
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change "
    "srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn "
    "srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port"
)


def line(name: str, admin: int, since: int = 77) -> str:
    return f"3 kubernetes-api 1 {name} 192.168.1.101 2 {admin} 1 1 {since} 6 3 4 6 0 0 0 - 6443 - 0 0 - - 0"


def test_only_what_is_out_of_rotation_is_kept_and_no_time() -> None:
    shown = "\n".join(["1", HEADER, line("a", 0), line("b", 1), line("c", 8), "", ""])
    assert kept(shown) == "\n".join(["1", HEADER, line("b", 1, 0), line("c", 8, 0), ""])


def test_nothing_out_of_rotation_is_a_file_with_its_version_alone() -> None:
    # HAProxy warns at each start about a file without a version.
    assert kept("\n".join(["1", HEADER, line("a", 0)])).startswith("1\n")
    assert rows(kept("\n".join(["1", HEADER, line("a", 0)]))) == {}


@pytest.mark.parametrize(("admin", "said"), [("0", "ready"), ("8", "drain"), ("1", "maint"), ("9", "maint"), ("4", "ready")])
def test_the_word_for_an_admin_state(admin: str, said: str) -> None:
    assert word(admin) == said


def test_only_haproxys_connections_count() -> None:
    shown = """\
0      0      192.168.1.111:41854 192.168.1.101:6443 users:(("haproxy",pid=7,fd=12))
0      0      192.168.1.111:41855 192.168.1.101:6443 users:(("kubelet",pid=8,fd=3))
0      0      192.168.1.111:41856 192.168.1.101:6443
"""
    assert local_ends(shown) == ["192.168.1.111:41854"]
    assert (place("192.168.1.101", 6443), place("fd00::1", 6443)) == ("192.168.1.101:6443", "[fd00::1]:6443")
