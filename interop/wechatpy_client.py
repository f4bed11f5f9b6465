"""The calls of `wechatpy_calls.json`, made by wechatpy against a server that records them.

The calls of case 7 go to `/7` below the server's address. What the answers are does not count.
"""

import argparse
import base64
import json
import re
from pathlib import Path

from wechatpy import WeChatClient
from wechatpy.oauth import WeChatOAuth

APP_ID = "wx3aea277d7b497b65"
SECRET = "5f1c3b0e9d7a48c2b6e4f80a1d23c795"


def redirected(session, url):
    """Sends what a session sends to the platform to this address."""
    send = session.request

    def request(method, address, **options):
        send.n_sent += 1
        return session_request(method, re.sub(r"^https://[^/]+", send.url, address), **options)

    session_request, send = session.request, argparse.Namespace(url=url, n_sent=0)
    session.request = lambda method, url, **options: request(method, url, **options)
    return send


def argument(value):
    """A file is `(name, bytes, type)`, as requests takes it."""
    if isinstance(value, dict) and "file" in value:
        file = value["file"]
        return file["name"], base64.b64decode(file["data"]), file["content_type"]
    return value


def call(case, url):
    client = WeChatClient(APP_ID, SECRET, access_token="TOKEN_1-a")
    client.oauth = WeChatOAuth(APP_ID, SECRET, "https://bot.example.com/")
    sent = [redirected(session, url) for session in (client._http, client.oauth._http)]
    group, name = case["theirs"].split(".")
    try:
        getattr(getattr(client, group), name)(*map(argument, case["args"]))
    except (KeyError, TypeError) as error:
        # It misses something in the answer; the request has been made.
        if not sum(each.n_sent for each in sent):
            raise SystemExit(f"{case['theirs']} cannot be called: {error!r}") from error


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    options = parser.parse_args()
    cases = json.loads(Path(__file__).with_name("wechatpy_calls.json").read_text("utf-8"))
    for number, case in enumerate(cases):
        call(case, f"{options.url}/{number}")


if __name__ == "__main__":
    main()
