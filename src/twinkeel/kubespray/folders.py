"""Where Kubespray's releases and each cluster's own files lie on this machine.

    DATA/kubespray/TAG/{checkout,environment,complete.json,supports.json}
    DATA/clusters/NAME/{inventory,facts,logs}

DATA is the user's data folder (~/.local/share/twinkeel). A cluster's folder is private: its inventory holds credentials that
Kubespray made, and they are needed for as long as the cluster lives.
"""

from pathlib import Path

from twinkeel.support.user_folders import data_folder

MARK = "complete.json"
"""Beside a release's checkout, written last: a folder without it is what an interrupted fetch left."""


def releases_folder() -> Path:
    """The folder of all fetched releases."""
    return data_folder() / "kubespray"


def cluster_folder(name: str) -> Path:
    """The folder of one cluster, by the spec's name."""
    return data_folder() / "clusters" / name
