"""What the small request of a drill's client asks. Pure.

/readyz tells whether an API server should get new connections, and says 500 while it still serves every other request: whoever asks
it measures an outage at each graceful stop that no user has. So the client reads an object of the API, as users do.
"""

from dataclasses import replace
from typing import Literal

from twinkeel.drill.https import Target

Ask = Literal["api", "version", "readyz"]
PATHS: dict[Ask, str] = {"api": "/api/v1/namespaces/kube-system", "version": "/version", "readyz": "/readyz"}


def asking(target: Target, ask: Ask, *, credentials: bool) -> Target:
    """The target with the path that is asked; `target.status` is what strangers are answered.

    Only the read of an object shows the credentials; without any, /version is asked instead, which strangers may read.
    """
    if ask == "api" and credentials:
        return replace(target, path=PATHS["api"], status=200, known=True)
    return replace(target, path=PATHS["version" if ask == "api" else ask])
