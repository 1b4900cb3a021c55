"""Calls to AWS, and to what speaks like it, with asyncio and the standard library alone.

signing.py       Signature Version 4
credentials.py   where keys come from: the environment, a container, a machine, or botocore
http.py          HTTP/1.1 over connections that are kept
service.py       one service of one region: time-outs, retries with jitter, a circuit breaker

botocore would do, at a price that a Lambda function pays at each cold start: on the machine where
this was written `import boto3` and its first client took six times as long as all else that is
needed until the first update is merged, and each call three times the work of this. The two
protocols that stores need, JSON for DynamoDB and REST for S3, are a few hundred lines.
"""
