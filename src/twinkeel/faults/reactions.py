"""How long daemons and switches take to react: measured, not derived. In seconds. Values only."""

from twinkeel.vrrp import Range

# From a changed file to the first packet that the new holder answers: the daemon wakes up, switches learn the new place. After
# a kill systemd must first notice the end of every process and run a hook. When only silence moved the virtual IP, the new place
# must be announced, and no more. Not derived: 1 to 42 ms, 29 to 80 ms after a kill, and 1 to 20 ms after silence were measured
# on a two-core virtual machine (docs/benchmarks.md).
REACTION = Range(0.0, 0.05)
KILL_REACTION = Range(0.0, 0.09)
ANNOUNCEMENT = Range(0.0, 0.02)
# The question to the others whether they pass segments on, and the route for those (second-chance).
ASKING = Range(0.0, 0.05)

NONE = Range(0.0, 0.0)
