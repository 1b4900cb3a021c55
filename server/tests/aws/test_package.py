"""What is deployed: the functions work with what docs/guides/aws.md puts into their package."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distribution, distributions, packages_distributions
from pathlib import Path

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "aws.md"
_IMPORT_ALL = """
import pkgutil, sys

class Absent:
    names = set(sys.argv[1:])
    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            raise ModuleNotFoundError(f"{name} is not in the package", name=name)

sys.meta_path.insert(0, Absent())
import ropewalk_server.lambdas as lambdas
for module in pkgutil.iter_modules(lambdas.__path__, lambdas.__name__ + "."):
    __import__(module.name)
import ropewalk_server.auth.jwks, ropewalk_server.auth.tokens, ropewalk_server.stores.s3, httpx
"""
INSTALLED = {each.name.lower() for each in distributions()}


def needed(names: set[str]) -> set[str]:
    """These packages and what they need themselves."""
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        extra = {"cryptography"} if name == "pyjwt" else set()
        plain = [each for each in distribution(name).requires or [] if "extra ==" not in each]
        requires = {re.split(r"[^\w.-]", each)[0].lower() for each in plain}
        names |= ((requires & INSTALLED) | extra) - found
    return found


def test_the_functions_need_no_more_than_the_package_of_the_guide() -> None:
    line = re.search(r"pip install --target package (ropewalk .+)", GUIDE.read_text("utf-8"))
    assert line is not None
    named = {re.sub(r'["\[].*', "", each.strip('"')) for each in line[1].split()}
    packaged = needed(named) | {"ropewalk-server"}
    assert {"ropewalk", "pyjwt", "cryptography", "httpx", "xxhash"} <= packaged
    absent = [
        module
        for module, of in packages_distributions().items()
        if not {each.lower() for each in of} & packaged
    ]
    assert {"fastapi", "uvicorn", "prometheus_client", "websockets"} <= set(absent)
    program = [sys.executable, "-c", _IMPORT_ALL, *absent]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
