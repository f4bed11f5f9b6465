"""Plays the platform against a running server, with the cipher and the parser of another library.

The peers beside this file bring the library, this file brings the exchange: a handshake, then texts, an image and a
follow, each pushed as the platform pushes it, each answer compared with what the default bot `echo` must say.
A peer runs by hand against any address: `python interop/wechatpy_peer.py --help`.
"""

import argparse
import http.client
import json
import pathlib
import random
import sys
import time
from urllib.parse import urlencode, urlsplit

import xmltodict

ACCOUNT = "gh_0123456789ab"
WELCOME = "Hi~ 终于等到你"
TEXTS = json.loads(pathlib.Path(__file__).with_name("texts.json").read_text("utf-8"))
# AES works on 16 bytes, the platform pads to 32: every remainder must be met.
BLOCK = 32
# The platform allows a text 2048 bytes; the last word and the filler may still come on top of this.
LONGEST_TEXT = 1950


def main(library_class):
    """Runs one peer in one mode and ends the process: 0 if everything was answered as it must be."""
    options = arguments()
    library = library_class(options.token, options.app_id, options.aes_key)
    title = f"{library.name}, {options.mode} mode, seed {options.seed}"
    try:
        checked, remainders = exchange(Platform(options, library), options, title)
    except Mismatch as mismatch:
        sys.exit(f"{title}: {mismatch}")
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"{title}: no answer from {options.url}: {error!r}")
    if checked < options.messages or checked == 0:
        sys.exit(f"{title}: only {checked} of {options.messages} texts were checked")
    if options.mode != "plain" and checked >= BLOCK and len(remainders) != BLOCK:
        sys.exit(f"{title}: the texts met only {len(remainders)} of {BLOCK} lengths around a block border")
    print(f"{title}: handshake, {checked} texts, image, follow: all answered as expected")


def arguments():
    parser = argparse.ArgumentParser(description="Plays the platform against a running server.")
    parser.add_argument("--url", required=True, help="push address of the account, http://HOST:PORT/mp/ID")
    parser.add_argument("--mode", required=True, choices=["plain", "compatible", "safe"])
    parser.add_argument("--token", required=True)
    parser.add_argument("--app-id", default="", help="for compatible and safe mode")
    parser.add_argument("--aes-key", default="", help="EncodingAESKey, for compatible and safe mode")
    parser.add_argument("--messages", type=int, default=200, help="how many texts are pushed (200)")
    parser.add_argument("--seed", default=str(time.time_ns()), help="repeats an earlier run (default: from the clock)")
    return parser.parse_args()


def exchange(platform, options, title):
    """The whole conversation. Returns the number of texts checked and the block remainders that they met."""
    chance = random.Random(title)
    follower = "o" + "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", k=27))
    msg_id = chance.randrange(10**16, 10**17)
    from_follower = {"ToUserName": ACCOUNT, "FromUserName": follower, "CreateTime": int(time.time())}

    platform.handshake(str(chance.randrange(10**18, 10**19)))
    platform.handshake("any text+/=&%<echostr>回音")

    checked, remainders = 0, set()
    for number in range(options.messages):
        message = {**from_follower, "MsgType": "text", "Content": random_text(chance), "MsgId": msg_id + number}
        buffer = 20 + len(document(message).encode()) + len(options.app_id)
        message["Content"] += "x" * ((number - buffer) % BLOCK)
        remainders.add((20 + len(document(message).encode()) + len(options.app_id)) % BLOCK)
        answer = platform.push(message)
        compare(message, answer, {"MsgType": "text", "Content": message["Content"]})
        checked += 1

    image = {**from_follower, "MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/mmbiz_jpg/a/0?wx_fmt=jpeg&tp=1",
             "MediaId": "b-J_7t<&>8", "MsgId": msg_id + options.messages}
    compare(image, platform.push(image), {"MsgType": "image", "MediaId": image["MediaId"]})

    follow = {**from_follower, "MsgType": "event", "Event": "subscribe", "EventKey": ""}
    answer = platform.push(follow)
    compare(follow, answer, {"MsgType": "text"})
    if WELCOME not in answer["Content"]:
        raise Mismatch(follow, "Content", f"a text with {WELCOME}", answer["Content"])
    return checked, remainders


class Platform:
    """The platform's end of the wire, for one account in one mode."""

    def __init__(self, options, library):
        address = urlsplit(options.url)
        self.connection = http.client.HTTPConnection(address.netloc, timeout=10)
        self.path = address.path
        self.mode = options.mode
        self.library = library

    def handshake(self, echostr):
        query = {**self.signed(), "echostr": echostr}
        status, body = self.send("GET", query)
        if (status, body) != (200, echostr.encode()):
            raise Mismatch("the handshake", "answer", (200, echostr.encode()), (status, body))

    def push(self, message):
        """Pushes one message and returns the reply as the library reads it."""
        query = {**self.signed(), "openid": message["FromUserName"]}
        body = document(message)
        if self.mode != "plain":
            encrypt, msg_signature = self.library.seal(body, query["timestamp"], query["nonce"])
            query |= {"encrypt_type": "aes", "msg_signature": msg_signature}
            clear = message if self.mode == "compatible" else {"ToUserName": message["ToUserName"]}
            body = document({**clear, "Encrypt": encrypt})
        status, reply = self.send("POST", query, body.encode())
        if status != 200:
            raise Mismatch(message, "status", 200, status)
        try:
            return self.library.read(reply.decode() if self.mode == "plain" else self.open(message, reply.decode()))
        except Mismatch:
            raise
        except Exception as error:
            raise Mismatch(message, "reply", f"one that {self.library.name} can read", f"{error!r} for {reply!r}")

    def open(self, message, reply):
        envelope = xmltodict.parse(reply)["xml"]
        if "Encrypt" not in envelope:
            raise Mismatch(message, "reply", "an encrypted one", reply)
        return self.library.open(reply, envelope)

    def signed(self):
        timestamp, nonce = str(int(time.time())), str(random.randrange(10**9))
        return {"signature": self.library.signature(timestamp, nonce), "timestamp": timestamp, "nonce": nonce}

    def send(self, method, query, body=None):
        headers = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"} if body else {}
        self.connection.request(method, f"{self.path}?{urlencode(query)}", body, headers)
        response = self.connection.getresponse()
        return response.status, response.read()


def document(children):
    """XML as the platform writes it: numbers bare, texts in CDATA."""
    parts = (f"<{name}>{value if isinstance(value, int) else cdata(value)}</{name}>" for name, value in children.items())
    return f"<xml>{''.join(parts)}</xml>"


def cdata(text):
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def random_text(chance):
    """A text of 1 to some 2000 bytes, most of them short. It neither begins nor ends with white space, which xmltodict,
    the parser of both Python libraries, strips."""
    size = LONGEST_TEXT ** chance.random()
    text = ""
    while len(text.encode()) < size:
        a_range = chance.choice(TEXTS["ranges"])
        text += chance.choice(TEXTS["words"]) if chance.random() < 0.7 else chr(chance.randint(*a_range))
    return text.strip() or "回音"


def compare(message, answer, expected):
    """The reply goes back to the follower, from the account, and says what is expected."""
    swapped = {"ToUserName": message["FromUserName"], "FromUserName": message["ToUserName"]}
    for name, value in {**swapped, **expected}.items():
        if answer.get(name) != value:
            raise Mismatch(message, name, value, answer.get(name))


class Mismatch(Exception):
    """An answer that is not what it must be, told so that the difference can be seen."""

    def __init__(self, message, name, expected, found):
        what = message if isinstance(message, str) else f"{message['MsgType']} {message.get('MsgId', message.get('Event'))}"
        lines = [f"{what}: `{name}` is not what it must be", f"  expected: {expected!r}", f"  found:    {found!r}"]
        if isinstance(expected, str) and isinstance(found, str):
            same = next((i for i, (a, b) in enumerate(zip(expected, found)) if a != b), min(len(expected), len(found)))
            if same > 0:
                lines.append(f"  from character {same}: {expected[same:same + 20]!r} became {found[same:same + 20]!r}")
        if isinstance(message, dict):
            lines.append(f"  pushed:   {document(message)!r}")
        super().__init__("\n".join(lines))
