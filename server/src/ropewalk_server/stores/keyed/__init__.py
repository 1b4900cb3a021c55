"""The contract on any database that can change the records of one document together, on condition
that the document is still what it was.

store.py     KeyedStore: the contract, in the event loop
database.py  what it asks of a database
plans.py     what each call would write, worked out from the head of the document
lines.py     writes of one document take turns, and those that wait together go together
news.py      who is told of what has landed, here and in other processes
damage.py    records that are not what was written: found, set aside, and what is left put in order
writing.py   each write made of the head as it is, damage set aside among them
calling.py   calls that are tried again, and refused while nothing answers
tasks.py     ending of tasks that run for ever

A document is a head (heads.py) and records under keys of a kind and two numbers. Every write is one
compare-and-set on the head: nothing is locked, who loses looks again.
"""
