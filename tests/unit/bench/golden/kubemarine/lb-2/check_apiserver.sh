#!/bin/sh
# Passes while something listens on the API's port.
ss --no-header --listening --tcp --numeric "sport = :6443" | grep -q .
