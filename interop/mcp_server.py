"""A server with the reference implementation of MCP: the tools of a language model, over streamable HTTP or on standard input
and output.

By hand: `python interop/mcp_server.py --help`.
"""

import argparse

from mcp.server import MCPServer

server = MCPServer("weather")


@server.tool()
def weather(city: str, days: int = 1) -> str:
    """The weather of a city."""
    return f"{city}：晴，{days} 天"


@server.tool()
def fail(city: str) -> str:
    """Knows no city."""
    raise ValueError(f"no city is called {city}")


def main():
    parser = argparse.ArgumentParser(description="Offers the tools `weather` and `fail`.")
    parser.add_argument("--port", type=int, help="listen there at 127.0.0.1; without it, speak on standard input and output")
    options = parser.parse_args()
    if options.port:
        server.run("streamable-http", host="127.0.0.1", port=options.port)
    else:
        server.run("stdio")


if __name__ == "__main__":
    main()
