"""scripts/e2e: the steps of a whole installation in the lab, timed. Every step is a command that a person could type."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import global_settings
from day_two import day_two
from install import bring_up, install
from prove import prove
from run import FALLBACK_TAG, LAB, Run, StepError
from upgrade import upgrade

TAG = "v2.32.0"


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/e2e", description="A whole installation in the lab, without the internet.")
    parser.add_argument("--small", action="store_true", help="one control-plane host and one worker")
    parser.add_argument("--faults", action="store_true", help="also break things while Kubespray runs")
    parser.add_argument("--no-day-two", action="store_true", help="add and remove no nodes, and do not run Kubespray again")
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    parser.add_argument("--tag", default=TAG, help=f"the Kubespray release; default: {TAG}")
    parser.add_argument("--local", type=Path, action="append", default=[], metavar="DIR", help="programs to build the mirror from")
    parser.add_argument("--upgrade", type=Path, metavar="DIR", help="at the end, upgrade to the Kubernetes of this other mirror")
    parser.add_argument("--mirror", type=Path, metavar="DIR", help="default: ~/.cache/twinkeel/mirror-TAG")
    options = parser.parse_args()
    options.mirror = options.mirror or Path.home() / f".cache/twinkeel/mirror-{options.tag}"
    if options.tag != FALLBACK_TAG and not options.local and not (options.mirror / "manifest.json").exists():
        print(f"twinkeel: there is no mirror for Kubespray {options.tag}: nothing was run", file=sys.stderr)
        print("  hint: --local DIR with Kubernetes' programs, to build one; docs/e2e.md tells which", file=sys.stderr)
        return 3
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    before = global_settings()
    code = 0
    with tempfile.TemporaryDirectory(prefix="twinkeel-e2e-") as name:
        run = Run(options, Path(name))
        began = time.monotonic()
        try:
            whole_procedure(run)
        except (StepError, subprocess.TimeoutExpired) as error:
            print(f"\ntwinkeel: {error}", file=sys.stderr)
            keep_logs(run)
            code = 1
        finally:
            run.stop_mirror()
            if not options.keep:
                with contextlib.suppress(StepError), run.step("lab down"):
                    run.twinkeel("lab", "down", "--name", LAB)
        changed = {key: (value, global_settings()[key]) for key, value in before.items() if global_settings()[key] != value}
        run.rows.append(("kernel settings of this machine", 0.0, f"FAILED: {changed}" if changed else f"{len(before)} as before"))
        kind = "1 control-plane host, 1 worker" if options.small else "3 control-plane hosts, 2 workers"
        what = f"Kubespray {options.tag}, {kind}, {time.monotonic() - began:.0f} s"
        print(f"\n== Summary{run.mark}: {what}\n{run.table()}")
        return 1 if changed else code


def keep_logs(run: Run) -> None:
    """Kubespray's logs of a run that failed, where they can be read afterwards."""
    target = Path(tempfile.mkdtemp(prefix="twinkeel-e2e-failed-"))
    for log in (*run.folder.glob("data/twinkeel/clusters/*/logs/*"), run.folder / "mirror.log"):
        with contextlib.suppress(OSError):
            (target / log.name).write_bytes(log.read_bytes())
    print(f"logs: {target}", file=sys.stderr)


def whole_procedure(run: Run) -> None:
    """Every step, in order. Raises StepError."""
    releases = run.folder / "data/twinkeel/kubespray"
    releases.parent.mkdir(parents=True)
    releases.symlink_to(Path(os.environ["KUBESPRAY_DIR"]).absolute())
    if run.options.local or not (run.mirror / "manifest.json").exists():
        with run.step("build the mirror (the first time)"):
            local = [word for folder in run.options.local for word in ("--local", str(folder))]
            argv = ("kubespray", "mirror", "build", run.options.tag, *local, "--distribution", "--to", str(run.mirror))
            run.twinkeel(*argv, timeout=7200)
    bring_up(run)
    install(run)
    prove(run)
    if not run.options.no_day_two:
        day_two(run)
    if run.options.upgrade:
        upgrade(run)


if __name__ == "__main__":
    sys.exit(main())
