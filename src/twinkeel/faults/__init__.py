"""What can go wrong: the faults by name, how long daemons take to react, and what a prediction of one is. Values only."""
