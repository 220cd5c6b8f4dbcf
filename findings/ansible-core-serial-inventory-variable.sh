#!/usr/bin/env bash
# ansible-core 2.18.6 and 2.19.3: `serial` of a play does not know the inventory's variables, though every task of that play does.
#
# A play that shall work on hosts in groups takes their sizes from a variable: serial: "{{ sizes }}". Where `sizes` is a variable
# of the inventory's group the run ends before the play's first task, with "'sizes' is undefined"; a task of the same play, with the
# same inventory, prints it. As an extra variable (-e), or among the play's own `vars`, it works. One guesses that a variable that
# all hosts of the play share is known to the play: the play's keywords are templated before any host is looked at.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > inventory.yaml <<'YAML'
all:
  hosts:
    a: {ansible_connection: local}
    b: {ansible_connection: local}
  vars: {sizes: [1, 1]}
YAML
cat > groups.yaml <<'YAML'
- hosts: all
  gather_facts: false
  serial: "{{ sizes }}"
  tasks:
    - ansible.builtin.debug: {msg: "seen {{ sizes }}"}
YAML
sed '/serial/d' groups.yaml > at-once.yaml
sed 's/^  gather_facts/  vars: {sizes: [1, 1]}\n  gather_facts/' groups.yaml > own.yaml
for version in 2.18.6 2.19.3; do
    python3 -m venv "env-$version"
    "env-$version/bin/pip" install --quiet "ansible-core==$version" 2> /dev/null
    play() { "env-$version/bin/ansible-playbook" -i inventory.yaml "$@" 2>&1; }
    task=$(play at-once.yaml)
    grep --quiet 'seen \[1, 1\]' <<< "$task"
    code=0
    inventory=$(play groups.yaml) || code=$?
    if [ "$code" -eq 0 ]; then echo "ansible-core $version knows it now"; exit 1; fi
    grep --quiet "'sizes' is undefined" <<< "$inventory"
    if grep --quiet 'TASK \[' <<< "$inventory"; then echo "ansible-core $version began the play"; exit 1; fi
    extra=$(play groups.yaml -e '{"sizes": [1, 1]}')
    own=$(play own.yaml)
    [ "$(grep --count '^PLAY \[' <<< "$extra")" -eq 2 ]
    [ "$(grep --count '^PLAY \[' <<< "$own")" -eq 2 ]
    echo "ansible-core $version: a task sees the inventory's variable; serial: exit code $code, \"'sizes' is undefined\"; -e and vars: two groups"
done
