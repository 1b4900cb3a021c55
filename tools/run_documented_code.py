#!/usr/bin/env python3
"""Compiles and runs the C++ in README.md and docs/, so that what people copy works.

A block fenced as ```cpp that has a main() is a program. The other such blocks of one file are
read in order as one program: their #include lines first, then the rest as the body of main().
Assertions in them are on. The engine is compiled once for all of them, as ropewalk::ropewalk and
ropewalk::storage are; that the headers alone do is what tests/consumer shows.

usage: run_documented_code.py [--compiler c++] [--work folder] [file.md...]
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PREAMBLE = "#undef NDEBUG\n#include <cassert>\n"


def programs(document: Path) -> list[tuple[str, str]]:
    """(name, source) of each program in the document; #line leads errors back to it."""
    text = document.read_text(encoding="utf-8")
    found: list[tuple[str, str]] = []
    includes: list[str] = []
    body: list[str] = []
    for match in BLOCK.finditer(text):
        code = match.group(1)
        line = text.count("\n", 0, match.start(1)) + 1
        place = f'#line {line} "{document}"\n'
        if re.search(r"^int main\(", code, re.MULTILINE):
            found.append((f"{document.stem}_{line}", PREAMBLE + place + code))
            continue
        lines = code.splitlines(keepends=True)
        includes += [each for each in lines if each.startswith("#include")]
        # Kept as empty lines, so that the numbers stay right.
        body.append(place + "".join("\n" if each.startswith("#include") else each for each in lines))
    if body:
        source = PREAMBLE + "".join(includes) + "int main() {\n" + "".join(body) + "}\n"
        found.append((f"{document.stem}_fragments", source))
    return found


def compile_engine(compiler: list[str], work: Path) -> list[Path]:
    """The objects of src/, which every program is linked with."""
    objects = []
    for source in sorted((ROOT / "src").glob("*.cpp")):
        objects.append(work / f"engine_{source.stem}.o")
        subprocess.run([*compiler, "-c", str(source), "-o", str(objects[-1])], check=True)
    return objects


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--work", type=Path, default=None)
    parser.add_argument("documents", type=Path, nargs="*")
    options = parser.parse_args()
    documents = options.documents or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    work = options.work or Path(tempfile.mkdtemp(prefix="ropewalk-"))

    compiler = [options.compiler, "-std=c++20", "-Wall", "-DROPEWALK_COMPILED=1", "-I", str(ROOT / "include")]
    engine = [str(each) for each in compile_engine(compiler, work)]
    passed = failed = 0
    for document in documents:
        for name, source in programs(document):
            file = work / f"{name}.cpp"
            file.write_text(source, encoding="utf-8")
            program = file.with_suffix("")
            compile_ = [*compiler, str(file), *engine, "-o", str(program)]
            for command in (compile_, [str(program)]):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    print(f"{name}: {' '.join(command)}\n{done.stdout}{done.stderr}")
                    failed += 1
                    break
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
