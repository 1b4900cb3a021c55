"""Documents in DynamoDB: rows of a chain (stores/chain), one conditional write for each append.

store.py     DynamoStore, and what its URL says
table.py     the rows: items of one table, or of a table for each document
calls.py     DynamoDB's protocol
streams.py   what other processes have written, from the table's stream
creating.py  tables, as `ropewalk store create` makes them
"""

from ropewalk_server.stores.dynamodb.store import DynamoStore

__all__ = ["DynamoStore"]
