"""How schemathesis sends a document in TOML: as the text that it is."""

import schemathesis


@schemathesis.serializer("application/toml")
def toml(_context, value):
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else str(value).encode()
