"""Connections: what each may say, and in which order."""
