"""What openstacksdk, keystoneauth and requests raise, as :class:`~vipkeeper.errors.CloudError`.

They have three trees of exceptions that know nothing of each other: an endpoint that is down
raises keystoneauth's, a refusal openstacksdk's, and some that concern the answer's body are
requests' own.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk

from vipkeeper.errors import CloudError

Json = Any

AUTHENTICATE = "authenticate"

_UNCERTAIN = frozenset((404, 408, 409, 412, 423, 425, 429))
_FINAL_TYPES = frozenset(("OverQuota",))
"""Refused with 409, and not because of what somebody else did at the same time."""
_LONGEST_WORDS = 300


class CallError(CloudError):
    """A request that failed.

    Attributes:
        type: Neutron's name of the refusal, as ``OverQuota``; empty where there is none.
        transient: whether it may go another way when the cloud has been looked at again.
        retry_after_s: when the cloud wants to be asked again; None where it does not say.
    """

    def __init__(
        self,
        operation: str,
        words: str,
        *,
        status: int | None = None,
        request_id: str = "",
        remedy: str = "",
        type: str = "",
        transient: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(operation, words, status=status, request_id=request_id, remedy=remedy)
        self.type = type
        self.transient = transient
        self.retry_after_s = retry_after_s


def is_transient(error: CloudError) -> bool:
    return isinstance(error, CallError) and error.transient


def retry_after_s(error: CloudError) -> float | None:
    return error.retry_after_s if isinstance(error, CallError) else None


def refusal(operation: str, response: requests.Response) -> CallError:
    """What an answer of 400 and more says."""
    status = response.status_code
    type, words = _said(response)
    transient = (status in _UNCERTAIN or status >= 500) and type not in _FINAL_TYPES
    return CallError(
        operation,
        words,
        status=status,
        request_id=_request_id(response),
        remedy=_remedy(status, type),
        type=type,
        transient=transient,
        retry_after_s=_retry_after(response.headers.get("Retry-After", "")),
    )


def nonsense(operation: str, response: requests.Response | None, what: str) -> CallError:
    """An answer that is none of that service: a proxy's page, half a document."""
    text = _plain(response.text) if response is not None else ""
    return CallError(
        operation,
        f"{what}: {text!r}" if text else what,
        status=response.status_code if response is not None else None,
        request_id=_request_id(response) if response is not None else "",
        remedy="is this the service's own address? openstack catalog list",
        transient=True,
    )


@contextmanager
def reported(operation: str) -> Iterator[None]:
    """Whatever a call raises is raised as a CloudError."""
    try:
        yield
    except CloudError:
        raise
    except (
        sdk.SDKException,
        keystone.ClientException,
        requests.RequestException,
        OSError,
    ) as error:
        raise _translated(operation, error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # keystoneauth and openstacksdk take a token's or a version's document for granted.
        words = f"the answer is not what the service gives ({type(error).__name__}: {error})"
        raise CallError(operation, words, transient=True) from error


def _translated(operation: str, error: Exception) -> CallError:
    response = getattr(error, "response", None)
    if isinstance(response, requests.Response) and response.status_code >= 400:
        return refusal(operation, response)
    words = _words(error)
    if any(isinstance(one, ssl.SSLError) for one in _chain(error)):
        return CallError(operation, words, remedy="set cacert (OS_CACERT) to the CA of the cloud")
    if isinstance(error, keystone.ConnectTimeout):  # a time-out while it is read, too
        remedy = "is the cloud slow? set api_timeout (seconds) for it in clouds.yaml"
        return CallError(operation, words, remedy=remedy, transient=True)
    if isinstance(error, _NO_SERVICE):
        remedy = "what the cloud has, and in which region: openstack catalog list"
        return CallError(operation, words, remedy=remedy)
    if isinstance(error, keystone.HttpError):
        status = error.http_status or None
        request_id = error.request_id or ""
        transient = isinstance(error, keystone.HttpServerError)
        words = re.sub(r" \((HTTP \d+|Request-ID: [^)]*)\)", "", words)
        return CallError(
            operation,
            words,
            status=status,
            request_id=request_id,
            remedy=_remedy(status or 0, ""),
            transient=transient,
        )
    if isinstance(error, _UNREACHABLE):
        remedy = "can it be reached from here? openstack catalog list tells the addresses"
        if operation == AUTHENTICATE:
            remedy = "check auth_url (OS_AUTH_URL), and that it can be reached from here"
        return CallError(operation, words, remedy=remedy, transient=True)
    remedy = "try the same cloud with: openstack token issue"
    return CallError(operation, words, remedy=remedy)


def _words(error: Exception) -> str:
    """What it says: of a connection what failed below, instead of the whole stack's names."""
    said = str(getattr(error, "message", None) or error)
    if cause := _lowest(error):
        said = re.sub(r"(HTTPS?Connection(Pool)?\(|\('Connection).*", lambda _: cause, said)
    return _plain(said) or type(error).__name__


def _lowest(error: BaseException) -> str:
    """The words of the system call, or of TLS, that all of it goes back to."""
    below = [one for one in _chain(error) if not isinstance(one, requests.RequestException)]
    said = [one.strerror or str(one) for one in below if isinstance(one, OSError)]
    return said[-1] if said else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    one = error.__cause__ or error.__context__
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


_NO_SERVICE = (
    keystone.EndpointNotFound,
    keystone.EmptyCatalog,
    sdk.ServiceDisabledException,
    sdk.EndpointNotFound,
    sdk.NotSupported,
)
_UNREACHABLE = (
    keystone.ConnectionError,
    keystone.DiscoveryFailure,
    requests.RequestException,
    OSError,
)


def is_no_service(error: CloudError) -> bool:
    """Whether the cloud does not have the service at all."""
    return isinstance(error.__cause__, _NO_SERVICE)


def _said(response: requests.Response) -> tuple[str, str]:
    """Type and words of a refusal.

    Neutron: ``{"NeutronError": {type, message, detail}}``; Keystone: ``{"error": {message}}``;
    Nova: ``{"badRequest": {message}}``; a proxy before them: a page of HTML.
    """
    reason = response.reason or f"status {response.status_code}"
    try:
        answer = response.json()
    except ValueError:
        return "", _plain(response.text) or reason
    parts = [answer, *answer.values()] if isinstance(answer, dict) else [answer]
    for part in parts:
        if isinstance(part, dict) and isinstance(part.get("message"), str):
            return str(part.get("type") or ""), _plain(part["message"]) or reason
    texts = [part for part in parts if isinstance(part, str)]
    return "", _plain(" ".join(texts)) or reason


def _plain(text: str) -> str:
    """One line without tags."""
    line = " ".join(re.sub(r"<[^<>]+>", " ", text).split())
    return line if len(line) <= _LONGEST_WORDS else f"{line[:_LONGEST_WORDS]}..."


def _retry_after(said: str) -> float | None:
    """``Retry-After``: seconds, or a date (RFC 9110 10.2.3); None where it is neither."""
    if said.strip().isdecimal():
        return float(said)
    try:
        date = parsedate_to_datetime(said)
    except ValueError:
        return None
    if date.tzinfo is None:  # "-0000": UTC all the same
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _request_id(response: requests.Response) -> str:
    headers = response.headers
    found = headers.get("x-openstack-request-id") or headers.get("x-compute-request-id")
    return str(found or "")


def _remedy(status: int, type: str) -> str:
    if type == "OverQuota":
        return "delete what is not needed, or ask for more: openstack quota show --usage"
    return {
        401: "check the cloud's user, password and project: openstack token issue",
        403: "the cloud's policy wants another role, or the network's owner",
        413: "wait: the cloud limits how often it is asked",
        429: "wait: the cloud limits how often it is asked",
        503: "the cloud says that it is out of service for the moment",
    }.get(status, "")
