"""HAProxy's own words in its proxies' sections, of every version from 2.0 to 3.3: what stands in none of them may be a slip. Pure.

From `haproxy -dKall` of 2.6.12 and chapters 4 and 5 of the manuals of 2.0 to 3.3; words that a version removed are among them.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROXY = _words(
    """
    acl appsession backlog balance bind bind-process block capture clitcpka-cnt clitcpka-idle clitcpka-intvl clitimeout compression
    contimeout cookie declare default-server default_backend description disabled dispatch dynamic-cookie-key email-alert enabled
    error-log-format errorfile errorfiles errorloc errorloc302 errorloc303 external-check filter filter-sequence force-be-switch
    force-persist fullconn grace guid hash-balance-factor hash-preserve-affinity hash-type http-after-response http-check http-error
    http-request http-response http-reuse http-send-name-header id ignore-persist load-server-state-from-file log log-format
    log-format-sd log-steps log-tag max-keep-alive-queue max-session-srv-conns maxconn mode monitor monitor-net monitor-uri no
    option persist quic-initial rate-limit redirect redispatch retries retry-on server server-state-file-name server-template source
    srvtcpka-cnt srvtcpka-idle srvtcpka-intvl srvtimeout stats stick stick-table tcp-check tcp-request tcp-response timeout
    transparent unique-id-format unique-id-header use-fcgi-app use-server use_backend
    """
)

OPTIONS = _words(
    """
    abortonclose accept-invalid-http-request accept-invalid-http-response accept-unsafe-violations-in-http-request
    accept-unsafe-violations-in-http-response allbackups assume-rfc6587-ntf checkcache clitcpka contstats disable-h2-upgrade
    dontlog-normal dontlognull dontparselog external-check forceclose forwarded forwardfor h1-case-adjust-bogus-client
    h1-case-adjust-bogus-server host http-buffer-request http-drop-request-trailers http-drop-response-trailers http-ignore-probes
    http-keep-alive http-no-delay http-pretend-keepalive http-restrict-req-hdr-names http-server-close http-tunnel http-use-htx
    http-use-proxy-header http_proxy httpchk httpclose httplog httpslog idle-close-on-response independant-streams
    independent-streams ldap-check log-health-checks log-separate-errors logasap mysql-check nolinger originalto persist pgsql-check
    prefer-last-server redis-check redispatch smtpchk socket-stats splice-auto splice-request splice-response spop-check srvtcpka
    ssl-hello-chk tcp-check tcp-smart-accept tcp-smart-connect tcpka tcplog transparent use-small-buffers
    """
)

TIMEOUTS = _words(
    """
    check client client-fin client-hs clitimeout connect contimeout http-keep-alive http-request queue server server-fin srvtimeout
    tarpit tunnel
    """
)

SERVER_FLAGS = _words(
    """
    agent-check allow-0rtt backup check check-pool-conn-name check-reuse-pool check-send-proxy check-sni-auto check-ssl
    check-via-socks4 disabled enabled force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 no-agent-check no-backup
    no-check no-check-reuse-pool no-check-send-proxy no-check-sni-auto no-check-ssl no-renegotiate no-send-proxy no-send-proxy-v2
    no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-sni-auto no-ssl no-ssl-reuse no-sslv3 no-tfo no-tls-tickets no-tlsv10
    no-tlsv11 no-tlsv12 no-tlsv13 no-verifyhost non-stick renegotiate send-proxy send-proxy-v2 send-proxy-v2-ssl
    send-proxy-v2-ssl-cn ssl ssl-reuse sni-auto stick strict-maxconn tfo tls-tickets
    """
)
"""Parameters of a server that take no value."""

SERVER_VALUES = _words(
    """
    addr agent-addr agent-inter agent-port agent-send alpn ca-file cc check-alpn check-proto check-sni ciphers ciphersuites
    client-sigalgs cookie crl-file crt curves downinter ech error-limit fall fastinter guid hash-key id idle-ping init-addr
    init-state inter interface ktls log-bufsize log-proto max-reuse maxconn maxqueue minconn namespace npn observe on-error
    on-marked-down on-marked-up pool-conn-name pool-low-conn pool-max-conn pool-purge-delay port process proto proxy-v2-options
    quic-cc-algo redir resolve-net resolve-opts resolve-prefer resolvers rise set-proxy-v2-tlv-fmt shard sigalgs slowstart sni
    socks4 source ssl-max-ver ssl-min-ver tcp-md5sig tcp-ut track usesrc verify verifyhost weight ws
    """
)
"""Parameters of a server that take one value."""
