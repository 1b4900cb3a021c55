"""What goes over a connection: bytes and text to messages and back. Nothing here waits or sends."""
