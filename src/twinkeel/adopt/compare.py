"""A pair's files beside those that the spec would make: every line that is not the same there. Pure.

Nothing is taken on trust: the spec is rendered, and both sides are read by the same parsers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from twinkeel.adopt.compare_haproxy import HaproxySide, compare_haproxy
from twinkeel.adopt.compare_inventory import compare_inventory
from twinkeel.adopt.compare_keepalived import compare_keepalived
from twinkeel.adopt.draft import Draft
from twinkeel.adopt.inventory import Inventory, parse_inventory
from twinkeel.adopt.line_change import Change
from twinkeel.adopt.pair_files import pair_of
from twinkeel.audit.hidden import hidden
from twinkeel.audit.pair import Host, Pair
from twinkeel.errors import SpecError
from twinkeel.liveconfig.words import Place
from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import Trust
from twinkeel.render.kubespray import render_kubespray
from twinkeel.render.render import render
from twinkeel.source import SourceFile, Span
from twinkeel.spec.document import parse
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.build import build

__all__ = ["Change", "compare", "rendered_files", "rendered_pair"]

_STAND_IN = Secrets("standin", "standin", "00" * 32)


@dataclass(frozen=True, slots=True)
class Side:
    """One host as it is and as it would be."""

    before: Host
    after: Host


def compare(pair: Pair, draft: Draft, text: str) -> Iterator[Change]:
    """Every line of the pair's files that the rendered ones do not have."""
    for side in sides(pair, rendered_pair(pair, draft.secrets, text)):
        if side.before.haproxy and side.after.haproxy:
            yield from compare_haproxy(HaproxySide(side.before.haproxy), HaproxySide(side.after.haproxy), draft.roles)
        if side.before.keepalived and side.after.keepalived:
            yield from compare_keepalived(side.before.keepalived, side.after.keepalived)
        for script in side.before.scripts:
            yield Change(Place(script.source, Span(1, 1, max(len(script.source.line(1)), 1))), ("script",), script.path)
        for remark in side.before.remarks:
            yield Change(remark.place, ("not-understood",), remark.text)
    yield from _inventory(draft, text)


def _inventory(draft: Draft, text: str) -> Iterator[Change]:
    given = draft.given.inventory
    if given is not None:
        yield from compare_inventory(given, inventory_of(render_kubespray(build(_spec(text), Path("/")))))


def inventory_of(files: Sequence[RenderedFile]) -> Inventory:
    """Rendered files for Kubespray, read as anybody's."""
    texts = {file.path: SourceFile(file.path, file.content) for file in files}
    groups = [(path.split("/")[1], source) for path, source in texts.items() if path.startswith("group_vars/")]
    return parse_inventory(texts["hosts.yaml"], groups)


def sides(pair: Pair, rendered: Pair) -> Iterator[Side]:
    """Each host beside the rendered one of its virtual IP's address, or of its name, or else the first."""
    by_name = {host.name: host for host in rendered.hosts}
    used: set[str] = set()
    for host in pair.hosts:
        after = _same(host, rendered) or by_name.get(host.name)
        if after is None or after.name in used:
            after = next((each for each in rendered.hosts if each.name not in used), rendered.hosts[0])
        used.add(after.name)
        yield Side(host, after)


def _same(host: Host, rendered: Pair) -> Host | None:
    own = {word.text for instance in host.instances for word in [instance.source] if word is not None}
    for each in rendered.hosts:
        if own & {word.text for instance in each.instances for word in [instance.source] if word is not None}:
            return each
    return None


def rendered_pair(pair: Pair, secrets: Secrets, text: str) -> Pair:
    """What the spec makes of it, parsed; without the cluster's authority where the pair's own checks do not verify."""
    return pair_of(rendered_files(secrets, text, trust_of(pair)))


def rendered_files(secrets: Secrets, text: str, trust: Trust = "verified") -> Mapping[str, Mapping[str, str]]:
    """Host -> path -> text. Secrets that nobody knows have a stand-in. Raises SpecError when the spec cannot be rendered."""
    known = Secrets(
        secrets.vrrp_password or _STAND_IN.vrrp_password,
        secrets.metrics_password or _STAND_IN.metrics_password,
        secrets.vrrp_key or _STAND_IN.vrrp_key,
    )
    rendered = render(build(_spec(text), Path("/")), trust, known)
    return {host: {file.path: file.content for file in files} for host, files in rendered.hosts.items()}


def _spec(text: str) -> ClusterSpec:
    try:
        return ClusterSpec.model_validate(parse(SourceFile("twinkeel.yaml", text)).values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        what = f"{hidden(str(first['input']))!r} cannot be this value of a spec: {first['msg'].removeprefix('Value error, ')}"
        raise SpecError(what, where=key, hint="give the value by an option, or correct the files") from None


def trust_of(pair: Pair) -> Trust:
    """ "bootstrap" for files of ours from before the cluster had an authority."""
    texts = (source.text for host in pair.hosts if host.haproxy for source in host.haproxy.file.sources)
    return "bootstrap" if any("# BOOTSTRAP: " in text for text in texts) else "verified"
