"""What schemathesis has to know of the API beside its description."""

import os

import schemathesis


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
