"""What AWS is to our functions, on one's own machine, with the limits it has there.

settings.py    what can be set, and the limits
clock.py       the time, which a test may drive
zygote.py      a process that others are forked from, so that one that is killed is soon replaced
runtime.py     what runs a function in such a process
functions.py   processes of functions: woken, frozen, killed, timed
gateway.py     the WebSocket API: routes, connection ids, closes, @connections
front.py       the port: HTTP, sockets, and what answers at which path
edge.py        CloudFront: its viewer-request function, and the page
sources.py     DynamoDB's streams to the function that reads them, at least once
expiry.py      what DynamoDB drops when its time has come
services.py    DynamoDB Local and S3, started and stopped
issuer.py      who signs tokens
emulator.py    all of it together
"""
