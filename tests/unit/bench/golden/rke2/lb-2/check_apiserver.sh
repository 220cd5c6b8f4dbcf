#!/bin/sh
# Passes while a process called haproxy exists.
exec pidof haproxy > /dev/null
