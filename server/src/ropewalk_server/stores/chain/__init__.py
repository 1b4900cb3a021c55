"""The contract on any place that can write one row on condition that nobody else has: rows of a
table in DynamoDB, objects in S3.

store.py     ChainStore: the contract, in the event loop
tables.py    what it asks of a table, and of a place for large things
forms.py     the forms and the keys of what is stored
loading.py   a document as it is now: its head and its log
reading.py   what read(), epochs() and save points give
writing.py   appends: writers of one document go together, and take turns with other processes
changing.py  compactions, ends of epochs, save points
mending.py   what is damaged is noted, and what is left put in order
verifying.py all of a document
asking.py    news of documents by asking for them
blobs.py     large things in the parts of a table

A document is a head and a chain of rows. Each row has some entries, and its key is the number of
the first: the next row can only be the one behind the last entry, and one writer can have written
it. So an append is one conditional write, and nothing is locked. An epoch ends with a row, too,
which holds the head of the next: whoever comes upon it writes that head if nobody has.

Rows and snapshots that are not needed any more are buried: what they held is erased, but the key
stays for a day or more, longer than any writer believes what it knows about the end of a chain.
"""
