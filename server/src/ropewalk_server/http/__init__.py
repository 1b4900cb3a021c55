"""The doors: WebSocket endpoints, health, metrics, administration."""
