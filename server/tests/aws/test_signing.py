"""Our signatures are botocore's: of a call of @connections, whose path is quoted twice, and of an address
that anybody may read for a while."""

import calendar
import hashlib
import time
from urllib.parse import parse_qs, urlsplit

from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from ropewalk_server.stores.aws.credentials import Credentials, Keys
from ropewalk_server.stores.aws.http import Response
from ropewalk_server.stores.aws.service import Service
from ropewalk_server.stores.aws.signing import Signer

HOST = "api.execute-api.eu-central-1.amazonaws.com"


def moment(stamp):
    return calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))


async def test_a_call_of_connections_is_signed_as_botocore_does(monkeypatch):
    body = b"some text"
    path = "/v1/@connections/L0SM9cOFvHcCIhw%3D"
    theirs = AWSRequest("POST", f"https://{HOST}{path}", data=body)
    theirs.headers["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
    SigV4Auth(BotoCredentials("key", "secret"), "execute-api", "eu-central-1").add_auth(theirs)
    stamp = theirs.headers["X-Amz-Date"]
    sent = []

    async def request(_self, method, target, headers, data):
        sent.append((method, target, headers, data))
        return Response(200, {}, b"")

    monkeypatch.setattr("ropewalk_server.stores.aws.http.Connections.request", request)
    monkeypatch.setattr("time.gmtime", lambda _=None, gmtime=time.gmtime: gmtime(moment(stamp)))
    credentials = Credentials()
    credentials._keys = Keys("key", "secret")
    service = Service("execute-api", f"https://{HOST}", "eu-central-1", credentials)
    await service.send("POST", path, {}, body)
    ((_, target, headers, _),) = sent
    assert target == path
    assert headers["authorization"] == theirs.headers["Authorization"]


def test_an_address_is_signed_as_botocore_does():
    path = "/bucket/answers/ab/0-1.v1"
    theirs = AWSRequest("GET", f"https://s3.example{path}")
    S3SigV4QueryAuth(BotoCredentials("key", "secret"), "s3", "eu-central-1", expires=300).add_auth(
        theirs
    )
    expected = {name: values[0] for name, values in parse_qs(urlsplit(theirs.url).query).items()}
    made = Signer("s3", "eu-central-1").presign(
        Keys("key", "secret"), "s3.example", path, 300, now=moment(expected["X-Amz-Date"])
    )
    assert made == expected
