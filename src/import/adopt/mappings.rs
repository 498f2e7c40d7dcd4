//! Mappings of a Module as `prebuilt`, overrides and fallbacks of a manifest.
//!
//! The first mapping that matches a kernel decides, and the last override: overrides are written in the opposite order.
//! Each has the condition of its mapping, so that a kernel which is listed later gets what its mapping says, too.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::tree::{list, map, of_json, text, truth};
use crate::objects::{KernelMapper, KernelMapping, KmmModule};
use crate::vocabulary::{GoRegexp, KernelRelease, Span, Spanned, go_regexp};

/// Mappings of a Module that some kernel can reach.
pub(super) struct LiveMappings {
    pub(super) items: Vec<LiveMapping>,
    /// Remarks on the mappings that no kernel reaches, with their places.
    pub(super) dead: Vec<(Span, String)>,
}

/// A mapping, in the words of a manifest.
pub(super) struct LiveMapping {
    /// Pattern of whole releases.
    pub(super) pattern: Spanned<String>,
    pub(super) is_regexp: bool,
    image: Arc<Node>,
    /// `mapping`, if it has fields besides the image.
    fields: Option<Arc<Node>>,
}

/// Reason why a mapping cannot be in a manifest.
pub(super) struct Inexpressible {
    pub(super) span: Span,
    pub(super) message: String,
}

impl LiveMappings {
    /// Reads the mappings of a Module, whose images are those of `image`.
    pub(super) fn of(
        module: &KmmModule,
        mapper: &KernelMapper<'_>,
        image: impl Fn(&Spanned<String>) -> Result<String, Inexpressible>,
    ) -> Result<Self, Inexpressible> {
        let mut live = Self { items: Vec::new(), dead: Vec::new() };
        for (at, mapping) in module.mappings.iter().enumerate() {
            let Some(condition) = mapping.literal.as_ref().or(mapping.regexp.as_ref()) else { continue };
            if let Some(literal) = &mapping.literal {
                if let Some(why) = unreachable(literal, at, mapper) {
                    live.dead.push((literal.span, why));
                    continue;
                }
                KernelRelease::parse(literal)
                    .map_err(|invalid| Inexpressible { span: literal.span, message: invalid.message })?;
            } else {
                GoRegexp::parse(condition)
                    .map_err(|invalid| Inexpressible { span: condition.span, message: invalid.message })?;
            }
            let template = mapping.image.as_ref().or(module.image.as_ref()).ok_or_else(|| Inexpressible {
                span: mapping.place(),
                message: "this mapping has no `containerImage`, and the container has none either".into(),
            })?;
            let is_regexp = mapping.literal.is_none();
            let pattern = if is_regexp { go_regexp::as_whole(condition) } else { escaped(condition) };
            live.items.push(LiveMapping {
                pattern: Spanned::new(pattern, condition.span),
                is_regexp,
                image: text(template.span, image(template)?),
                fields: fields(module, mapper, at, mapping),
            });
        }
        Ok(live)
    }

    /// Returns the fields of a manifest's module that say the same, in order.
    pub(super) fn entries(&self, span: Span) -> Vec<(&'static str, Arc<Node>)> {
        let mut entries = Vec::new();
        if !self.items.iter().any(|item| matches!(item.pattern.as_str(), ".*" | ".+")) {
            let patterns = self.items.iter().map(|item| text(item.pattern.span, item.pattern.as_str()));
            entries.push(("when", map(span, [("kernel", one_or_list(span, patterns.collect()))])));
        }
        match &self.items[..] {
            [only] => entries.extend(only.recipe(false)),
            items => {
                let says_fields = items.iter().any(|item| item.fields.is_some());
                let mut groups: Vec<Vec<&LiveMapping>> = Vec::new();
                for item in items {
                    match groups.last_mut() {
                        Some(group) if group[0].is_alike(item) => group.push(item),
                        _ => groups.push(vec![item]),
                    }
                }
                let overrides = groups.iter().rev().map(|group| {
                    let patterns = group.iter().map(|item| text(item.pattern.span, item.pattern.as_str()));
                    let place = group[0].pattern.span.at_start();
                    let when = map(place, [("kernel", one_or_list(place, patterns.collect()))]);
                    map(place, [("when", when)].into_iter().chain(group[0].recipe(says_fields)))
                });
                entries.push(("overrides", list(span, overrides.collect())));
            }
        }
        entries
    }

    /// Returns `fallback`, if there are regular expressions.
    pub(super) fn fallback(&self, span: Span) -> Option<Arc<Node>> {
        let regexps = self.items.iter().filter(|item| item.is_regexp).map(LiveMapping::fallback);
        let regexps: Vec<Arc<Node>> = regexps.collect();
        (!regexps.is_empty()).then(|| one_or_list(span, regexps))
    }
}

impl LiveMapping {
    /// Returns whether both are literal and differ in nothing but the release.
    fn is_alike(&self, other: &Self) -> bool {
        let parts = |item: &Self| (item.image.to_yaml(), item.fields.as_ref().map(|fields| fields.to_yaml()));
        !self.is_regexp && !other.is_regexp && parts(self) == parts(other)
    }

    /// Returns the fields of a recipe; `mapping` even without fields, if others have some that it must not have.
    fn recipe(&self, says_fields: bool) -> Vec<(&'static str, Arc<Node>)> {
        let none = says_fields.then(|| map(self.image.span.at_start(), []));
        let fields = self.fields.clone().or(none).map(|fields| ("mapping", fields));
        std::iter::once(("prebuilt", self.image.clone())).chain(fields).collect()
    }

    fn fallback(&self) -> Arc<Node> {
        let image = self.image.as_scalar().map(|image| image.text.as_str()).unwrap_or_default();
        let names = ["${KERNEL_FULL_VERSION}", "$KERNEL_FULL_VERSION", "${KERNEL_VERSION}", "$KERNEL_VERSION"];
        let is_shared = !names.iter().any(|name| image.contains(name));
        let place = self.pattern.span.at_start();
        let mut entries =
            vec![("kernel", text(self.pattern.span, self.pattern.as_str())), ("image", self.image.clone())];
        entries.extend(is_shared.then(|| ("shared", truth(place))));
        entries.extend(self.fields.clone().map(|fields| ("mapping", fields)));
        map(place, entries)
    }
}

/// Returns why no kernel reaches a literal mapping.
fn unreachable(literal: &Spanned<String>, at: usize, mapper: &KernelMapper<'_>) -> Option<String> {
    let release = literal.escape_debug();
    if literal.ends_with('+') {
        return Some(format!("the mapping of `{release}` is left out: KMM removes the `+` before it compares"));
    }
    match mapper.find(literal) {
        Ok(Some(first)) if first < at => {
            Some(format!("the mapping of `{release}` is left out: an earlier one matches its kernel"))
        }
        _ => None,
    }
}

/// Returns `mapping` of a mapping, if it or the container has such fields.
fn fields(module: &KmmModule, mapper: &KernelMapper<'_>, at: usize, mapping: &KernelMapping) -> Option<Arc<Node>> {
    let mut fields = Vec::new();
    for key in ["build", "sign"] {
        let section = match (module.section(key), mapping.section(key)) {
            (Some(_), Some(own)) => mapper.section(key, at).map(|merged| of_json(own.span.at_start(), &merged)),
            (one, other) => one.or(other).cloned(),
        };
        fields.extend(section.map(|section| (key, section)));
    }
    let own = ["inTreeModulesToRemove", "inTreeModuleToRemove"].into_iter().find_map(|key| mapping.section(key));
    if let Some(own) = own {
        let names = mapper.in_tree(at).into_iter().map(|name| text(own.span, name));
        fields.push(("inTreeModulesToRemove", list(own.span, names.collect())));
    }
    fields.extend(mapping.section("registryTLS").map(|settings| ("registryTLS", settings.clone())));
    let place = mapping.node.span.at_start();
    (!fields.is_empty()).then(|| map(place, fields))
}

/// Returns a pattern for one release.
fn escaped(release: &str) -> String {
    release.replace('.', "\\.").replace('+', "\\+")
}

fn one_or_list(span: Span, mut items: Vec<Arc<Node>>) -> Arc<Node> {
    match items.pop() {
        Some(only) if items.is_empty() => only,
        last => list(span, items.into_iter().chain(last).collect()),
    }
}
