#!/usr/bin/env bash
# ansible-runner: what one run was given as an argument, the next run in the same folder has as well.
#
# `ansible_runner.run(private_data_dir=DIR, extravars={...})` is a function call with arguments, one guesses. The first call writes them to DIR/env
# (extravars, envvars, cmdline, passwords), and every later one reads that folder: without `extravars` it runs with the first call's, with other
# ones it has both, and the first call's `--limit` holds for all that give no cmdline. So a run that was meant to move nothing moves. The
# values stay on the disk in clear, those of tasks with `no_log` included. `suppress_env_files=True`, or a folder for each run, ends it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q ansible-runner==2.4.3 ansible-core==2.19.14 2> /dev/null
mkdir -p data/project
cat > data/project/move.yml <<'PLAY'
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "move is {{ move | default('not given') }}"
    - ansible.builtin.debug:
        msg: "{{ password | default('') }}"
      no_log: true
PLAY
cat > run.py <<'PROGRAM'
import pathlib
import shutil
from importlib.metadata import version

import ansible_runner

INVENTORY = {"all": {"hosts": {name: {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"} for name in ("lb-1", "lb-2")}}}


def run(**options):
    ran = ansible_runner.run(private_data_dir="data", playbook="move.yml", inventory=INVENTORY, quiet=True, **options)
    seen = [f"{event['event_data']['host']}: {event['event_data']['res']['msg']}" for event in ran.events
            if event["event"] == "runner_on_ok" and "msg" in event["event_data"]["res"]]
    print(f"run({', '.join(f'{name}={value!r}' for name, value in options.items())}): {ran.status}, {seen}")
    return seen


print("ansible-runner", version("ansible-runner"))
assert run() == ["lb-1: move is not given", "lb-2: move is not given"]
assert run(extravars={"move": True, "password": "horse-12"}, cmdline="--limit lb-2") == ["lb-2: move is True"]
assert run() == ["lb-2: move is True"]
assert run(extravars={}) == ["lb-2: move is True"]
assert run(extravars={"other": 1}, cmdline="--diff") == ["lb-1: move is True", "lb-2: move is True"]
left = sorted(str(path) for path in pathlib.Path("data").rglob("*") if path.is_file() and "horse-12" in path.read_text())
print("left on the disk with the password:", left)
assert left == ["data/env/extravars"]
shutil.rmtree("data/env")
assert run(extravars={"move": True}, suppress_env_files=True) == ["lb-1: move is True", "lb-2: move is True"]
assert run() == ["lb-1: move is not given", "lb-2: move is not given"]
PROGRAM
PATH="$folder/venv/bin:$PATH" venv/bin/python run.py
