"""The platform, played with WeRoBot: its signature, its `MessageCrypt`, its parser."""

from importlib.metadata import version

import xmltodict
from werobot.crypto import MessageCrypt
from werobot.parser import parse_xml
from werobot.utils import get_signature

import peer


class WeRoBot:
    name = f"WeRoBot {version('WeRoBot')}"

    def __init__(self, token, app_id, aes_key):
        self.token = token
        self.crypt = MessageCrypt(token, aes_key, app_id) if aes_key else None

    def signature(self, timestamp, nonce):
        return get_signature(self.token, timestamp, nonce)

    def seal(self, document, timestamp, nonce):
        envelope = xmltodict.parse(self.crypt.encrypt_message(document, timestamp, nonce))["xml"]
        return envelope["Encrypt"], envelope["MsgSignature"]

    def open(self, _reply, envelope):
        """Raises InvalidSignature or AppIdValidationError."""
        return self.crypt.decrypt_message(
            envelope["TimeStamp"], envelope["Nonce"], envelope["MsgSignature"], envelope["Encrypt"]
        )

    def read(self, document):
        reply = parse_xml(document)
        return {**reply, **reply.get("Image", {})}


if __name__ == "__main__":
    peer.main(WeRoBot)
