"""Programs as people write them for pycrdt.

Each has `main(crdt)`, which takes the module that it runs on and returns what it saw. Texts whose
indexes matter are ASCII, because pycrdt counts UTF-8 bytes and ropewalk characters.
"""
