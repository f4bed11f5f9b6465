"""The platform, played with wechatpy: its signer, its `WeChatCrypto`, its parser of replies."""

from importlib.metadata import version

import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import deserialize_reply
from wechatpy.utils import WeChatSigner

import peer


class Wechatpy:
    name = f"wechatpy {version('wechatpy')}"

    def __init__(self, token, app_id, aes_key):
        self.token = token
        self.crypto = WeChatCrypto(token, aes_key, app_id) if aes_key else None

    def signature(self, timestamp, nonce):
        signer = WeChatSigner()
        signer.add_data(self.token, timestamp, nonce)
        return signer.signature

    def seal(self, document, timestamp, nonce):
        envelope = xmltodict.parse(self.crypto.encrypt_message(document, nonce, timestamp))["xml"]
        return envelope["Encrypt"], envelope["MsgSignature"]

    def open(self, reply, envelope):
        """Raises InvalidSignatureException or InvalidAppIdException."""
        return self.crypto.decrypt_message(reply, envelope["MsgSignature"], envelope["TimeStamp"], envelope["Nonce"])

    def read(self, document):
        reply = deserialize_reply(document)
        return {
            "ToUserName": reply.target,
            "FromUserName": reply.source,
            "MsgType": reply.type,
            "Content": getattr(reply, "content", None),
            "MediaId": getattr(reply, "media_id", None),
        }


if __name__ == "__main__":
    peer.main(Wechatpy)
