#!/usr/bin/env bash
# promtool: a test that expects no alert passes for an alert that does not exist, and for a rule file that does not exist.
#
# `promtool test rules` compares what fires under `alertname` with `exp_alerts`. An `alertname` that no rule has (a typing error, a renamed
# alert) fires nothing, which is what a "must not fire" test wants: SUCCESS, exit code 0. One guesses an error. A pattern in `rule_files` that
# fits no file is a warning on standard error and no more: with no rules at all these tests are green as well. So near misses need a
# firing twin of the same alert. The keys of the file itself are checked: an unknown one is an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq prometheus=2.42.0+ds-5+deb12u1 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
promtool=$folder/root/usr/bin/promtool
"$promtool" --version 2>&1 | sed -n 1p
cat > rules.yml <<'RULES'
groups:
  - name: pair
    rules:
      - alert: VirtualIPLost
        expr: vip_held == 0
        for: 30s
RULES
cat > right.yml <<'TEST'
rule_files: [rules.yml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - series: vip_held
        values: 0x8
    alert_rule_test:
      - eval_time: 2m
        alertname: VirtualIPLost
        exp_alerts: []
TEST
sed 's/alertname: VirtualIPLost/alertname: VirtualIpLost/' right.yml > other-name.yml
sed 's/rules.yml/no-such-file.yml/' right.yml > other-file.yml
sed 's/alert_rule_test/alert_rules_test/' right.yml > other-key.yml
for test in right other-name other-file other-key; do
  code=0
  said=$("$promtool" test rules "$test.yml" 2>&1) || code=$?
  echo "$test.yml, the alert fires and none is expected: exit code $code, $(grep -m 1 -oE 'FAILED|SUCCESS|not found in type' <<< "$said")"
  case $test in
    right) [[ $code = 1 && $said = *FAILED*VirtualIPLost* ]] ;;
    other-name) [[ $code = 0 && $said = *SUCCESS* && $said != *WARNING* ]] ;;
    other-file) [[ $code = 0 && $said = *"WARNING: no file match pattern no-such-file.yml"* ]] ;;
    other-key) [[ $code = 1 ]] ;;
  esac
done
