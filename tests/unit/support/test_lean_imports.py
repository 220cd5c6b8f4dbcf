"""What stands for modules that are not loaded behaves as they do, once somebody asks."""

import subprocess
import sys


def run(program: str) -> str:
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


LEAN = "import sys\nfrom twinkeel.support.lean_imports import lean_imports\nlean_imports()\nimport pydantic\n"
LOADED = "print('hmac' in sys.modules, 'importlib.metadata' in sys.modules)\n"
MODEL = "class Model(pydantic.BaseModel):\n    secret: pydantic.SecretStr\n"
SAME = "print(Model(secret='a').secret == Model(secret='a').secret, Model(secret='a').secret == Model(secret='b').secret)\n"


def test_a_model_loads_neither_plugins_nor_what_compares_secrets() -> None:
    assert run(f"{LEAN}{MODEL}Model(secret='a')\n{LOADED}") == "False False"
    assert run(f"import sys, pydantic\n{MODEL}Model(secret='a')\n{LOADED}") == "True True"


def test_what_is_asked_for_later_is_there() -> None:
    assert run(f"{LEAN}{MODEL}{SAME}") == "True False"
    assert run(f"{LEAN}import secrets\nprint(len(secrets.token_hex(4)), 'hmac' in sys.modules)") == "8 True"
    assert run(f"{LEAN}from secrets import token_hex\nprint(len(token_hex(4)))") == "8"
    assert run(f"{LEAN}import secrets\nprint(hasattr(secrets, 'no_such_name'))") == "False"


def test_plugins_that_somebody_asks_for_are_looked_for() -> None:
    asked = "import os\nos.environ['PYDANTIC_DISABLE_PLUGINS'] = 'one-plugin'\n"
    assert run(f"{asked}{LEAN}{MODEL}Model(secret='a')\nprint('importlib.metadata' in sys.modules)") == "True"
