"""Rules about Kubespray's inventory, and about it and the pair."""
