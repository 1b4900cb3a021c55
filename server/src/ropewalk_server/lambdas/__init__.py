"""The server as functions of AWS Lambda: nothing is kept in a process that another could not do
without.

handlers.py     what AWS calls: connect, disconnect, default, stream, cleanup, http
edge.py         Lambda@Edge, on its own: who may see the page, and where sockets go
app.py          what a process keeps from one event to the next: clients, settings, caches
doors.py        who connects and who disconnects
sockets.py      a message of a WebSocket: its session is thawed, told, and frozen again
frozen.py       a connection as values
connections.py  the table of connections, of who is in which document, and of what is on its way
place.py        a document as sessions see it, for the length of an event
hall.py         what else sessions ask for
telling.py      what is said to one connection by whoever has its row
copies.py       what is in a document, by merging updates: no document is built
fanout.py       what has changed, to everybody who is there
management.py   @connections: what is sent to a client
transfers.py    long messages, on their way in either direction
streaming.py    what the stream of the table says: the back-stop of the fan-out
cleaning.py     what nobody has cleaned up, by the clock
rest.py         the HTTP API
clock.py        what time it is
telemetry.py    metrics as CloudWatch reads them from the log

Sessions, codecs, presence, epochs and stores are those of the server; here is what takes the place
of a process that lives.
"""
