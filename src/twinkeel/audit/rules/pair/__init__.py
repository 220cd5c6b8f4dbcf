"""Rules across the files of one host, and across the hosts of a pair."""
