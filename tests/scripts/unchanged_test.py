"""tools/unchanged.py, in a small repository of its own."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import unchanged  # noqa: E402


class Unchanged(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, content in {"include/a.hpp": "1", "server/b.py": "2", ".gitignore": "build/"}.items():
            self.write(name, content)
        subprocess.run(["git", "init", "-q", self.root], check=True)
        values = {"ROOT": self.root, "KEPT": self.root / "build" / "passed"}
        unseen = {"cpp": ("server/",), "server": ()}
        for name, value in {**values, "UNSEEN": unseen}.items():
            patch = mock.patch.object(unchanged, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        variables = mock.patch.dict(os.environ)
        variables.start()
        self.addCleanup(variables.stop)
        os.environ.pop("FRESH", None)

    def write(self, name: str, content: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def passed(self, part: str) -> int | None:
        return unchanged.passed_before(part, unchanged.digest(part))

    def remember_all(self) -> None:
        for part in unchanged.UNSEEN:
            unchanged.remember(part, unchanged.digest(part), 7)

    def test_a_new_clone_has_passed_nothing(self) -> None:
        self.assertIsNone(self.passed("cpp"))

    def test_what_passed_and_did_not_change_has_passed(self) -> None:
        self.remember_all()
        self.assertEqual((self.passed("cpp"), self.passed("server")), (7, 7))

    def test_a_change_concerns_whoever_sees_it(self) -> None:
        for change in (
            lambda: self.write("server/b.py", "3"),
            lambda: self.write("server/new.py", ""),
            lambda: (self.root / "server/b.py").unlink(),
            lambda: (self.root / "server").rename(self.root / "other"),
        ):
            self.remember_all()
            change()
            self.assertIsNone(self.passed("server"))
        self.assertIsNone(self.passed("cpp"), "a folder that nobody named is seen by all")

    def test_folders_that_a_part_does_not_see(self) -> None:
        self.remember_all()
        self.write("server/b.py", "3")
        self.write("build/c.o", "4")
        self.assertEqual(self.passed("cpp"), 7)

    def test_a_change_while_it_ran_is_not_covered(self) -> None:
        before = unchanged.digest("cpp")
        self.write("include/a.hpp", "5")
        unchanged.remember("cpp", before, 7)
        self.write("include/a.hpp", "1")
        self.assertIsNone(self.passed("cpp"))

    def test_a_failure_is_not_forgotten_but_what_passed_is(self) -> None:
        self.remember_all()
        unchanged.forget("cpp")
        self.assertEqual((self.passed("cpp"), self.passed("server")), (None, 7))

    def test_fresh_runs_everything(self) -> None:
        self.remember_all()
        os.environ["FRESH"] = "1"
        self.assertIsNone(self.passed("cpp"))

    def test_without_git_everything_runs(self) -> None:
        self.remember_all()
        subprocess.run(["rm", "-rf", self.root / ".git"], check=True)
        with mock.patch.dict(os.environ, {"GIT_CEILING_DIRECTORIES": str(self.root.parent)}):
            self.assertIsNone(self.passed("cpp"))


if __name__ == "__main__":
    unittest.main()
