"""python -m ropewalk: updates in files."""

from ._cli import main

raise SystemExit(main())
