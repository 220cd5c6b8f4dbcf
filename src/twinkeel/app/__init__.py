"""Use cases: one function a command. They take a Context and return a typed result; only `cli/` prints or exits."""
