"""What Nova refuses, in its words. Source: nova/exception.py, nova/api/openstack/compute/."""

from __future__ import annotations

from vipkeeper.lab.api.errors import Refusal


def not_found(what: str, id: str) -> Refusal:
    return Refusal(404, "itemNotFound", f"{what} {id} could not be found.")


def bad_request(message: str) -> Refusal:
    return Refusal(400, "badRequest", message)


def conflict(message: str) -> Refusal:
    return Refusal(409, "conflictingRequest", message)


def forbidden(message: str) -> Refusal:
    return Refusal(403, "forbidden", message)


def attachment_failed(server: str) -> Refusal:
    return Refusal(500, "computeFault", f"Failed to attach network adapter device to {server}")


def wrong_state(action: str, server: str, attribute: str, state: str) -> Refusal:
    return conflict(f"Cannot '{action}' instance {server} while it is in {attribute} {state}")


def policy(rule: str) -> Refusal:
    return forbidden(f"Policy doesn't allow {rule} to be performed.")


def no_metadata_item() -> Refusal:
    return Refusal(404, "itemNotFound", "Metadata item was not found")
