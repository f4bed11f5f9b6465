"""wechatpy's client calls the simulated platform: what it writes is read back.

The library is as it comes, but for the host that it calls. Where it is behind the platform's documents (`wechatpy_calls.json`
says where), its own `get` and `post` make the call. By hand: `python interop/wechatpy_simulated.py --help`.
"""

import argparse
import hashlib
import json
import re
import sys
import time
import traceback
from urllib.parse import parse_qs, urlsplit

from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException
from wechatpy.oauth import WeChatOAuth

from wechatpy_client import redirected

FEWEST_CALLS = 60
# Their first bytes say what they are, the rest is anything.
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(255, -1, -1))
AMR = b"#!AMR\n" + b"\x3c" + bytes(31)
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(64)


def main():
    parser = argparse.ArgumentParser(description="Calls a simulated platform and reads back what was written.")
    parser.add_argument("--url", required=True, help="where the simulator is: http://HOST:PORT")
    parser.add_argument("--app-id", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--follower", required=True, action="append",
                        help="somebody who follows and has just written; three are needed")
    parser.add_argument("--stranger", required=True, help="somebody known to the account who does not follow")
    options = parser.parse_args()
    sent, failed = 0, []
    for chapter in CHAPTERS:
        story = Story(options)
        try:
            chapter(story)
        except Exception as error:
            here = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == __file__]
            lines = [f"  line {frame.lineno}: {frame.line}" for frame in here[1:]]
            failed.append("\n".join([f"{chapter.__name__}: {error!s}", *lines]))
        sent += story.n_sent
    if failed:
        sys.exit("\n".join([f"{len(failed)} of {len(CHAPTERS)} chapters failed", *failed]))
    if sent < FEWEST_CALLS:
        sys.exit(f"only {sent} calls were made, {FEWEST_CALLS} are needed")
    print(f"wechatpy made {sent} calls in {len(CHAPTERS)} chapters, all answered as expected")


class Story:
    """A client of its own for each chapter, and what it knows."""

    def __init__(self, options):
        self.options = options
        self.followers, self.stranger = options.follower, options.stranger
        self.client = WeChatClient(options.app_id, options.secret, timeout=20)
        self.oauth = WeChatOAuth(options.app_id, options.secret, "https://bot.example.com/back", "snsapi_userinfo", "here")
        self.sessions = [redirected(session, options.url) for session in (self.client._http, self.oauth._http)]

    @property
    def n_sent(self):
        return sum(session.n_sent for session in self.sessions)

    def fetch(self, url, **params):
        """What a browser gets there; the platform's pages are at the simulator, too."""
        return self.client._http.request("get", url, params=params, allow_redirects=False, timeout=20)

    def file(self, media_id):
        return self.client.media.download(media_id).content


def same(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def part(found, expected):
    """These fields are as they should be; others do not count."""
    same({name: found.get(name) for name in expected}, expected)


def refused(errcode, call, *args, **options):
    try:
        answer = call(*args, **options)
    except WeChatClientException as error:
        return same(error.errcode, errcode)
    raise AssertionError(f"answered {answer!r}, expected errcode {errcode}")


def tokens(story):
    client, options = story.client, story.options
    first = client.access_token
    ips = client.misc.get_wechat_ips()
    assert ips and all(isinstance(ip, str) for ip in ips), ips
    client.fetch_access_token()
    second = client.access_token
    assert first != second, "each call makes a new token"
    # For five minutes both count.
    for token in (first, second):
        same(client.get("getcallbackip", params={"access_token": token})["ip_list"], ips)
    # One that does not count makes the library fetch another.
    client.session.set(client.access_token_key, "x" * 136)
    same(client.misc.get_wechat_ips(), ips)
    assert client.access_token not in (first, second, "x" * 136)
    ask = {"grant_type": "client_credential", "appid": options.app_id, "secret": options.secret}
    stable = [client.post("stable_token", data=ask, params={"access_token": ""}) for _ in range(2)]
    same(stable[0]["access_token"], stable[1]["access_token"])
    assert 0 < stable[1]["expires_in"] <= stable[0]["expires_in"] <= 7200, stable
    client.secret = "0" * 32
    refused(40125, client.fetch_access_token)
    assert "dns" in client.misc.check_network()


def menus(story):
    menu, [a, b, _] = story.client.menu, story.followers
    buttons = [
        {"type": "click", "name": "今日歌曲", "key": "V1"},
        {"name": "菜单", "sub_button": [{"type": "view", "name": "搜索", "url": "https://www.soso.com/"}]},
    ]
    own = [{"type": "click", "name": "会员", "key": "VIP"}]

    def bare(buttons):
        # The platform gives them back with an empty list where there is no sub-menu.
        left = [{**button, "sub_button": bare(button.get("sub_button", []))} for button in buttons]
        return [{name: value for name, value in button.items() if value not in ([], None)} for button in left]

    same(menu.create({"button": buttons})["errcode"], 0)
    same(bare(menu.get()["menu"]["button"]), buttons)
    same(menu.get_menu_info()["is_menu_open"], 1)
    tag = story.client.tag.create("会员菜单")["id"]
    story.client.tag.tag_user(tag, [a])
    menu_id = menu.add_conditional({"button": own, "matchrule": {"tag_id": str(tag)}})["menuid"]
    same([bare(each["button"]) for each in menu.get()["conditionalmenu"]], [own])

    def shown_to(open_id):
        answer = menu.try_match(open_id)
        return bare(answer["button"] if "button" in answer else answer["menu"]["button"])

    same(shown_to(a), own)
    same(shown_to(b), buttons)
    menu.del_conditional(str(menu_id))
    same(shown_to(a), buttons)
    refused(40018, menu.create, {"button": [{"type": "click", "name": "这个名字太长了不能用在菜单的按钮上面", "key": "V"}]})
    menu.delete()
    # Of errcode 46003 the library makes this.
    same(menu.get(), None)
    story.client.tag.delete(tag)


def tags(story):
    tag, user, [a, b, _] = story.client.tag, story.client.user, story.followers
    made = tag.create("广东")
    same(made["name"], "广东")
    part(next(each for each in tag.get() if each["id"] == made["id"]), {"name": "广东", "count": 0})
    refused(45157, tag.create, "广东")
    tag.tag_user(made["id"], [a, b])
    same(tag.get_user_tag(a), [made["id"]])
    same(tag.get_tag_users(made["id"])["data"]["openid"], [a, b])
    same(list(tag.iter_tag_users(made["id"])), [a, b])
    same(user.get(a)["tagid_list"], [made["id"]])
    tag.update(made["id"], "广东人")
    part(next(each for each in tag.get() if each["id"] == made["id"]), {"name": "广东人", "count": 2})
    tag.untag_user(made["id"], [a])
    same(tag.get_user_tag(a), [])
    tag.delete(made["id"])
    same([each for each in tag.get() if each["id"] == made["id"]], [])
    same(tag.get_user_tag(b), [])


def users(story):
    user, tag, [a, b, c] = story.client.user, story.client.tag, story.followers
    part(user.get(a), {"subscribe": 1, "openid": a, "remark": ""})
    user.update_remark(a, "熟客")
    same(user.get(a)["remark"], "熟客")
    same(user.get(story.stranger), {"subscribe": 0, "openid": story.stranger})
    both = user.get_batch([a, b])
    same([(each["openid"], each["remark"]) for each in both], [(a, "熟客"), (b, "")])
    part(user.get_followers(), {"total": 3, "count": 3, "data": {"openid": [a, b, c]}, "next_openid": c})
    same(user.get_followers(a)["data"]["openid"], [b, c])
    same(list(user.iter_followers()), [a, b, c])
    refused(40003, user.get, "o" + "x" * 27)
    tag.batch_black_list([c])
    same(tag.get_black_list()["data"]["openid"], [c])
    tag.batch_unblack_list([c])
    same(tag.get_black_list()["total"], 0)


def media(story):
    media = story.client.media
    for kind, name, content in [("image", "a.jpg", JPEG), ("image", "a.png", PNG), ("voice", "a.amr", AMR), ("thumb", "a.jpg", JPEG)]:
        made = media.upload(kind, (name, content))
        same(made["type"], kind)
        same(story.file(made["thumb_media_id" if kind == "thumb" else "media_id"]), content)
    video = media.upload("video", ("a.mp4", MP4))["media_id"]
    same(story.fetch(media.download(video)["video_url"]).content, MP4)
    image = media.upload("image", ("b.jpg", JPEG))["media_id"]
    same(story.fetch(media.get_url(image)).content, JPEG)
    same(story.fetch(media.upload_image(("in-article.png", PNG))).content, PNG)
    refused(40007, media.download, "no-such-media")
    refused(40113, media.upload, "image", ("a.jpg", b"this is no picture"))


def materials(story):
    material = story.client.material
    before = material.get_count()
    image = material.add("image", ("封面.jpg", JPEG))
    same(story.fetch(image["url"]).content, JPEG)
    same(material.get(image["media_id"]).content, JPEG)
    # The library puts the description into the query, the platform's page wants it in the form.
    about = (None, json.dumps({"title": "标题", "introduction": "介绍"}))
    video = story.client.post("material/add_material", params={"type": "video", "access_token": story.client.access_token},
                              files={"media": ("v.mp4", MP4), "description": about})["media_id"]
    found = material.get(video)
    part(found, {"title": "标题", "description": "介绍"})
    same(story.fetch(found["down_url"]).content, MP4)
    after = material.get_count()
    same(after["image_count"] - before["image_count"], 1)
    same(after["video_count"] - before["video_count"], 1)
    newest = material.batchget("image", 0, 1)
    part(newest, {"total_count": after["image_count"], "item_count": 1})
    part(newest["item"][0], {"media_id": image["media_id"], "name": "封面.jpg"})
    for made in (image["media_id"], video):
        material.delete(made)
        refused(40007, material.get, made)
    same(material.get_count(), before)


def article(story, title):
    thumb = story.client.material.add("image", ("cover.jpg", JPEG))["media_id"]
    return {"title": title, "author": "作者", "digest": "摘要", "content": "<p>正文</p>",
            "content_source_url": "https://bot.example.com/a", "thumb_media_id": thumb, "need_open_comment": True}


def drafts(story):
    draft = story.client.draft
    before = draft.count()["total_count"]
    first, second = article(story, "第一篇"), article(story, "第二篇")
    made = draft.add([first, second])["media_id"]
    same(draft.count()["total_count"], before + 1)
    items = draft.get(made)["news_item"]
    same([item["title"] for item in items], ["第一篇", "第二篇"])
    part(items[0], {name: first[name] for name in ("author", "content", "thumb_media_id")})
    draft.update(made, 1, {**second, "title": "改过", "need_open_comment": 0})
    same([item["title"] for item in draft.get(made)["news_item"]], ["第一篇", "改过"])
    listed = draft.batchget(0, 20)
    part(listed, {"total_count": before + 1})
    assert made in [item["media_id"] for item in listed["item"]]
    draft.delete(made)
    refused(40007, draft.get, made)
    same(draft.count()["total_count"], before)


def publishing(story):
    client = story.client
    draft = client.draft.add([article(story, "发布")])["media_id"]
    publish_id = client.freepublish.submit(draft)["publish_id"]
    state = wait(lambda: client.freepublish.get(publish_id), lambda state: state["publish_status"] == 0)
    found = client.freepublish.getarticle(state["article_id"])["news_item"]
    same([(item["title"], item["is_deleted"]) for item in found], [("发布", False)])
    same(found[0]["url"], state["article_detail"]["item"][0]["article_url"])
    assert "发布" in story.fetch(found[0]["url"]).text
    listed = client.freepublish.batchget(0, 20)
    assert state["article_id"] in [item["article_id"] for item in listed["item"]]
    client.freepublish.delete(state["article_id"])
    same([item for item in client.freepublish.batchget(0, 20)["item"] if item["article_id"] == state["article_id"]], [])


def wait(ask, is_done, seconds=20):
    """Some jobs take a moment."""
    until = time.monotonic() + seconds
    while True:
        answer = ask()
        if is_done(answer):
            return answer
        assert time.monotonic() < until, f"still {answer!r}"
        time.sleep(0.05)


def templates(story):
    client, [a, *_] = story.client, story.followers
    client.template.set_industry("1", "4")
    part(client.template.get_industry(), {"primary_industry": {"first_class": "IT科技", "second_class": "互联网|电子商务"}})
    made = client.template.add("TM00015")
    [own] = [each for each in client.template.get_all_private_template()["template_list"] if each["template_id"] == made]
    data = {name: {"value": f"值 {name}"} for name in re.findall(r"{{(\w+)\.DATA}}", own["content"])}
    assert data, own
    sent = [client.message.send_template(a, made, data, "https://bot.example.com/")["msgid"] for _ in range(2)]
    assert sent[0] != sent[1], sent
    refused(40037, client.message.send_template, a, "no-such-template", data)
    refused(43004, client.message.send_template, story.stranger, made, data)
    client.template.del_private_template(made)
    refused(40037, client.message.send_template, a, made, data)


def subscription_notices(story):
    template = story.client.template
    categories = template.get_category()
    assert categories and all(each["id"] and each["name"] for each in categories), categories
    n_titles, titles = story.client.get(
        "https://api.weixin.qq.com/wxaapi/newtmpl/getpubtemplatetitles",
        params={"ids": categories[0]["id"], "start": 0, "limit": 30, "access_token": story.client.access_token},
        result_processor=lambda answer: (answer["count"], answer["data"]))
    assert n_titles >= len(titles) > 0, titles
    # The library waits for a `count` that the platform's page does not have.
    keywords = story.client.get("https://api.weixin.qq.com/wxaapi/newtmpl/getpubtemplatekeywords", params={
        "tid": titles[0]["tid"], "access_token": story.client.access_token})["data"]
    kids = [keyword["kid"] for keyword in keywords[:2]]
    made = template.add_subscribe_message_template(str(titles[0]["tid"]), kids, "下单以后")
    assert made in [each["priTmplId"] for each in template.get_subscribe_message_templates()]
    template.del_subscribe_message_template(made)
    assert made not in [each["priTmplId"] for each in template.get_subscribe_message_templates()]


def codes(story):
    qrcode = story.client.qrcode
    temporary = qrcode.create({"expire_seconds": 604800, "action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 123}}})
    same(temporary["expire_seconds"], 604800)
    permanent = qrcode.create({"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "店"}}})
    assert temporary["ticket"] != permanent["ticket"]
    for made in (temporary, permanent):
        assert made["url"].startswith("http"), made
        picture = story.fetch(qrcode.get_url(made))
        same(picture.status_code, 200)
        assert picture.headers["content-type"].startswith("image/") and picture.content, picture.headers


def customer_service_messages(story):
    client, message, [a, b, c] = story.client, story.client.message, story.followers
    image = client.media.upload("image", ("a.jpg", JPEG))["media_id"]
    voice = client.media.upload("voice", ("a.amr", AMR))["media_id"]
    video = client.media.upload("video", ("a.mp4", MP4))["media_id"]
    thumb = client.media.upload("thumb", ("a.jpg", JPEG))["thumb_media_id"]
    news = {"title": "标题", "description": "摘要", "url": "https://bot.example.com/a", "image": "https://bot.example.com/a.jpg"}
    # Whoever has written may be sent five.
    message.send_text(a, "你好 <b> 😀")
    message.send_image(a, image)
    message.send_voice(a, voice)
    # The library leaves out the cover, which the platform's page requires.
    client.post("message/custom/send", data={"touser": a, "msgtype": "video", "video": {
        "media_id": video, "thumb_media_id": thumb, "title": "标题", "description": "介绍"}})
    message.send_music(a, "https://bot.example.com/1.mp3", "https://bot.example.com/2.mp3", thumb, "歌", "词")
    refused(45047, message.send_text, a, "第六条")
    message.send_articles(b, [news])
    refused(45008, message.send_articles, b, [news, news])
    message.send_articles(b, client.draft.add([article(story, "图文")])["media_id"])
    message.send_msg_menu(b, {"head_content": "满意吗？", "list": [{"id": "101", "content": "满意"}], "tail_content": "谢谢"})
    message.send_mini_program_page(b, {"title": "小程序", "appid": story.options.app_id, "pagepath": "pages/index", "thumb_media_id": thumb})
    message.send_card(b, "CARD")
    client.post("message/custom/typing", data={"touser": c, "command": "Typing"})
    refused(45081, client.post, "message/custom/typing", data={"touser": c, "command": "Typing"})
    refused(45002, message.send_text, c, "长" * 683)
    refused(40007, message.send_image, c, "no-such-media")
    refused(43004, message.send_text, story.stranger, "不在")


def desks(story):
    client, service, [_, _, c] = story.client, story.client.customservice, story.followers
    desk = "desk@shop"
    service.add_account(desk, "小二", "password")
    listed = lambda: client.get("customservice/getkflist")["kf_list"]
    part(listed()[0], {"kf_account": desk, "kf_nick": "小二"})
    service.update_account(desk, "小王", "password")
    part(listed()[0], {"kf_account": desk, "kf_nick": "小王"})
    client.post("https://api.weixin.qq.com/customservice/kfaccount/inviteworker", data={"kf_account": desk, "invite_wx": "worker"})
    part(client.get("customservice/getonlinekflist")["kf_online_list"][0], {"kf_account": desk, "accepted_case": 0})
    service.create_session(c, desk)
    part(service.get_session(c), {"kf_account": desk})
    same([each["openid"] for each in service.get_session_list(desk)], [c])
    client.message.send_text(c, "我是小王", desk)
    service.close_session(c, desk)
    same(service.get_session_list(desk), [])
    part(service.get_wait_case(), {"count": 0})
    # The library makes the call of older pages: GET, with the account in the query.
    client.post("https://api.weixin.qq.com/customservice/kfaccount/del", data={"kf_account": desk})
    same(listed(), [])


def mass_messages(story):
    client, [a, b, _] = story.client, story.followers
    message = client.message
    sent = message.send_mass_text("各位好", [a, b], client_msg_id="first")
    is_sent = lambda msg_id: wait(lambda: message.get_mass(msg_id), lambda state: state["msg_status"] == "SEND_SUCCESS")
    same(is_sent(sent["msg_id"])["msg_id"], sent["msg_id"])
    refused(40130, message.send_mass_text, "只有一位", [a])
    message.send_mass_text("先看看", a, preview=True)
    draft = client.draft.add([article(story, "群发")])["media_id"]
    news = message.send_mass_article(draft, is_to_all=True)
    assert news["msg_data_id"], news
    comments(client.material, news["msg_data_id"])
    is_sent(news["msg_id"])
    message.delete_mass(news["msg_id"])
    refused(40059, message.delete_mass, 1)


def comments(material, msg_data_id):
    """Of an article that was sent to all."""
    material.close_comment(msg_data_id, 0)
    material.open_comment(msg_data_id, 0)
    part(material.list_comment(msg_data_id, 0), {"total": 0})
    try:
        material.markelect_comment(msg_data_id, 0, 9)
    except WeChatClientException as error:
        assert error.errcode != 0
    else:
        raise AssertionError("there is no comment 9")


def quotas(story):
    client = story.client
    used = lambda path: client.post("openapi/quota/get", data={"cgi_path": path})["quota"]["used"]
    before = used("/cgi-bin/getcallbackip")
    client.misc.get_wechat_ips()
    same(used("/cgi-bin/getcallbackip"), before + 1)
    client.post("clear_quota", data={"appid": story.options.app_id})
    same(used("/cgi-bin/getcallbackip"), 0)
    refused(40013, client.post, "clear_quota", data={"appid": "wx0000000000000000"})


def pages(story):
    js = story.client.jsapi
    ticket = js.get_jsapi_ticket()
    same(js.get_jsapi_ticket(), ticket)
    assert 0 < js.get_ticket("jsapi")["expires_in"] <= 7200
    signed = f"noncestr=n&jsapi_ticket={ticket}&timestamp=1&url=https://bot.example.com/"
    # The library sorts what it joins.
    expected = hashlib.sha1("&".join(sorted(signed.split("&"))).encode()).hexdigest()
    same(js.get_jsapi_signature("n", ticket, 1, "https://bot.example.com/"), expected)


def web_authorisation(story):
    oauth, [a, *_] = story.oauth, story.followers
    address = oauth.authorize_url.partition("#")[0]
    back = story.fetch(f"{address}&follower={a}&agreed=1")
    query = parse_qs(urlsplit(back.headers["location"]).query)
    same(query["state"], ["here"])
    [code] = query["code"]
    granted = oauth.fetch_access_token(code)
    part(granted, {"openid": a, "scope": "snsapi_userinfo"})
    same(oauth.check_access_token(), True)
    same(oauth.get_user_info()["openid"], a)
    part(oauth.refresh_access_token(granted["refresh_token"]), {"openid": a})
    try:
        oauth.fetch_access_token(code)
    except Exception as error:
        same(error.errcode, 40163)
    else:
        raise AssertionError("a code counts once")


def short_keys(story):
    client = story.client
    long = "https://bot.example.com/" + "很长" * 50
    key = client.post("shorten/gen", data={"long_data": long, "expire_seconds": 86400})["short_key"]
    part(client.post("shorten/fetch", data={"short_key": key}), {"long_data": long})
    refused(9410012, client.post, "shorten/fetch", data={"short_key": "x" * 15})


def statistics(story):
    """What has no state is answered as the platform's documents show it."""
    datacube = story.client.datacube
    day = "2026-11-21"
    for ask in (datacube.get_user_summary, datacube.get_user_cumulate, datacube.get_interface_summary, datacube.get_upstream_msg):
        rows = ask(day, day)
        assert rows and all("ref_date" in row for row in rows), rows
    story.client.message.get_autoreply_info()


# A chapter may leave what later ones do not mind.
CHAPTERS = [tokens, users, tags, menus, media, materials, drafts, publishing, templates, subscription_notices, codes,
            customer_service_messages, desks, mass_messages, pages, web_authorisation, short_keys, statistics, quotas]


if __name__ == "__main__":
    main()
