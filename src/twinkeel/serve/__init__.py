"""The live page: what every cluster looks like now, since when, and what happened while somebody watched."""
