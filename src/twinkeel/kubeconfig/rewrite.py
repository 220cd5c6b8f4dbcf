"""Point a kubeconfig at the endpoint, by editing its YAML."""

from twinkeel.kubeconfig.document import parse_kubeconfig


def rewrite_server(text: str, server: str, where: str) -> str:
    """The kubeconfig with the server of its current context's cluster replaced; all else, comments too, stays.

    Args:
        server: an URL, `https://192.168.1.110:6443`.
        where: the place to name in errors.

    Raises:
        KubeconfigError: see `parse_kubeconfig`.
    """
    kubeconfig = parse_kubeconfig(text, where)
    kubeconfig.cluster["server"] = server
    return kubeconfig.text()
