#!/usr/bin/env bash
# `-e flag=false` is the text "false", which is true. ansible-core 2.19 refuses such a text as the result of a condition, so one could
# think that it protects from the mistake. It does not: `not` makes a boolean of any text, so `when: not flag` is skipped with exit code 0
# and no warning, in 2.18 and 2.19 alike. -e '{"flag": false}' does what is meant everywhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/plain.yml" <<'PLAY'
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: plain ran
      when: flag
PLAY
sed 's/when: flag/when: not flag/; s/plain ran/negated ran/' "$folder/plain.yml" > "$folder/negated.yml"

run() { # version, playbook, -e; sets code and said
  [ -d "$folder/$1" ] || { python3 -m venv "$folder/$1" && "$folder/$1/bin/pip" install -q "ansible-core==$1" 2> /dev/null; }
  code=0
  said=$("$folder/$1/bin/ansible-playbook" -i localhost, -e "$3" "$folder/$2.yml" 2>&1) || code=$?
  echo "ansible-core $1, $2, -e '$3': exit code $code, $(grep -q "\"msg\": \"$2 ran\"" <<< "$said" && echo ran || echo 'did not run')"
}

run 2.18.19 plain flag=false
[[ $code = 0 && "$said" != *WARNING*flag* ]]
run 2.19.14 plain flag=false
[[ $code = 2 && "$said" == *"must have a boolean result"* ]]
for version in 2.18.19 2.19.14; do
  run "$version" negated flag=false
  [[ $code = 0 && "$said" == *skipping* && "$said" != *"boolean result"* ]]
  run "$version" negated '{"flag": false}'
  [[ $code = 0 && "$said" == *"negated ran"* ]]
done
