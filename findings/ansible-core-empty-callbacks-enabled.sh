#!/usr/bin/env bash
# An empty ANSIBLE_CALLBACKS_ENABLED overrides ansible.cfg and switches every optional callback off in ansible-core 2.18. In 2.19 the
# empty text is taken for one name: ansible-playbook ends with 250 before the first task, and says "A non-empty plugin name is required".
# Whoever calls Kubespray (whose ansible.cfg enables profile_tasks) from a program met this with Kubespray v2.32.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/play.yml" <<'PLAY'
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: it ran
PLAY
printf '[defaults]\ncallbacks_enabled = ansible.builtin.junit\n' > "$folder/ansible.cfg"

run() { # version, value of the variable; sets code and said
  python3 -m venv "$folder/$1" && "$folder/$1/bin/pip" install -q "ansible-core==$1" 2> /dev/null
  code=0
  said=$(cd "$folder" && ANSIBLE_CONFIG=ansible.cfg ANSIBLE_CALLBACKS_ENABLED="$2" "$folder/$1/bin/ansible-playbook" -i localhost, play.yml 2>&1) || code=$?
  echo "ansible-core $1, ANSIBLE_CALLBACKS_ENABLED='$2': exit code $code"
}

run 2.18.19 ''
[[ $code = 0 && "$said" == *"it ran"* ]]
run 2.19.14 ''
[[ $code = 250 && "$said" == *"A non-empty plugin name is required"* && "$said" != *"it ran"* ]]
echo "  $(grep -m1 'non-empty' <<< "$said")"
# The way out that both take: name the callback that writes to standard output anyway.
run 2.19.14 ansible.builtin.default
[[ $code = 0 && "$said" == *"it ran"* ]]
