"""Secrets of audited files are not shown, and everything else is."""

import pytest

from twinkeel.audit.audit import audit
from twinkeel.audit.examples import example_pair
from twinkeel.audit.hidden import hidden
from twinkeel.audit.rule import Example


@pytest.mark.parametrize(
    "text",
    [
        'curl -u admin:<Secret5> -H "Authorization: Bearer <TokenSecret6>" https://localhost:6443/',
        "curl -sku 'admin:<Secret5>' https://localhost:6443/ -m 1",
        "curl --user=admin:<Secret5> --proxy-user x:<y> https://localhost:6443/",
        "curl -H 'authorization:<abc>' https://admin:<p4ss>@localhost:6443/readyz",
        'curl -H "X-Auth-Token: <0123>" https://localhost:6443/',
        "TOKEN=<eyJhbGciOiJSUzI1NiJ9.e30.c2ln>",
        'PASSWORD="<two words>" other',
        "    auth_pass <secret>",
        "stats auth admin:<secret>",
        "    user admin insecure-password <secret>",
        'http-check send meth GET uri /readyz hdr Authorization "Bearer <abc.def>" # why',
        "http-check send hdr Authorization Bearer\\ <abc.def> hdr Host x",
        "etcdctl --password <secret> endpoint health",
        'curl -u "admin:<two words>" https://localhost:6443/',
        "curl --oauth2-bearer <abc> --pass <abc> https://localhost:6443/",
        "option httpchk GET /readyz HTTP/1.1\\r\\nAuthorization:\\ Bearer\\ <abc.def>",
        "redis-cli -h 10.0.0.1 -a <abc> ping",
        "    user eve password <$5$salt$abc/def.>",
        "    user eve password <$y$j9T$abc$def>",
        "    setenv DB_PASSWORD <hunter2>",
        "    http-request set-var(txn.x) str(y)",
        "    set-var proc.token str(<abc)>",
        "    http-request deny unless { req.hdr(X-Auth-Token) -m str <abc> }",
        # Nothing secret.
        "    setenv LANG C",
        "    user admin insecure-password $ADMIN",
        "    acl host hdr(host) -i api.example.org",
        'curl -H "Authorization: Bearer $TOKEN" -u "$USER:$PASSWORD" https://localhost:6443/',
        "curl -u https://localhost:6443/",
        "option httpchk GET /healthz?verbose",
        "    server master-1 192.168.1.101:6443 check check-ssl verify none",
        "    bind :::6443 user root",
        "tokens are not needed",
    ],
)
def test_a_secret_becomes_asterisks_of_its_length(text: str) -> None:
    plain = text.replace("<", "").replace(">", "")
    expected = ""
    for part in text.split("<"):
        secret, closed, rest = part.partition(">")
        expected += "*" * len(secret) + rest if closed else part
    assert hidden(plain) == expected


def test_no_message_quotes_a_secret() -> None:
    script = '    script "/usr/bin/curl -u admin:Secret{} https://localhost:6443/"\n'
    text = f"vrrp_script a {{\n{script.format(5)}{script.format(6)}}}\n"
    found = audit(example_pair(Example(keepalived=text))).found
    (message,) = [each.finding.message for each in found if each.rule.name == "repeated-keyword"]
    assert "curl -u admin:*******" in message
    assert "Secret" not in str([(each.finding.message, [text for _, text in each.finding.related]) for each in found])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`auth_pass s3cret`", "`auth_pass ******`"),
        ("`auth_pass s3cret`, which is cut", "`auth_pass ******`, which is cut"),
        ("`auth_pass a`b`", "`auth_pass ***`"),
        ("see `auth_type PASS` and `auth_pass s3cret`.", "see `auth_type PASS` and `auth_pass ******`."),
        # No quote of ours: the secret's own.
        ("auth_pass s3cret`", "auth_pass *******"),
        ("auth_pass `s3cret`", "auth_pass ********"),
        ("`auth_pass `", "`auth_pass *"),
    ],
)
def test_what_we_quote_keeps_its_closing_backtick(text: str, shown: str) -> None:
    assert hidden(text) == hidden(hidden(text)) == shown


@pytest.mark.parametrize(
    "piece", ["`token=x` `", "token=`x ", "x-", "-", "user a ", "curl -u ", '"', "redis-cli ", "authorization ", "token", "://"]
)
def test_a_long_line_ends(piece: str) -> None:
    assert len(hidden(piece * 100_000)) == len(piece) * 100_000
