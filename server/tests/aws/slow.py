"""A function that takes its time."""

import time


def sleep(event, context):
    time.sleep(event)
