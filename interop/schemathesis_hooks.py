"""What schemathesis has to know of the API beside its description."""

import os
from urllib.parse import quote

import schemathesis

# Bytes of 1024 characters, the most that any parameter may have, when each is written as four percent-encoded bytes.
LONGEST_RIGHT = 1024 * 12


@schemathesis.serializer("application/toml")
def toml(_context, value):
    """A document is sent as the text that it is."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else str(value).encode()


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """It must not revoke the key that it asks with."""
    own = os.environ["ECHOSTR_KEY_ID"]
    if own in (case.path_parameters or {}).values():
        case.path_parameters["id"] = "k_00000000"
    # A head of more than 16 KiB never reaches the API: the HTTP library refuses it. What is too long may be so in fewer bytes.
    for name, value in (case.query or {}).items():
        if isinstance(value, str) and len(quote(value, errors="replace")) > LONGEST_RIGHT:
            case.query[name] = "x" * (LONGEST_RIGHT // 12 + 1)
