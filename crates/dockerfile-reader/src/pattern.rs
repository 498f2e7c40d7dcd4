//! Shell patterns with `*` and `?`, as BuildKit has them: without `[...]`.

/// A pattern, as its items.
pub(crate) struct Pattern(Vec<PatternItem>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum PatternItem {
    Character(char),
    AnyCharacter,
    AnyText,
}

impl Pattern {
    /// Reads a pattern; `None` if it has an escape that BuildKit refuses.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut items = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            items.push(match character {
                '*' => PatternItem::AnyText,
                '?' => PatternItem::AnyCharacter,
                '\\' => PatternItem::Character(
                    characters.next().filter(|next| matches!(next, '*' | '?' | '\\' | '}' | '/'))?,
                ),
                _ => PatternItem::Character(character),
            });
        }
        Some(Self(items))
    }

    /// The numbers of characters after which the pattern matches the start of a text, the longest last.
    fn matches(&self, text: &[char], steps: &mut usize) -> Option<Vec<usize>> {
        let items = &self.0;
        let mut states = vec![false; items.len() + 1];
        states[0] = true;
        pass_any_text(items, &mut states);
        let mut found = Vec::new();
        for place in 0..=text.len() {
            if states[items.len()] {
                found.push(place);
            }
            let Some(character) = text.get(place) else { break };
            *steps = steps.checked_sub(states.len())?;
            let mut next = vec![false; states.len()];
            for (state, item) in items.iter().enumerate().filter(|(state, _)| states[*state]) {
                match item {
                    PatternItem::AnyText => next[state] = true,
                    PatternItem::AnyCharacter => next[state + 1] = true,
                    PatternItem::Character(expected) if expected == character => next[state + 1] = true,
                    PatternItem::Character(_) => {}
                }
            }
            pass_any_text(items, &mut next);
            states = next;
            if !states.contains(&true) {
                break;
            }
        }
        Some(found)
    }
}

/// Adds the states behind each `*` that is reached, since it matches nothing too.
fn pass_any_text(items: &[PatternItem], states: &mut [bool]) {
    for (state, item) in items.iter().enumerate() {
        if states[state] && *item == PatternItem::AnyText {
            states[state + 1] = true;
        }
    }
}

/// Removes the shortest or longest match at the start or end of a text; `None` if that takes too long.
pub(crate) fn trim(
    text: &str,
    pattern: &Pattern,
    is_start: bool,
    is_longest: bool,
    steps: &mut usize,
) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    let mut items = pattern.0.clone();
    if !is_start {
        characters.reverse();
        items.reverse();
    }
    let found = Pattern(items).matches(&characters, steps)?;
    let length = if is_longest { found.last() } else { found.first() };
    let rest = characters.get(length.copied().unwrap_or(0)..).unwrap_or_default().iter();
    Some(if is_start { rest.collect() } else { rest.rev().collect() })
}

/// Replaces the first match, or every match, in a text; `None` if that takes too long.
pub(crate) fn replace(
    text: &str,
    pattern: &Pattern,
    replacement: &str,
    is_every: bool,
    steps: &mut usize,
) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut result = String::new();
    let mut place = 0;
    let mut is_done = false;
    while place < characters.len() {
        let length = if is_done { None } else { pattern.matches(&characters[place..], steps)?.last().copied() };
        if let Some(length) = length {
            *steps = steps.checked_sub(replacement.len())?;
            result.push_str(replacement);
            is_done = !is_every;
            place += length;
        }
        if length.is_none_or(|length| length == 0) {
            result.push(characters[place]);
            place += 1;
        }
    }
    Some(result)
}
