"""A bot in Python 3.9 or newer, without any package. To run it:  SECRET=whsec_… python3 bot.py"""
import base64, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))

def answer(kind, message):
    if kind == "message.text":
        return {"text": "你说：" + message["content"]}
    return {"silence": True}

def is_signed(headers, body):
    id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    digest = hmac.digest(SECRET, f"{id}.{sent_at}.".encode() + body, "sha256")
    expected = b"v1," + base64.b64encode(digest)
    given = headers.get("webhook-signature", "").encode().split()
    is_right = any(hmac.compare_digest(expected, signature) for signature in given)
    return is_right and abs(time.time() - int(sent_at)) < 300

class Bot(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not is_signed(self.headers, body):
            return self.send_error(401)
        push = json.loads(body)
        reply = json.dumps(answer(push["type"], push["data"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(reply.encode())

def serve():
    address = ("127.0.0.1", int(os.environ.get("PORT", 9000)))
    ThreadingHTTPServer.request_queue_size = 100  # more than 5 may write at the same moment
    ThreadingHTTPServer(address, Bot).serve_forever()

if __name__ == "__main__":
    serve()
