"""`twinkeel kubespray mirror`: everything that a release downloads, in one folder, served to nodes without internet access."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import Format, OutputFormat

if TYPE_CHECKING:
    from twinkeel.app.mirror import Manifest

app = typer.Typer(
    add_completion=False,
    help="A mirror of everything that a release downloads: build it, check it, serve it to nodes without internet access.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="The mirror's folder.", metavar="DIR")]
Address = Annotated[str, typer.Option(help="The address that nodes reach the mirror at.")]
Port = Annotated[int, typer.Option(help="Files and packages; images are at the next port.", min=1, max=65534)]
DEFAULT_PORT = 8480


@app.command()
def build(
    tag: Annotated[str, typer.Argument(help="The Kubespray release, as v2.31.0; `twinkeel kubespray fetch` brought it.")],
    to: Annotated[Path, typer.Option("--to", help="The mirror's folder.", metavar="DIR")],
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="The spec of the cluster; default: the release's defaults.")
    ] = None,
    folders: Annotated[
        list[Path] | None, typer.Option("--from", help="A folder to take files and image archives from; repeatable.", metavar="DIR")
    ] = None,
    local: Annotated[
        list[Path] | None,
        typer.Option("--local", help="Programs in place of the release's own (kubelet, etcd, ...); repeatable.", metavar="DIR"),
    ] = None,
    distribution: Annotated[
        bool, typer.Option("--distribution", help="Take what Debian can give, built from its sources where it must be.")
    ] = False,
    replace: Annotated[
        list[str] | None, typer.Option(help="A server that stands for another one; repeatable.", metavar="URL=URL")
    ] = None,
    variables: Annotated[
        list[Path] | None, typer.Option("-e", "--variables", help="A YAML file that Kubespray will get with -e @FILE; repeatable.")
    ] = None,
    images: Annotated[
        list[str] | None, typer.Option("--image", help="One more image, for your own workloads; repeatable.", metavar="NAME:TAG")
    ] = None,
) -> None:
    """Gather what a release needs: its files, container images and Debian packages.

    The release itself is asked, with its own Ansible. Run it again to go on where it stopped. What cannot be got is listed by name,
    and the exit code is 3.
    """
    from twinkeel.app.mirror import build as build_mirror
    from twinkeel.app.mirror import build_options, find_release
    from twinkeel.cli.load import open_context
    from twinkeel.cli.progress import progress_bar
    from twinkeel.errors import EXIT_FAILED

    release = find_release(tag)
    options = build_options(folders or [], local or [], distribution, replace or [], variables or [], images or [])
    context = None if file is None else open_context(file)
    with progress_bar("mirror") as progress:
        manifest = build_mirror(release, context, to, options, progress)
    _print_summary(manifest, to)
    if manifest.missing:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def serve(folder: Folder, address: Address = "127.0.0.1", port: Port = DEFAULT_PORT) -> None:
    """Serve a mirror until Ctrl-C or SIGTERM: files and packages over HTTP, images as a read-only registry."""
    import signal
    import threading

    from twinkeel.app.mirror import load
    from twinkeel.app.mirror import serve as serve_mirror
    from twinkeel.support.url_host import url_host

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    manifest = load(folder)
    served = serve_mirror(folder, manifest, address, port, lambda what: print(f"not here: {what}", file=sys.stderr, flush=True))
    try:
        print(f"files     http://{url_host(address)}:{port}/files/")
        print(f"packages  deb [trusted=yes] http://{url_host(address)}:{port}/apt ./")
        print(f"images    http://{url_host(address)}:{port + 1}/v2/", flush=True)
        if manifest.missing:
            print(f"not complete: {len(manifest.missing)} missing, `mirror verify` lists them", file=sys.stderr, flush=True)
        ended.wait()
    finally:
        served.stop()


@app.command()
def verify(folder: Folder, output: OutputFormat = Format.text) -> None:
    """Check every file, package and image against the manifest; name what is missing, changed or superfluous.

    Exit code 1 if anything is.
    """
    import json

    from twinkeel.app.mirror import verify as verify_mirror
    from twinkeel.cli.progress import progress_bar
    from twinkeel.errors import EXIT_NO

    with progress_bar("mirror") as progress:
        manifest, findings = verify_mirror(folder, progress)
    if output is Format.json:
        print(json.dumps([{"kind": kind, "name": name} for kind, name in findings], indent=1))
    else:
        for kind, name in findings:
            print(f"{kind}: {name}")
        if not findings:
            print(f"all good: {_counts(manifest)}")
    if findings:
        raise typer.Exit(EXIT_NO)


@app.command()
def variables(folder: Folder, address: Address = "127.0.0.1", port: Port = DEFAULT_PORT) -> None:
    """Print the variables that make Kubespray take everything from the mirror, for `twinkeel kubespray run -- -e @FILE`."""
    from twinkeel.app.mirror import variables as mirror_variables

    manifest, text = mirror_variables(folder, address, port)
    print(f"# Everything for Kubespray {manifest.tag} from the mirror at {address}. Give it as: -e @FILE")
    print(text, end="")


def _print_summary(manifest: "Manifest", folder: Path) -> None:
    print(f"{folder}: {_counts(manifest)} for Kubespray {manifest.tag}, Kubernetes {manifest.kube_version}")
    if manifest.substitutes:
        print("not the release's own, but:")
        for text in manifest.substitutes:
            print(f"  {text}")
    if manifest.missing:
        print(f"{len(manifest.missing)} missing:", file=sys.stderr)
        for line in manifest.missing:
            print(f"  {line}", file=sys.stderr)


def _counts(manifest: "Manifest") -> str:
    size = sum(entry.size for entry in manifest.downloads) / (1 << 20)
    counts = f"{len(manifest.files)} files, {len(manifest.images)} images, {len(manifest.packages)} packages"
    return f"{counts} ({size:.0f} MiB without images)"
