"""One timer at a time, all others as in the profile `fast`: apply it, drill the fault that it bounds, soak. Prints Markdown.

Run it with scripts/benchmark-timers, which says what the arguments are. What a drill or soak could not measure is shown as such; it
never counts as good. An interrupted run goes on where it was when it is given the same folder.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from lab_benchmark import ROOT, run, run_inside
from ruamel.yaml import YAML

from twinkeel.spec.failover_defaults import ADVERT_INTERVALS, TIMERS

LAB = "timers"
EXAMPLE = ROOT / "examples" / "lab-home.yaml"
RESULT = "result.json"
FAST: Mapping[str, Any] = {"advert_interval": ADVERT_INTERVALS["fast"], **TIMERS["fast"]}


@dataclass(frozen=True)
class Setting:
    """A value of a timer, what must change along with it, and the fault whose downtime it bounds."""

    timer: str
    value: float
    fault: str
    along: tuple[tuple[str, float], ...] = ()

    @property
    def failover(self) -> dict[str, float]:
        """Keys of the spec's `failover`."""
        return {self.timer: self.value, **dict(self.along)}

    @property
    def words(self) -> str:
        """For the table; what is in force by default is said so."""
        text = ", ".join(f"{name} {value:g}" for name, value in self.failover.items())
        return f"**{text}** (fast)" if all(FAST[name] == value for name, value in self.failover.items()) else text

    @property
    def folder(self) -> str:
        """Its name in the run's folder."""
        return f"{self.timer}-{self.value:g}"

    def is_asked_for(self, words: list[str]) -> bool:
        """Whether a word of the command line names it: the timer, or the timer with this value."""
        return self.timer in words or f"{self.timer}={self.value:g}" in words


def _checks(interval: float, fast: float, timeout: float, fall: int) -> Setting:
    along = (("check_fast_interval", fast), ("check_timeout", timeout), ("check_fall", fall))
    return Setting("check_interval", interval, "api-server-hang", along)


# A watchdog asks at least twice within its deadline.
SETTINGS = (
    *(Setting("advert_interval", value, "power-loss") for value in (0.02, 0.05, 0.07, 0.1, 0.2)),
    *(Setting("watchdog_deadline", value, "haproxy-hang", (("watchdog_interval", 0.1),)) for value in (0.3, 0.5)),
    *(Setting("watchdog_deadline", value, "haproxy-hang", (("watchdog_interval", 0.25),)) for value in (1.0, 2.0, 4.0)),
    *(_checks(0.5, 0.1, 0.5, 2), _checks(1.0, 0.25, 2.0, 2), _checks(2.0, 1.0, 3.0, 3)),
)


def main() -> None:
    """Measure what is not measured yet, then print everything."""
    trials, minutes, folder, words = _arguments(sys.argv[1:])
    settings = [setting for setting in SETTINGS if not words or setting.is_asked_for(words)]
    missing = [setting for setting in settings if not (folder / setting.folder / RESULT).exists()]
    if missing:
        with _lab():
            for setting in missing:
                print(f"{setting.words} ...", file=sys.stderr, flush=True)
                result = _measure(setting, trials, minutes, folder / setting.folder)
                (folder / setting.folder / RESULT).write_text(json.dumps(result))
    print(_table(settings, folder))
    print(f"histories: {folder}", file=sys.stderr)


def _arguments(given: list[str]) -> tuple[int, float, Path, list[str]]:
    try:
        trials, minutes = int(given[0]) if given else 5, float(given[1]) if len(given) > 1 else 2.0
    except ValueError:
        trials, minutes = 0, 0.0
    unknown = [word for word in given[3:] if not any(setting.is_asked_for([word]) for setting in SETTINGS)]
    if trials < 1 or minutes < 0.05 or unknown:
        known = ", ".join(f"{setting.timer}={setting.value:g}" for setting in SETTINGS)
        usage = "scripts/benchmark-timers [TRIALS [MINUTES [FOLDER [TIMER[=VALUE]...]]]]"
        print(f"usage: {usage}\nthere are: {known}", file=sys.stderr)
        sys.exit(2)
    folder = Path(given[2]) if len(given) > 2 else Path(tempfile.mkdtemp(prefix="twinkeel-timers-"))
    return trials, minutes, folder.absolute(), given[3:]


@contextmanager
def _lab() -> Iterator[None]:
    run("lab", "up", "--name", LAB, "-f", str(EXAMPLE))
    try:
        yield
    finally:
        run("lab", "down", "--name", LAB)


def _inside(host: str, *argv: str, good: tuple[int, ...] = (0,)) -> str:
    return run_inside(LAB, host, "twinkeel", *argv, good=good)


def _measure(setting: Setting, trials: int, minutes: float, folder: Path) -> dict[str, Any]:
    """Trials of the fault and one soak, as their JSON says; an exit code of 1 is an answer, too."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "twinkeel.yaml"
    _write_spec(setting, spec)
    _inside("operator", "apply", "-f", str(spec))
    # A setting that was interrupted left histories, and a drill does not mix with another's.
    histories = tempfile.mkdtemp(prefix="histories-", dir=folder)
    common = ("-f", str(spec), "--format", "json", "-o")
    drill = ("drill", "run", setting.fault, "--trials", str(trials), *common, f"{histories}/drill")
    found = [json.loads(line) for line in _inside("client", *drill, good=(0, 1)).splitlines()]
    soak = ("drill", "soak", "--minutes", f"{minutes:g}", *common, f"{histories}/soak")
    return {"trials": found, "soak": json.loads(_inside("client", *soak, good=(0, 1)))}


def _write_spec(setting: Setting, path: Path) -> None:
    """The lab's own spec (it has the power commands) with this setting."""
    yaml = YAML()
    document = yaml.load(Path(run("lab", "exec", "--name", LAB, "client", "--", "printenv", "TWINKEEL_FILE").strip()))
    document["failover"] = {"profile": "fast", **setting.failover}
    yaml.dump(document, path)


def _table(settings: list[Setting], folder: Path) -> str:
    measured = ("trials", "downtime ms, median / max", "failed a trial", "soak, min", "false failovers", "lost")
    headings = ("timers (s) and fall", "fault", *measured)
    rows = [headings, ("---",) * len(headings)]
    rows += [_row(setting, json.loads((folder / setting.folder / RESULT).read_text())) for setting in settings]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(setting: Setting, result: Mapping[str, Any]) -> tuple[str, ...]:
    """`lost`: the share of a soak's requests that failed or took over 250 ms. Trials that prove nothing give no figure."""
    proved = [trial for trial in result["trials"] if trial["verdict"] != "unknown" and trial["downtime_ms"] is not None]
    times = [trial["downtime_ms"] for trial in proved]
    unknown = len(result["trials"]) - len(proved)
    soak = result["soak"]
    return (
        setting.words,
        setting.fault,
        f"{len(proved)}" + (f" ({unknown} unknown)" if unknown else ""),
        f"{median(times):.0f} / {max(times):.0f}" if times else "unknown",
        f"{sum(trial['failed'] for trial in proved) / len(proved):.0f}" if proved else "unknown",
        f"{soak['minutes']:g}",
        "unknown" if soak["verdict"] == "unknown" else str(soak["false_failovers"]),
        f"{100 * soak['failed'] / soak['requests']:.1f} %" if soak["requests"] else "unknown",
    )


if __name__ == "__main__":
    main()
