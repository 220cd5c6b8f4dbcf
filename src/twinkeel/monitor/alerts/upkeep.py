"""Alerts about what goes stale: files, certificates."""

from twinkeel.monitor.alert import Alert
from twinkeel.monitor.records import of_those_that_report
from twinkeel.monitor.subject import Subject

SOON_DAYS, NOW_DAYS = 30, 7
DAY = 86400


def _left(subject: Subject) -> str:
    # Every load balancer asks every server: one alert is enough.
    return f"min by (cluster, kind, name) (twinkeel_certificate_not_after_timestamp_seconds{{{subject.of}}}) - time()"


RENEW = (
    "`kubeadm certs check-expiration` on a control-plane host; `kubeadm certs renew all`, then restart the static pods there.",
    "Kubespray renews them by itself with `auto_renew_certificates: true`.",
    "The authority's own (kind `ca`): a rotation of the whole cluster, see Kubernetes' documentation; then `twinkeel apply`.",
)

UPKEEP = (
    Alert(
        "TwinkeelFilesDrift",
        "warning",
        "15m",
        lambda subject: of_those_that_report(f"twinkeel_files_drift{{{subject.of}}} == 1", subject),
        "{{ $labels.cluster }}: files of {{ $labels.unit }} on {{ $labels.load_balancer }} are not those that were applied",
        "Somebody changed them on the host. The next start of {{ $labels.unit }} takes them in, and the next apply replaces them.",
        "A change by hand, another tool, or an apply that was cut off. What runs and what is on disk differ until the next reload.",
        (
            "`twinkeel plan` shows the difference, by host and file.",
            "Wanted: put it into the spec. Not wanted: `twinkeel apply` brings the spec's files back.",
        ),
    ),
    Alert(
        "TwinkeelCertificateExpiresSoon",
        "warning",
        "1h",
        lambda subject: f"({_left(subject)} < {SOON_DAYS * DAY}) >= {NOW_DAYS * DAY}",
        "{{ $labels.cluster }}: the certificate of {{ $labels.name }} expires in {{ $value | humanizeDuration }}",
        "When it has expired, HAProxy considers the API server down ({{ $labels.kind }}), and clients refuse it.",
        "An API server's certificate lasts a year, the cluster's authority ten.",
        RENEW,
    ),
    Alert(
        "TwinkeelCertificateExpiresNow",
        "critical",
        "10m",
        lambda subject: f"{_left(subject)} < {NOW_DAYS * DAY}",
        "{{ $labels.cluster }}: the certificate of {{ $labels.name }} expires in {{ $value | humanizeDuration }}",
        "Less than a week is left, or nothing: HAProxy then considers the API server down ({{ $labels.kind }}), and clients "
        "refuse it.",
        "Certificates of one installation expire on one day: all API servers fail at once.",
        RENEW,
    ),
)
