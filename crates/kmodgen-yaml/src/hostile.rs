//! Texts that readers of YAML are known to stumble over, for the tests.

use proptest::prelude::*;

use crate::Yaml;

/// Pieces that hostile texts are put together from.
pub(crate) const PIECES: [&str; 62] = [
    "",
    "a",
    "\n",
    "\n\n",
    "\t",
    " ",
    "  ",
    "   \n",
    "\t\n",
    "\r",
    "\r\n",
    "---",
    "...",
    "--- a\n",
    "\n---\n",
    "\n...\n",
    "# x",
    " # x",
    ": ",
    "key: value",
    "- ",
    "- a\n",
    "? ",
    "\"",
    "'",
    "\\",
    "\\n",
    "|",
    ">",
    "|-\n",
    "&a",
    "*a",
    "!a",
    "%YAML 1.1\n",
    "@",
    "`",
    "{",
    "}",
    "[",
    "]",
    ",",
    "<<",
    "=",
    "~",
    "null",
    "true",
    "y",
    "on",
    "1_000",
    "0o17",
    "1.10",
    "2001-01-01",
    "12:30",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{a0}",
    "é",
    "🦀",
    "\0",
    "FROM a\nRUN b \\\n  && c\n",
];

/// Characters that need an escape or that somebody might think need one.
const CHARACTERS: [char; 20] = [
    '\u{1}',
    '\u{7}',
    '\u{8}',
    '\u{b}',
    '\u{c}',
    '\u{1b}',
    '\u{1f}',
    '\u{7f}',
    '\u{80}',
    '\u{9f}',
    '\u{ad}',
    '\u{200b}',
    '\u{202e}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{fdd0}',
    '\u{fffd}',
    '\u{ffff}',
    '\u{1fffe}',
    '\u{10ffff}',
];

fn piece(at: usize) -> &'static str {
    PIECES[at % PIECES.len()]
}

/// A few hundred hostile texts, the same ones every time.
pub(crate) fn texts() -> Vec<String> {
    let mut texts: Vec<String> = PIECES.iter().map(|piece| (*piece).to_owned()).collect();
    texts.extend(CHARACTERS.iter().flat_map(|c| [c.to_string(), format!("a{c}b\nc")]));
    texts.extend(
        PIECES.iter().flat_map(|piece| [format!("a\n{piece}\nb\n"), format!("{piece}\nb"), format!("a\n{piece}")]),
    );
    // Every 7th, 11th and 13th piece, starting anywhere, is as good as at random.

    texts.extend(
        (0..150).map(|n| format!("{}{}{}{}", piece(n), piece(n * 7 + 3), piece(n * 11 + 5), piece(n * 13 + 1))),
    );
    texts.push("x".repeat(60_000) + "\n" + &"y ".repeat(30_000));
    texts.push("a long line of a Dockerfile, \\\n\tits tab and its ümlaut\n".repeat(1_900));
    texts
}

/// Any hostile text.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => proptest::sample::select(&CHARACTERS[..]).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
        1 => "[ -~]{0,12}",
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Any value of hostile texts and hostile keys, nested a few levels deep.
pub(crate) fn value() -> impl Strategy<Value = Yaml<'static>> {
    let leaf = prop_oneof![text().prop_map(Yaml::text), text().prop_map(Yaml::block)];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Yaml::Seq),
            proptest::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Yaml::Map(map.into_iter().map(|(key, value)| (key.into(), value)).collect())),
        ]
    })
}
