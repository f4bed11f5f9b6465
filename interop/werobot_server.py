"""A server that was made for the platform, with WeRoBot: it stands behind the relay, and says what the default bot says; or
the simulated platform pushes to it.

By hand: `python interop/werobot_server.py --help`.
"""

import argparse
import socketserver
import time
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from werobot import WeRoBot
from werobot.replies import ImageReply

import peer


def main():
    parser = argparse.ArgumentParser(description="Answers as a server that was made for the platform.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--app-id", help="for safe mode")
    parser.add_argument("--aes-key", help="EncodingAESKey, for safe mode")
    parser.add_argument("--naive", action="store_true", help="leave `]]>` in texts to WeRoBot, as its users do")
    parser.add_argument("--slow", type=float, default=0, help="how many seconds the text 慢 takes")
    options = parser.parse_args()
    keys = {"app_id": options.app_id, "encoding_aes_key": options.aes_key} if options.aes_key else {}
    robot = WeRoBot(token=options.token, enable_session=False, **keys)

    @robot.text
    def say(message):
        if message.content == "慢":
            time.sleep(options.slow)
        # WeRoBot writes a text into one CDATA section, whatever is in it.
        return message.content if options.naive else message.content.replace("]]>", "]]]]><![CDATA[>")

    @robot.image
    def show(message):
        return ImageReply(message=message, media_id=message.MediaId)

    @robot.subscribe
    def greet(_message):
        return peer.WELCOME

    with make_server("127.0.0.1", options.port, robot.wsgi, Server, Silent) as server:
        server.serve_forever()


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    main()
