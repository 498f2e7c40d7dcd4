//! Reads a YAML text into a tree of [`Node`]s.
//!
//! The reader takes less than YAML allows: one document, keys that are texts, no tags but
//! `!!str`, and merge keys only if they are asked for. What it leaves out is what surprises people or what readers disagree on.
//! It reports everything that it finds wrong, and stops only where it cannot go on.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use crate::characters::first_unprintable;
use crate::duplicates::{duplicate, report_duplicates};
use crate::merge::Merged;
use crate::places::{floor_char_boundary, token_at, trim_block};
use crate::reference::{self, Disguised};
use crate::{Entry, Error, ErrorKind, Node, Scalar, SourceId, Span, Spanned, Value, syntax};

/// Largest cost of a text once every alias is written out; see [`cost_of`]. Code that walks the
/// tree without regard to sharing does at most this much work.
pub(crate) const MAX_COST: usize = 3_000_000;

/// Reads one YAML document; `None` where there is nothing in it.
///
/// # Errors
/// Everything that is wrong with the text, in the order of its lines.
pub fn read(source: SourceId, text: &str) -> Result<Option<Arc<Node>>, Vec<Error>> {
    read_form(source, text, false)
}

/// Reads one YAML document, in which a key `<<` adds the entries of other maps, as kubectl reads it; `None` if there is
/// nothing in it.
///
/// # Errors
/// Everything that is wrong with the text, in the order of its lines.
pub fn read_merging(source: SourceId, text: &str) -> Result<Option<Arc<Node>>, Vec<Error>> {
    read_form(source, text, true)
}

fn read_form(source: SourceId, text: &str, merges: bool) -> Result<Option<Arc<Node>>, Vec<Error>> {
    read_as(source, text, merges, None).or_else(|problems| match reference::disguise(text) {
        Some(disguised) => read_as(source, &disguised.text, merges, Some(&disguised)),
        None => Err(problems),
    })
}

fn read_as(
    source: SourceId,
    text: &str,
    merges: bool,
    disguised: Option<&Disguised>,
) -> Result<Option<Arc<Node>>, Vec<Error>> {
    if let Some((at, c)) = first_unprintable(text) {
        return Err(vec![syntax::unprintable(Span::new(source, at, at + c.len_utf8()), c)]);
    }
    let mut builder = Builder::new(source, text, merges, disguised);
    let options = granit_parser::options! {
        // As PyYAML and kubectl read it.
        block_scalar_eof_without_line_feed: true,
        // So that every one of them is reported.
        emit_unresolved_aliases: true,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((event, at)) => builder.event(event, at),
            Err(error) => Err(syntax::diagnose(source, text, &error)),
        };
        if let Err(fatal) = step {
            builder.problems.push(fatal);
            break;
        }
    }
    builder.finish()
}

/// Returns the cost of a scalar, which counts against [`MAX_COST`]: one, and one more for every 64
/// bytes, so that repeating a long text by aliases is bounded as well.
fn cost_of(text: &str) -> usize {
    1 + text.len() / 64
}

/// A finished node.
#[derive(Clone)]
struct Built {
    node: Arc<Node>,
    /// Cost of the node with its aliases written out.
    cost: usize,
    /// Depth of the collections nested in the node, itself included.
    height: usize,
}

/// A collection whose end is still to come.
struct Open {
    /// The parser's number of its anchor; 0 where it has none.
    anchor: usize,
    span: Span,
    items: Items,
    cost: usize,
    height: usize,
}

enum Items {
    Sequence(Vec<Arc<Node>>),
    Mapping { entries: Vec<Entry>, key: Key, merged: Option<Merged> },
}

/// State of the key of a map's next entry.
enum Key {
    Awaited,
    Read(Spanned<String>),
    /// The key is `<<`, and its value is added to the map.
    Merge(Span),
    /// The key was reported as wrong, and its value will be dropped.
    Refused,
}

/// Puts a tree together from the parser's events, with the open collections on a stack of its own.
struct Builder<'t> {
    source: SourceId,
    text: &'t str,
    /// Set if `<<` adds the entries of other maps.
    merges: bool,
    disguised: Option<&'t Disguised>,
    documents: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Built>,
    root: Option<Arc<Node>>,
    cost: usize,
    problems: Vec<Error>,
}

impl<'t> Builder<'t> {
    fn new(source: SourceId, text: &'t str, merges: bool, disguised: Option<&'t Disguised>) -> Self {
        let (open, anchors, problems) = (vec![], HashMap::new(), vec![]);
        Self { source, text, merges, disguised, documents: 0, open, anchors, root: None, cost: 0, problems }
    }

    /// Takes the next event. An error is one after which reading cannot go on.
    fn event(&mut self, event: Event<'_>, at: granit_parser::Span) -> Result<(), Error> {
        let span = self.span(&at);
        match event {
            Event::DocumentStart(..) => self.start_document(span),
            Event::Scalar(text, style, anchor, tag) => {
                let tagged = self.check_tag(tag.as_deref(), &at, true);
                let plain = style == ScalarStyle::Plain && !tagged;
                if style == ScalarStyle::Plain && span.start == span.end {
                    // Where nothing is written, the parser says `~`.
                    let scalar = Scalar { text: String::new(), plain };
                    return self.scalar(scalar, anchor, self.after_colon(span));
                }
                let text = match self.disguised {
                    Some(disguised) => disguised.reveal(&text),
                    None => text.into_owned(),
                };
                let scalar = Scalar { text, plain };
                self.scalar(scalar, anchor, trim_block(self.text, span, style))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), &at, false);
                self.start_collection(Items::Sequence(vec![]), anchor, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), &at, false);
                let items = Items::Mapping { entries: vec![], key: Key::Awaited, merged: None };
                self.start_collection(items, anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.end_collection(span);
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                self.problems.push(
                    Error::new(ErrorKind::Alias, format!("there is no anchor `&{name}` before this alias"), span)
                        .help("quote a string that starts with `*`"),
                );
                self.put_broken(span);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Option<Arc<Node>>, Vec<Error>> {
        if self.problems.is_empty() {
            return Ok(self.root.filter(|node| node.as_scalar().is_none_or(|s| !s.plain || !s.text.is_empty())));
        }
        self.problems.sort_by_key(|problem| problem.places.first().map(|(span, _)| span.start));
        Err(self.problems)
    }

    /// The parser's span in bytes, which it always knows for a text in memory. It is kept inside
    /// of the text whatever the parser says, so that it can be sliced and shown.
    fn span(&self, at: &granit_parser::Span) -> Span {
        let start = floor_char_boundary(self.text, at.start.byte_offset().unwrap_or(self.text.len()));
        let end = floor_char_boundary(self.text, at.end.byte_offset().unwrap_or(start));
        Span::new(self.source, start, end.max(start))
    }

    /// Moves an empty span behind the colon: if the value of `key:` is missing, the parser's span is before the colon.
    fn after_colon(&self, span: Span) -> Span {
        let colons = usize::from(self.text[span.start..].starts_with(':') && !self.awaits_key());
        Span::new(self.source, span.start + colons, span.start + colons)
    }

    fn start_document(&mut self, span: Span) -> Result<(), Error> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        let span = token_at(self.source, self.text, span.start);
        Err(Error::new(ErrorKind::Documents, "the file contains more than one document", span)
            .label("a second document starts here")
            .help("split the file, or remove the `---`"))
    }

    /// Reports any tag but `!!str` on a scalar; returns whether there is one.
    fn check_tag(&mut self, tag: Option<&Tag>, at: &granit_parser::Span, scalar: bool) -> bool {
        let Some(tag) = tag else { return false };
        if !scalar || tag.core_suffix() != Some("str") {
            let span = self.span(&at.tag_span().unwrap_or(*at));
            let name = &self.text[span.start..span.end];
            self.problems.push(
                Error::new(ErrorKind::Tag, format!("unsupported tag `{name}`"), span)
                    .help("remove the tag; quote a string that starts with `!`"),
            );
        }
        true
    }

    /// Counts `cost` of what stands at `span` against the limit.
    fn spend(&mut self, cost: usize, span: Span) -> Result<(), Error> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost <= MAX_COST {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, format!("the file contains more than {MAX_COST} values"), span)
            .label("this one exceeds the limit")
            .help("an alias counts as all values of its anchor"))
    }

    fn check_depth(&self, height: usize, span: Span) -> Result<(), Error> {
        if self.open.len() + height <= syntax::MAX_DEPTH {
            return Ok(());
        }
        Err(syntax::too_deep(span))
    }

    fn scalar(&mut self, scalar: Scalar, anchor: usize, span: Span) -> Result<(), Error> {
        let cost = cost_of(&scalar.text);
        self.spend(cost, span)?;
        if anchor == 0 && self.awaits_key() {
            if let Some(open) = self.open.last_mut() {
                open.cost += cost;
            }
            self.put_key(scalar, span);
            return Ok(());
        }
        let node = Arc::new(Node { span, value: Value::Scalar(scalar) });
        self.put_anchored(Built { node, cost, height: 0 }, anchor, span);
        Ok(())
    }

    fn start_collection(&mut self, items: Items, anchor: usize, span: Span) -> Result<(), Error> {
        self.check_depth(1, span)?;
        self.spend(1, span)?;
        self.open.push(Open { anchor, span, items, cost: 1, height: 1 });
        Ok(())
    }

    fn end_collection(&mut self, end: Span) {
        let Some(Open { anchor, mut span, items, cost, height }) = self.open.pop() else { return };
        // In block style the parser notices the end only where the next thing starts, and says
        // so with an empty span; the collection ends where its last child does.
        if end.start < end.end {
            span.end = end.end;
        }
        let value = match items {
            Items::Sequence(items) => Value::Sequence(items),
            Items::Mapping { mut entries, merged, .. } => {
                report_duplicates(&entries, &mut self.problems);
                merged.into_iter().for_each(|merged| merged.add_to(&mut entries, &mut self.problems));
                Value::Mapping(entries)
            }
        };
        self.put_anchored(Built { node: Arc::new(Node { span, value }), cost, height }, anchor, span);
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Error> {
        let Some(built) = self.anchors.get(&anchor).cloned() else {
            self.problems.push(Error::new(ErrorKind::Alias, "this alias is inside its own anchor", span));
            self.put_broken(span);
            return Ok(());
        };
        self.check_depth(built.height, span)?;
        self.spend(built.cost, span)?;
        self.put(built, span);
        Ok(())
    }

    fn put_anchored(&mut self, built: Built, anchor: usize, span: Span) {
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        self.put(built, span);
    }

    /// Puts a node that stands at `span` where the innermost open collection takes the next one.
    fn put(&mut self, built: Built, span: Span) {
        let awaits_key = self.awaits_key();
        let Some(open) = self.open.last_mut() else {
            self.root = Some(built.node);
            return;
        };
        open.cost = open.cost.saturating_add(built.cost);
        open.height = open.height.max(built.height + 1);
        open.span.end = open.span.end.max(span.end);
        match &mut open.items {
            Items::Sequence(items) => items.push(built.node),
            Items::Mapping { .. } if awaits_key => match &built.node.value {
                Value::Scalar(scalar) => self.put_key(scalar.clone(), span),
                _ => {
                    let is_template =
                        self.text[..span.start].ends_with('{') && self.text[span.start..].starts_with('{');
                    let help = if is_template {
                        "quote a string that starts with `{{`"
                    } else {
                        "write one word or a quoted string before the `:`"
                    };
                    self.refuse_key(span, "a key must be a string", help);
                }
            },
            Items::Mapping { entries, key, merged } => match std::mem::replace(key, Key::Awaited) {
                Key::Read(key) => entries.push(Entry { key, value: built.node }),
                Key::Merge(key) => match merged {
                    Some(first) => {
                        self.problems.push(duplicate(first.key, &Spanned::new("<<".to_owned(), key)));
                    }
                    None => *merged = Some(Merged { key, value: built.node }),
                },
                Key::Awaited | Key::Refused => {}
            },
        }
    }

    /// Fills the place of something that was reported, so that what follows stays in order.
    fn put_broken(&mut self, span: Span) {
        if self.awaits_key() {
            self.set_key(Key::Refused);
            return;
        }
        let value = Value::Scalar(Scalar { text: String::new(), plain: true });
        self.put(Built { node: Arc::new(Node { span, value }), cost: 1, height: 0 }, span);
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { items: Items::Mapping { key: Key::Awaited, .. }, .. }))
    }

    fn set_key(&mut self, next: Key) {
        if let Some(Open { items: Items::Mapping { key, .. }, .. }) = self.open.last_mut() {
            *key = next;
        }
    }

    fn put_key(&mut self, scalar: Scalar, span: Span) {
        if scalar.plain && scalar.text.is_empty() {
            self.refuse_key(span, "a key is missing before this `:`", "write an empty key as `\"\"`");
        } else if scalar.plain && scalar.text == "<<" && self.merges {
            self.set_key(Key::Merge(span));
        } else if scalar.plain && scalar.text == "<<" {
            self.problems.push(
                Error::new(ErrorKind::MergeKey, "merge keys are not supported", span)
                    .help("write the keys, or use an alias for the whole value"),
            );
            self.set_key(Key::Refused);
        } else {
            self.set_key(Key::Read(Spanned::new(scalar.text, span)));
        }
    }

    fn refuse_key(&mut self, span: Span, message: &str, help: &'static str) {
        self.problems.push(Error::new(ErrorKind::Key, message, span).help(help));
        self.set_key(Key::Refused);
    }
}
