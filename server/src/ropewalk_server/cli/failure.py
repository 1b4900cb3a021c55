"""What ends a command with a sentence instead of a trace."""


class Failure(Exception):
    """Something that the caller of the command has to put right."""
