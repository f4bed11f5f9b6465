"""The server of the tutorials, written anew with Flask: the simulated platform pushes to it.

It is as naive as they are: replies are put together from strings, whatever is in them, and every delivery does its work again.
By hand: `python interop/flask_server.py --help`.
"""

import argparse
import hashlib
import logging
import time
from xml.etree import ElementTree

from flask import Flask, request
from werkzeug.serving import run_simple

parser = argparse.ArgumentParser(description="Answers as the server of the tutorials.")
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--token", required=True)
parser.add_argument("--slow", type=float, default=0, help="how many seconds the text 慢 takes")
options = parser.parse_args()
app = Flask(__name__)


@app.route("/wx", methods=["GET", "POST"])
def wx():
    parts = sorted([options.token, request.args.get("timestamp", ""), request.args.get("nonce", "")])
    if hashlib.sha1("".join(parts).encode()).hexdigest() != request.args.get("signature"):
        return "wrong signature", 403
    if request.method == "GET":
        return request.args.get("echostr", "")
    message = ElementTree.fromstring(request.data)
    kind = message.findtext("MsgType")
    if kind == "event" and message.findtext("Event") == "subscribe":
        return reply(message, "text", "<Content><![CDATA[Hi~ 终于等到你]]></Content>")
    if kind == "text":
        content = message.findtext("Content")
        if content == "慢":
            time.sleep(options.slow)
        return reply(message, "text", f"<Content><![CDATA[{content}]]></Content>")
    if kind == "image":
        return reply(message, "image", f"<Image><MediaId><![CDATA[{message.findtext('MediaId')}]]></MediaId></Image>")
    return "success"


def reply(message, kind, content):
    return (f"<xml><ToUserName><![CDATA[{message.findtext('FromUserName')}]]></ToUserName>"
            f"<FromUserName><![CDATA[{message.findtext('ToUserName')}]]></FromUserName>"
            f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{content}</xml>")


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    run_simple("127.0.0.1", options.port, app, threaded=True)
