"""Each rule of tools/check_layers.py, broken on purpose in a small tree."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from check_layers import check  # noqa: E402

SOUND = {
    "include/crdt/config.hpp": "#pragma once\n#include <cstdio>\n",
    "include/crdt/base/ids.hpp": '#pragma once\n#include "../config.hpp"\n',
    "include/crdt/store/store.hpp": (
        '#pragma once\n#include "../base/ids.hpp"\n#include "../impl/store/store.ipp"\n'
    ),
    "include/crdt/impl/store/store.ipp": '#include "../../base/ids.hpp"\n',
    "include/crdt/doc/doc.hpp": '#pragma once\n#include "../store/store.hpp"\n',
    "include/crdt/crdt.hpp": '#pragma once\n#include "doc/doc.hpp"\n',
    "src/ropewalk.cpp": "#include <crdt/crdt.hpp>\n",
}


class CheckLayers(unittest.TestCase):
    def findings(self, **changed: str) -> list[str]:
        files = SOUND | {name.replace("__", "/").replace("_", "."): c for name, c in changed.items()}
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            for name, content in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            return [f.removeprefix(f"{root}/") for f in check(root / "include" / "crdt")]

    def test_a_sound_tree_has_no_findings(self) -> None:
        self.assertEqual(self.findings(), [])

    def test_an_arrow_to_the_right(self) -> None:
        found = self.findings(
            include__crdt__base__ids_hpp='#pragma once\n#include "../store/store.hpp"\n'
        )
        self.assertEqual(
            found,
            ["include/crdt/base/ids.hpp:2: base/ includes store/, which is not to its left"],
        )

    def test_a_body_counts_as_its_room(self) -> None:
        found = self.findings(
            include__crdt__impl__store__store_ipp='#include "../../doc/doc.hpp"\n'
        )
        self.assertIn("impl/store/store.ipp:1: store/ includes doc/", found[0])

    def test_a_header_of_another_project(self) -> None:
        found = self.findings(include__crdt__base__ids_hpp="#pragma once\n#include <msgpack.hpp>\n")
        self.assertIn("<msgpack.hpp> is neither ours", found[0])

    def test_a_header_of_the_system_stays_with_the_files(self) -> None:
        code = "#pragma once\n#include <sys/mman.h>\n"
        self.assertEqual(self.findings(include__crdt__storage__files__mapped_hpp=code), [])
        found = self.findings(include__crdt__storage__log_hpp=code)
        self.assertIn("<sys/mman.h> is neither ours", found[0])
        found = self.findings(
            include__crdt__storage__files__mapped_hpp=code,
            include__crdt__crdt_hpp='#pragma once\n#include "storage/files/mapped.hpp"\n',
        )
        self.assertIn("crdt.hpp reaches it and so needs this system", found[0])

    def test_a_missing_guard_and_a_missing_file(self) -> None:
        found = self.findings(include__crdt__base__ids_hpp='#include "handle.hpp"\n')
        self.assertIn("#pragma once is missing", found[0])
        self.assertIn('"handle.hpp" names no file', found[1])

    def test_a_body_that_the_library_lacks(self) -> None:
        found = self.findings(include__crdt__impl__doc__doc_ipp="")
        self.assertEqual(
            found, ["include/crdt/impl/doc/doc.ipp:1: no file of src/ reaches it"]
        )

    def test_a_room_that_nobody_placed(self) -> None:
        found = self.findings(include__crdt__attic__box_hpp="#pragma once\n")
        self.assertIn("attic/ is no room", found[0])


if __name__ == "__main__":
    unittest.main()
