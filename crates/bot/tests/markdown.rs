//! Markdown as WeChat shows it, and how much of a growing text can be shown.

use echostr::{readable, settled};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[track_caller]
fn check(markdown: &str, expected: &str) {
    assert_eq!(readable(markdown), expected, "of {markdown:?}");
}

/// The `¦` stands where the text is expected to be cut; without one nothing is settled.
#[track_caller]
fn check_settled(marked: &str) {
    let text = marked.replacen('¦', "", 1);
    let expected = marked.find('¦').unwrap_or(0);
    let end = settled(&text);
    assert_eq!(
        end,
        expected,
        "cut as {:?}",
        format!("{}¦{}", &text[..end], &text[end..])
    );
}

#[test]
fn a_text_without_markdown_stays_as_it_is() {
    check("", "");
    check("\n \n", "");
    check("你好", "你好");
    check("你好，世界！\n", "你好，世界！");
    check(
        "床前明月光，\n疑是地上霜。\n\n举头望明月，\n低头思故乡。",
        "床前明月光，\n疑是地上霜。\n\n举头望明月，\n低头思故乡。",
    );
    check(
        "　　段首空两格。\n　　第二段。",
        "　　段首空两格。\n　　第二段。",
    );
    check("#话题# 很热", "#话题# 很热");
    check("3 * 4 = 12，5*6=30", "3 * 4 = 12，5*6=30");
    check(
        "snake_case_name 和 a < b 且 c > d",
        "snake_case_name 和 a < b 且 c > d",
    );
    check("1、第一\n2、第二\n（3）第三", "1、第一\n2、第二\n（3）第三");
    check("1998.", "1998.");
    check("公元\n1998. 那年", "公元\n1998. 那年");
    check("笑😀👨‍👩‍👧 /:rose [微笑]", "笑😀👨‍👩‍👧 /:rose [微笑]");
    check("参考[1]，另见[2][3]。", "参考[1]，另见[2][3]。");
    check(
        "AT&T https://example.com/?a=1&b=2 见",
        "AT&T https://example.com/?a=1&b=2 见",
    );
}

#[test]
fn a_heading_is_a_line_of_its_own() {
    check("# 标题", "【标题】");
    check("## 二级 ##", "【二级】");
    check("### 三级", "▎三级");
    check("###### 六级", "▎六级");
    check("前文\n# 标题\n正文", "前文\n\n【标题】\n正文");
    check("# 标题\n\n\n\n正文", "【标题】\n\n正文");
    check("# 一\n## 二\n### 三", "【一】\n\n【二】\n\n▎三");
    check("#", "");
    check("# 【公告】", "【公告】");
    check(
        "# **加粗** `代码` [链](https://e.com)",
        "【加粗 代码 <a href=\"https://e.com\">链</a>】",
    );
    check("# a<br>b", "【a b】");
}

#[test]
fn a_line_under_a_text_is_a_rule() {
    check("标题\n===\n正文", "标题\n——————\n正文");
    check(
        "结论如上。\n第二行\n---\n下文",
        "结论如上。\n第二行\n——————\n下文",
    );
    check("上\n\n---\n\n下", "上\n\n——————\n\n下");
    check("上\n***\n下", "上\n——————\n下");
}

#[test]
fn a_paragraph_stands_apart_by_one_line() {
    check("一\n\n\n\n二", "一\n\n二");
    check("一  \n二\\\n三", "一\n二\n三");
    check("一<br>二<br/>\n三<br><br>四", "一\n二\n三\n\n四");
    check("一\r\n\r\n二\r\n三", "一\n\n二\n三");
}

#[test]
fn a_list_has_its_signs_and_indentation() {
    check("- a\n- b", "• a\n• b");
    check("* a\n* b", "• a\n• b");
    check("要点：\n- 一\n- 二\n\n完", "要点：\n• 一\n• 二\n\n完");
    check(
        "- a\n  - b\n    - c\n      - d\n- e",
        "• a\n　◦ b\n　　▪ c\n　　　▪ d\n• e",
    );
    check("- a\n\n- b\n- c", "• a\n\n• b\n• c");
    check("- a\n\n  第二段\n- b", "• a\n\n　第二段\n• b");
    check("- 一\n  续行", "• 一\n　续行");
    check("1. 一\n2. 二", "1. 一\n2. 二");
    check("3. 三\n4. 四", "3. 三\n4. 四");
    check("1. 一\n1. 二\n1. 三", "1. 一\n2. 二\n3. 三");
    check("1) 一\n2) 二", "1) 一\n2) 二");
    check(
        "1. **准备**：\n   - 电脑\n   - 网络\n2. 开始",
        "1. 准备：\n　◦ 电脑\n　◦ 网络\n2. 开始",
    );
    check("1. 一\n\n文字\n\n2. 二", "1. 一\n\n文字\n\n2. 二");
    check("- a\n-\n- c", "• a\n•\n• c");
    check("- - a\n  - b", "• ◦ a\n　◦ b");
    check("- > 引\n- # 题", "• ｜引\n• 【题】");
}

#[test]
fn the_rest_of_a_list_is_no_code() {
    check(
        "\n    - 三\n    - 三\n  - 二\n    - 三\n- 一\n  - 二",
        "• 三\n• 三\n• 二\n　◦ 三\n• 一\n　◦ 二",
    );
    check(
        "   2. 二\n      ```\n      码\n        码\n      ```\n3. 三",
        "2. 二\n\n码\n  码\n\n3. 三",
    );
    check_settled("\n    - 三¦\n    - 三\n");
    check_settled("    - 三\n\n  段。¦落");
}

#[test]
fn a_task_has_a_box() {
    check("- [ ] 待办\n- [x] 完成", "☐ 待办\n☑ 完成");
    check("- [ ] 一\n\n- [X] 二", "☐ 一\n\n☑ 二");
    check("1. [ ] 一\n2. [x] 二", "1. ☐ 一\n2. ☑ 二");
    check("- 组\n  - [x] 项", "• 组\n　☑ 项");
}

#[test]
fn a_quote_has_a_bar_on_each_line() {
    check("> 一\n> 二", "｜一\n｜二");
    check("> 一\n续", "｜一\n｜续");
    check("> 一\n>\n> 二\n\n三", "｜一\n｜\n｜二\n\n三");
    check("> 一\n>> 二", "｜一\n｜｜二");
    check("> - a\n> - b", "｜• a\n｜• b");
    check("> 1. a\n>    - b", "｜1. a\n｜　◦ b");
    check("> ```\n> a\n>\n>  b\n> ```", "｜a\n｜\n｜ b");
}

#[test]
fn code_is_kept_as_it_is() {
    check("`a*b*c` 和 ``x`y``", "a*b*c 和 x`y");
    check("```\na\n  b\n\n\n\tc\n```", "a\n  b\n\n\n\tc");
    check(
        "看：\n```python\nif a < b:\n    f(**k)  # ~x~\n```\n完",
        "看：\n\n—— python ——\nif a < b:\n    f(**k)  # ~x~\n\n完",
    );
    check(
        "~~~rust,ignore\nlet a: Vec<u8>;\n~~~",
        "—— rust ——\nlet a: Vec<u8>;",
    );
    check("```text\n文\n```", "文");
    check("```\n```", "");
    check("文\n\n    缩进\n      代码", "文\n\n缩进\n  代码");
    check(
        "1. 装：\n   ```sh\n   npm i\n     -g\n   ```\n2. 跑",
        "1. 装：\n\n—— sh ——\nnpm i\n  -g\n\n2. 跑",
    );
    check("- ```\n  a\n  ```", "•\na");
    check(
        "```md\n价格\n| a | b |\n|---|---|\n```",
        "—— md ——\n价格\n| a | b |\n|---|---|",
    );
    check("```py\n没有结束", "—— py ——\n没有结束");
}

#[test]
fn emphasis_is_its_text() {
    check("**粗** *斜* ***都*** __粗__ _斜_", "粗 斜 都 粗 斜");
    check("~~旧价 99~~ 新价 79", "旧价 99 新价 79");
    check("**a *b* c**", "a b c");
    check("\\*不是\\* \\**也不是", "*不是* **也不是");
    check("未完的**粗", "未完的**粗");
}

#[test]
fn emphasis_beside_chinese_punctuation_is_emphasis() {
    check(
        "**注意：**请先备份，**然后**继续",
        "注意：请先备份，然后继续",
    );
    check("这是**“重点”**的话", "这是“重点”的话");
    check("使用**`code`**方法，*（斜）*字", "使用code方法，（斜）字");
    check("**Note:**请看**100%**的", "Note:请看100%的");
    check("~~（旧）~~新", "（旧）新");
}

#[test]
fn a_single_tilde_is_a_range() {
    check("3~5 天，10~20 元", "3~5 天，10~20 元");
    check(
        "价格 10~20 元，**推荐 15~18 元**",
        "价格 10~20 元，推荐 15~18 元",
    );
    check("好的~ 没问题~ `a~b~c`", "好的~ 没问题~ a~b~c");
    check(
        "[我](https://e.com/~me) https://e.com/~you <https://e.com/~x>",
        "<a href=\"https://e.com/~me\">我</a> https://e.com/~you https://e.com/~x",
    );
}

#[test]
fn a_link_to_a_page_can_be_tapped() {
    check(
        "[百度](https://www.baidu.com/s?a=1&b=2)",
        "<a href=\"https://www.baidu.com/s?a=1&b=2\">百度</a>",
    );
    check(
        "见 [A](http://a.com \"标题\")。",
        "见 <a href=\"http://a.com\">A</a>。",
    );
    check(
        "[**粗** `码`](HTTPS://a.com)",
        "<a href=\"HTTPS://a.com\">粗 码</a>",
    );
    check(
        "[a](<https://a.com/x y\"z>)",
        "<a href=\"https://a.com/x%20y%22z\">a</a>",
    );
    check(
        "[a](<https://a.com/\\<b\\>>)",
        "<a href=\"https://a.com/%3Cb%3E\">a</a>",
    );
    check(
        "[中](https://a.com/中文)",
        "<a href=\"https://a.com/中文\">中</a>",
    );
    check("[https://a.com](https://a.com)", "https://a.com");
    check("<https://a.com/x>", "https://a.com/x");
    check("[](https://a.com)", "https://a.com");
    check(
        "[一\n二](https://a.com)",
        "<a href=\"https://a.com\">一二</a>",
    );
    check(
        "[one\ntwo](https://a.com)",
        "<a href=\"https://a.com\">one two</a>",
    );
    check(
        "[文档][d]\n\n[d]: https://d.com",
        "<a href=\"https://d.com\">文档</a>",
    );
    check(
        "- [a](https://a.com)\n- [b](https://b.com)",
        "• <a href=\"https://a.com\">a</a>\n• <a href=\"https://b.com\">b</a>",
    );
    check(
        "[`<a href=\"x\">`](https://a.com)",
        "<a href=\"https://a.com\">＜a href=\"x\"></a>",
    );
    check(
        "[x</a>y](https://a.com)",
        "<a href=\"https://a.com\">xy</a>",
    );
}

#[test]
fn a_link_to_anything_else_is_its_label() {
    check("[写信](mailto:a@b.c?subject=x)", "写信（a@b.c）");
    check("[mail](mailto:a@b.c)", "mail (a@b.c)");
    check("[a@b.c](mailto:a@b.c) <a@b.c>", "a@b.c a@b.c");
    check("[电话](tel:10086)", "电话（10086）");
    check(
        "[x](javascript:alert(1)) [y](data:text/html,x) [z](#top) [w](/path) [v]()",
        "x y z w v",
    );
    check("[点我](weixin://bizmsgmenu?msgmenuid=1)", "点我");
    check("[x](https://)", "x");
}

#[test]
fn an_image_is_a_link_to_it() {
    check(
        "![猫](https://a.com/c.png)",
        "<a href=\"https://a.com/c.png\">图片：猫</a>",
    );
    check(
        "![](https://a.com/c.png)",
        "<a href=\"https://a.com/c.png\">图片</a>",
    );
    check(
        "![猫](c.png) ![](data:image/png;base64,AA)",
        "[图片：猫] [图片]",
    );
    check(
        "[![构建](https://a.com/b.svg)](https://ci.com)",
        "<a href=\"https://ci.com\">构建</a>",
    );
    check(
        "![a [b](https://b.com) c](https://a.com)",
        "<a href=\"https://a.com\">图片：a b c</a>",
    );
}

#[test]
fn no_link_is_made_by_what_the_model_writes() {
    check("<a href=\"weixin://bizmsgmenu?x=1\">点</a>", "点");
    check("文 <a href=\"https://a.com\">点</a>", "文 点");
    check(
        "`<a href=\"weixin://x\">y</a>`",
        "＜a href=\"weixin://x\">y＜/a>",
    );
    check(
        "```html\n<A HREF=\"weixin://x\">y</A>\n```",
        "—— html ——\n＜A HREF=\"weixin://x\">y＜/A>",
    );
    check(
        "&lt;a href=\"weixin://x\"&gt;y&lt;/a&gt;",
        "＜a href=\"weixin://x\">y＜/a>",
    );
    check("\\<a href=\"weixin://x\">y", "＜a href=\"weixin://x\">y");
    check("`<`a href=\"weixin://x\">y", "＜a href=\"weixin://x\">y");
    check("<<b>a href=\"weixin://x\">y", "＜a href=\"weixin://x\">y");
    check(
        "`<`&#1;a href=\"weixin://x\">y",
        "＜a href=\"weixin://x\">y",
    );
    check(
        "\u{FDD2}a href=\"weixin://x\">y &#xFDD2;a href>",
        "\u{FFFD}a href=\"weixin://x\">y a href>",
    );
    check(
        "`<_wc_custom_link_ href=\"weixin://x\">`",
        "＜_wc_custom_link_ href=\"weixin://x\">",
    );
    check("`<article>` `<b>` a <abc", "<article> <b> a <abc");
}

#[test]
fn html_is_its_text() {
    check(
        "a <b>粗</b> <font color=\"red\">红</font><!-- 注 -->。",
        "a 粗 红。",
    );
    check(
        "<div align=\"center\">\n  <p>一</p><p>二 &amp; 三</p>\n</div>\n\n四",
        "一\n二 & 三\n\n四",
    );
    check("<!-- 注\n\n释 -->\n\n文", "文");
    check(
        "<details>\n<summary>展开</summary>\n\n**内容**\n\n</details>",
        "展开\n\n内容",
    );
    check("<ul><li>一</li><li>二</li></ul>", "• 一\n• 二");
    check("H<sub>2</sub>O，10<sup>6</sup>", "H2O，10^6");
    check(
        "返回 Vec<String> 或 Option<T>",
        "返回 Vec<String> 或 Option<T>",
    );
    check("<think>\n想\n</think>\n\n答", "<think>\n想\n</think>\n\n答");
    check("&copy; &amp; &nbsp;x &#20320;", "© & \u{a0}x 你");
}

#[test]
fn a_table_with_two_columns_is_a_line_per_row() {
    check(
        "| 水果 | 价格 |\n|---|---|\n| 苹果 | 5 元 |\n| 香蕉 | 3 元 |",
        "▎水果：价格\n苹果：5 元\n香蕉：3 元",
    );
    check(
        "| Key | Value |\n|:--|--:|\n| name | **Bob** |\n| empty | |",
        "▎Key: Value\nname: Bob\nempty",
    );
    check(
        "如下：\n| 项 | 值 |\n|--|--|\n| a | 1 |\n\n完",
        "如下：\n\n▎项：值\na: 1\n\n完",
    );
    check("| 一 |\n|---|\n| 1 |\n| 2 |", "▎一\n1\n2");
    check(
        "> | 项 | 值 |\n> |--|--|\n> | 甲 | 1 |",
        "｜▎项：值\n｜甲：1",
    );
}

#[test]
fn a_wider_table_is_a_paragraph_per_row() {
    check(
        "| 姓名 | 年龄 | 城市 |\n|---|---|---|\n| 张三 | 20 | 北京 |\n| 李四 | | 上海 |",
        "姓名：张三\n年龄：20\n城市：北京\n\n姓名：李四\n城市：上海",
    );
    check(
        "| | A | B |\n|---|---|---|\n| 速度 | 快 | 慢 |",
        "速度\nA: 快\nB: 慢",
    );
    check(
        "| 名： | 链 | 码 |\n|--|--|--|\n| x | [a](https://a.com) | `a\\|b` |",
        "名：x\n链：<a href=\"https://a.com\">a</a>\n码：a|b",
    );
    check("| a | b | c |\n|--|--|--|", "▎a、b、c");
    check(
        "| a | b | c |\n|--|--|--|\n| 1 |\n| 1 | 二<br>行 | 3 | 4 |",
        "a: 1\n\na: 1\nb: 二\n行\nc: 3",
    );
}

#[test]
fn a_footnote_stands_at_the_end() {
    check(
        "正文[^1]。\n\n[^1]: 出处。\n\n后文",
        "正文[1]。\n\n后文\n\n[1] 出处。",
    );
    check(
        "甲[^b]乙[^a]丙[^b]\n\n[^a]: 注甲\n[^b]: 注乙",
        "甲[1]乙[2]丙[1]\n\n[1] 注乙\n[2] 注甲",
    );
    check("没有[^x]定义", "没有[^x]定义");
}

#[test]
fn a_formula_stays_as_it_is() {
    check(
        "能量 $E = mc^2$，$a_1 * b_2 * c_{*}$",
        "能量 $E = mc^2$，$a_1 * b_2 * c_{*}$",
    );
    check("$$\n\\frac{a}{b} \\\\ c\n$$", "$$\n\\frac{a}{b} \\\\ c\n$$");
    check("从 $5 到 $10，**共** $15", "从 $5 到 $10，共 $15");
}

#[test]
fn the_answer_of_a_model_reads_well() {
    check(
        "当然可以！以下是**红烧肉**的做法：\n\n### 一、食材\n\n- 五花肉 500g\n- 冰糖 30~40g\n\n### 二、步骤\n\n1. **焯水**：冷水下锅。\n2. **炒糖色**：\n   - 小火\n   - 不停搅拌\n\n> 💡 小贴士：用*热水*。\n\n---\n\n需要我再介绍吗？😊\n",
        "当然可以！以下是红烧肉的做法：\n\n▎一、食材\n\n• 五花肉 500g\n• 冰糖 30~40g\n\n▎二、步骤\n\n1. 焯水：冷水下锅。\n2. 炒糖色：\n　◦ 小火\n　◦ 不停搅拌\n\n｜💡 小贴士：用热水。\n\n——————\n\n需要我再介绍吗？😊",
    );
    check(
        "Here's how to install it:\n\n1. Install [Rust](https://rustup.rs):\n\n   ```bash\n   curl https://sh.rustup.rs | sh\n   ```\n\n2. Build:\n\n   ```bash\n   cargo build\n   ```\n\n**Note:** the `--release` flag is *optional*.",
        "Here's how to install it:\n\n1. Install <a href=\"https://rustup.rs\">Rust</a>:\n\n—— bash ——\ncurl https://sh.rustup.rs | sh\n\n2. Build:\n\n—— bash ——\ncargo build\n\nNote: the --release flag is optional.",
    );
    check(
        "## 对比\n| 方案 | 优点 | 缺点 |\n|------|------|------|\n| **A** | 快 | 贵 |\n| **B** | 便宜 | 慢 |\n\n综上，建议选 **A**。",
        "【对比】\n\n方案：A\n优点：快\n缺点：贵\n\n方案：B\n优点：便宜\n缺点：慢\n\n综上，建议选 A。",
    );
}

#[test]
fn deep_and_long_texts_are_read_and_do_not_grow() {
    let n = 10_000;
    let texts = [
        ">".repeat(n) + "a",
        ">".repeat(n) + "a\n" + &"b\n".repeat(n),
        "- ".repeat(n) + "a",
        "- ".repeat(n) + "a\nb\nb\n\n\nc",
        "1. ".repeat(n) + "a",
        "*".repeat(n) + "a",
        "*a ".repeat(n),
        "**a".repeat(n),
        "[".repeat(n) + "a",
        "[a](".repeat(n),
        "![".repeat(n) + "a" + &"](https://a.com)".repeat(n),
        "<b".repeat(n) + ">",
        "<div>\n".to_owned() + &"<b".repeat(n) + "\n" + &"<!--".repeat(n),
        "`a ``b ".repeat(n),
        "|a".repeat(n) + "|\n" + &"|-".repeat(n) + "|\n" + &"|b\n".repeat(n),
        "|".to_owned() + &"长".repeat(n) + "|b|c|\n|-|-|-|\n" + &"|x\n".repeat(n),
        "[^1]".repeat(n) + "\n\n[^1]: a",
        "一。".repeat(n),
        "))))。".repeat(n),
        "\n".repeat(n) + &"&".repeat(n),
        "$a".repeat(n),
        "> a\n\n".repeat(n),
        "```\na\n".repeat(n),
    ];
    for text in texts {
        let shown = readable(&text);
        settled(&text);
        let beginning: String = text.chars().take(20).collect();
        assert!(
            shown.len() < 200 * text.len(),
            "{beginning:?}… became {} bytes",
            shown.len()
        );
    }
}

#[test]
fn deep_quotes_and_lists_stay_at_the_deepest_level_shown() {
    check(">>>>> 深", "｜｜｜深");
    check("- - - - - - - - 深\n", "• ◦ ▪ ▪ ▪ ▪ 深");
}

#[test]
fn a_paragraph_is_settled_by_a_blank_line() {
    check_settled("");
    check_settled("你好");
    check_settled("第一段¦\n\n");
    check_settled("第一段¦\n\n第二段");
    check_settled("第一段¦\n\n第二段\n");
    check_settled("第一段\n\n**第二段¦**\n\n\n".replace("¦**", "**¦").as_str());
    check_settled("第一段¦\r\n\r\n第二");
}

#[test]
fn a_sentence_is_settled_by_what_follows() {
    check_settled("第一句。");
    check_settled("第一句。¦第");
    check_settled("第一句。第二句！¦第三");
    check_settled("第一句。¦第二句？！");
    check_settled("第一句……¦好");
    check_settled("他说：“好。”¦然后");
    check_settled("他说：“好。");
    check_settled("第一句。¦\n");
    check_settled("One. Two! Is it?¦ Fo");
    check_settled("Pi is 3.14");
    check_settled("Pi is 3.14.¦ And");
    check_settled("(See above.)¦ Next");
    check_settled("版本 v1.2.3 发布。¦新");
    check_settled("段一。\n\n段二第一句。¦第二");
    check_settled("第一行。¦\n第二行");
}

#[test]
fn a_sentence_in_open_markup_waits() {
    check_settled("好。¦**重点。是");
    check_settled("好。**重点**。¦是");
    check_settled("**重点。是**");
    check_settled("好。¦这是`代码。码");
    check_settled("好。这是`代码。码`的。¦对");
    check_settled("好。¦见[链接。](https://a.com/");
    check_settled("好。¦见[链接。](https://a.com/x。y) 后");
    check_settled("好。见[链接。](https://a.com/x。y)。¦后");
    check_settled("据[1]所说。¦然后[");
    check_settled("好。¦公式 $a。b");
    check_settled("好。¦<b title=。x");
    check_settled("价 3~5 元。a < b。2 * 3。¦后");
    check_settled("**注意：**请备份。¦然后");
    check_settled("好。¦~~旧。价");
    check_settled("snake_case。¦好");
    check_settled("好。¦\n有|线。后");
}

#[test]
fn a_heading_and_a_rule_are_settled_by_the_end_of_the_line() {
    check_settled("# 标题");
    check_settled("# 标题。二");
    check_settled("# 标题¦\n");
    check_settled("# 标题¦\n正文");
    check_settled("文\n# 标题¦\n");
    check_settled("文\n\n---¦\n");
    check_settled("文\n\n---¦\n后");
    check_settled("文¦\n\n--");
}

#[test]
fn a_list_item_is_settled_by_the_next() {
    check_settled("- 一");
    check_settled("- 一\n");
    check_settled("- 一¦\n- 二\n");
    check_settled("- 一\n- 二");
    check_settled("- 一¦\n\n");
    check_settled("- 一¦\n\n- 二");
    check_settled("- 一\n  - 甲¦\n  - 乙\n");
    check_settled("1. 一¦\n2. 二\n");
    check_settled("1. 第一。¦第二");
    check_settled("1. A.¦ B");
    check_settled("- 一\n- 第一句。¦第二");
    check_settled("要点：¦\n- 一\n");
    check_settled("1.");
    check_settled("文\n2. 好");
}

#[test]
fn a_block_of_code_is_settled_by_its_fence() {
    check_settled("```py\na = 1。\n\nb\n");
    check_settled("文：¦\n```py\na。b\n\n");
    check_settled("```py\na\n```");
    check_settled("```py\na\n```¦\n");
    check_settled("````\n```\n");
    check_settled("```\na\n    ```\n");
    check_settled("- 一¦\n  ```\n  a。b\n");
    check_settled("- 一\n  ```\n  a。b\n  ```¦\n");
}

#[test]
fn a_table_or_quote_is_settled_by_a_blank_line() {
    check_settled("| a | b |\n|---|---|\n| 1。2 | 2 |\n");
    check_settled("价：\n| a | b |\n|---|---|\n| 1 | 2 |¦\n\n");
    check_settled("价：¦\n| a | b |\n|---|---|\n| 1 | 2 |\n");
    check_settled("| 名。字 | 值 |\n");
    check_settled("> 一。二\n");
    check_settled("> 一。二¦\n\n");
    check_settled("<div>一。二\n");
    check_settled("<!-- 一\n\n");
}

/// Texts as models write them, in pieces.
fn ordinary() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "你好",
        "世界。",
        "“好！”",
        "他说：“去吧。”",
        "**重点**",
        "**注意：**",
        "**未完",
        "*斜*",
        "`码`",
        "`",
        "~~旧~~",
        "3~5 天",
        "3.14",
        "End. ",
        "Is it? ",
        "[链接](https://a.com/x)",
        "[1]",
        "![图](https://a.com/p.png)",
        "<br>",
        "<b>粗</b>",
        "Vec<u8>",
        "$x_1$",
        "$5 ",
        "a_b",
        "2 * 3",
        "…",
        "？！",
        " ",
        "\n",
        "\n\n",
        "\n\n",
        "\n# ",
        "\n\n### ",
        "\n- ",
        "\n- ",
        "\n  - ",
        "\n    - ",
        "\n\n- ",
        "\n1. ",
        "\n2. ",
        "\n   ",
        "\n> ",
        "\n>\n> ",
        "\n```py\nx = 1。\n\ny\n```\n",
        "\n  ```\n  z\n  ```\n",
        "\n```\n未完",
        "\n| 项 | 值 |\n|---|---|\n| 甲 | 1。2 |\n",
        "\n|a|b|c|\n|-|-|-|\n|1|2|3|\n",
        "\n---\n",
        "\n\n---\n\n",
        "    - ",
        "\n- [ ] 待",
        "\n- [x] 毕",
        "\\*",
        "&amp;",
        "\t",
        "　　",
        "😀",
        "\n<!-- 注 -->\n",
        "\n<div>块</div>\n",
        "(a.) ",
    ];
    vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

/// Signs in any order.
fn strange() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "<",
        "a",
        " ",
        "/",
        ">",
        " href=",
        "\"",
        "\\",
        "-",
        "*",
        "_",
        "~",
        "`",
        "```",
        "[",
        "]",
        "](",
        "(",
        ")",
        "!",
        "#",
        "|",
        "\n",
        "\n\n",
        "$",
        "&",
        ";",
        ":",
        ".",
        "1",
        "[^1]",
        "[^1]: ",
        "\u{FDD0}",
        "\u{FDD1}",
        "\u{FDD2}",
        "\u{1}",
        "<a href=\"",
        "<a",
        "</a>",
        "https://a",
        "&lt;",
        "&#xFDD2;",
        "<!--",
        "-->",
        "<div>",
        "你",
        "。",
        "|-|",
        "    ",
    ];
    vec(select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

/// No files with failures: what is found becomes a test with a name.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn what_is_settled_reads_the_same_in_the_whole_text(text in ordinary()) {
        let whole = readable(&text);
        let mut last = 0;
        for (end, _) in text.char_indices().skip(1) {
            let part = &text[..end];
            let position = settled(part);
            let shown = readable(&part[..position]);
            prop_assert!(whole.starts_with(shown.trim_end()), "{:?} of {part:?} shows {shown:?}, but later {whole:?}", &part[..position]);
            prop_assert!(position >= last, "{part:?} is settled up to {position}, before up to {last}");
            last = position;
        }
    }

    #[test]
    fn any_text_becomes_one_without_foreign_links(text in strange()) {
        let shown = readable(&text);
        let position = settled(&text);
        prop_assert!(text.is_char_boundary(position));
        for (start, _) in shown.match_indices("<a") {
            let rest = &shown[start..];
            prop_assert!(rest.starts_with("<a href=\"http") || rest[2..].starts_with(|next: char| next.is_ascii_alphanumeric()), "{shown:?}");
        }
        prop_assert_eq!(shown.matches("<a href=").count(), shown.matches("</a>").count());
        let has_stand_in = shown.contains(['\u{FDD0}', '\u{FDD1}', '\u{FDD2}']);
        prop_assert!(!has_stand_in);
    }

    #[test]
    fn lines_of_chinese_come_back(text in "([你好世界，。！？：“”（）《》]{1,12}\n{1,2}){0,6}") {
        let shown = readable(&text);
        prop_assert_eq!(shown, text.trim_end());
    }
}
