//! The table of settings as schemas of the HTTP API.

use std::borrow::Cow;

use echostr::{LlmKeys, LlmSettings, PRESETS};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::rule::Rule::{
    self, Bytes, Characters, Command, Decimal, Flag, Key, Name, OneOf, Optional, Preset, Table,
    Tables, Url, Whole, Words,
};
use super::{ALL, Field, visible};

/// A bot of the kind `llm` as it is given.
pub(crate) struct LlmForm;

/// A bot of the kind `llm` as it is shown.
#[derive(Serialize)]
pub(crate) struct LlmShown(Map<String, Value>);

impl LlmShown {
    pub(crate) fn new(settings: &LlmSettings, keys: &LlmKeys) -> Self {
        Self(visible(settings, keys))
    }
}

impl PartialSchema for LlmForm {
    fn schema() -> RefOr<Schema> {
        let kind = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["llm"]));
        let form = table(&ALL, Side::Given)
            .property("kind", kind)
            .required("kind")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .description(Some(
                "大模型；每一项的说明和范围见 docs/llm.md · a language model; docs/llm.md explains every setting. \
                 没写的保持不变，`null` 恢复默认值；列表整个替换，其中的密钥按名字保留 · what is not written stays, `null` is the \
                 default again; a list replaces the one before, keys in it stay by their names.",
            ))
            .examples([json!({
                "kind": "llm",
                "preset": "deepseek",
                "key": "sk-0123456789",
                "prompt": "你是雯子的店的客服。",
            })]);
        form.build().into()
    }
}

impl ToSchema for LlmForm {
    fn name() -> Cow<'static, str> {
        "LlmForm".into()
    }
}

impl PartialSchema for LlmShown {
    fn schema() -> RefOr<Schema> {
        let shown = table(&ALL, Side::Shown).description(Some(
            "大模型；没有设置的项可能不出现 · a language model; what is not set may be missing.",
        ));
        shown.build().into()
    }
}

impl ToSchema for LlmShown {
    fn name() -> Cow<'static, str> {
        "LlmShown".into()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Given,
    Shown,
}

fn table(fields: &[Field], side: Side) -> ObjectBuilder {
    let of =
        |object: ObjectBuilder, (name, rule): &Field| object.property(*name, value(*rule, side));
    fields.iter().fold(ObjectBuilder::new(), of)
}

fn value(rule: Rule, side: Side) -> Schema {
    // What is given may be `null`.
    let types = |own: Type| match side {
        Side::Given => [own, Type::Null].into_iter().collect::<SchemaType>(),
        Side::Shown => own.into(),
    };
    let a = |own: Type| ObjectBuilder::new().schema_type(types(own));
    let text = || a(Type::String);
    let one_of = |words: Vec<&'static str>| {
        let words = words.into_iter().map(Value::from);
        let none = (side == Side::Given).then_some(Value::Null);
        text().enum_values(Some(words.chain(none)))
    };
    let number = |number: u64| usize::try_from(number).ok();
    let words = |most: usize, characters: usize| {
        let word = ObjectBuilder::new().schema_type(Type::String);
        let word = word.min_length(Some(1)).max_length(Some(characters));
        let words = ArrayBuilder::new().schema_type(types(Type::Array));
        // So many that a body with more is too large before it is read are not told.
        let told = Some(most).filter(|most| *most <= 1000);
        words.items(word).max_items(told).into()
    };
    let within = |fields| {
        let table = table(fields, side);
        if side == Side::Given {
            table.additional_properties(Some(AdditionalProperties::FreeForm(false)))
        } else {
            table
        }
    };
    let built: Object = match rule {
        Flag => a(Type::Boolean),
        Whole(least, most) => a(Type::Integer)
            .minimum(number(least))
            .maximum(number(most)),
        Decimal(least, most) => a(Type::Number).minimum(Some(least)).maximum(Some(most)),
        Characters(_, most) | Bytes(_, most) => text().max_length(Some(most)),
        Name(most) => text().pattern(Some(format!("^[A-Za-z0-9_-]{{1,{most}}}$"))),
        OneOf(words) => one_of(words.to_vec()),
        Preset => one_of(PRESETS.iter().map(|preset| preset.name).collect()),
        Url => text().pattern(Some("^[Hh][Tt][Tt][Pp][Ss]?://[^?#@]+$")),
        Key if side == Side::Given => text().max_length(Some(2048)).write_only(true),
        Key => ObjectBuilder::new()
            .property("set", ObjectBuilder::new().schema_type(Type::Boolean))
            .required("set"),
        Rule::Schema => a(Type::Object),
        Table(fields) | Optional(fields) => within(fields).schema_type(types(Type::Object)),
        Words(most, characters) => return words(most, characters),
        Command => return words(64, 4096),
        Tables(most, fields) => {
            let list = ArrayBuilder::new().schema_type(types(Type::Array));
            return list.items(within(fields)).max_items(Some(most)).into();
        }
    }
    .build();
    built.into()
}
