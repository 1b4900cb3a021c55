"""What the tests of rooms, sessions and sockets share."""
