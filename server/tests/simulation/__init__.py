"""The real server in a world that is made up: time, network, store and chance (T3)."""
