"""bot.py, but it thinks for as many seconds as the text says: 0.1, 3, 60 … To see what followers see meanwhile."""
import time

import bot

def answer(kind, message):
    if kind != "message.text":
        return {"silence": True}
    try:
        seconds = float(message["content"])
    except ValueError:
        return {"text": "请发一个数字，比如 8"}
    time.sleep(min(max(seconds, 0), 600))
    return {"text": f"想了 {message['content']} 秒，这是回答。"}

bot.answer = answer
bot.serve()
