"""A collaboration server for every Yjs client, on the Ropewalk engine."""
