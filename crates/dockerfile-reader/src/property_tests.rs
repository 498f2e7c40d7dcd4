//! Properties that hold for every text.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{Arguments, Dockerfile, Instruction, Script, ShellWord, Span, Word, read};

/// Texts made of pieces that mean something, and of anything.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec![
            "FROM a AS b\n", "RUN ", "COPY --from=b ", "ARG x", "ENV ", "ONBUILD ", "HEALTHCHECK CMD ", "# escape=`\n",
            "CMD ", "[\"a\", ", "\"b\"]", "\\\n", "`\n", "\n", "\r\n", " ", "\t", "<<EOF", "<<-'E'", "EOF\n", "\tE\n", "--x=",
            "'", "\"", "$", "${", "}", "x", "=", ":-", "$(", ")", "(", "((", "))", "`", ";", "&&", "|", "if ", "then ",
            "fi", "for x in ", "do ", "done", "case ", "esac", ";;", "{ ", "[[ ", "]]", "f()", "#", "\u{feff}", "ü", "<(", ">",
            "2>&1", "!", "\u{85}", "\u{2028}", "/", "%", "*",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn check(text: &str, span: Span, outer: Span) {
    assert!(outer.start <= span.start && span.start <= span.end && span.end <= outer.end, "{span:?} in {outer:?}");
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?}");
}

fn check_word(text: &str, word: &Word<'_>, outer: Span) {
    check(text, word.span, outer);
}

fn check_instruction(text: &str, instruction: &Instruction<'_>, outer: Span) {
    let span = instruction.span;
    check(text, span, outer);
    check(text, instruction.name, span);
    let mut last = instruction.name.end;
    for flag in &instruction.flags {
        assert!(last <= flag.span.start);
        last = flag.span.end;
        check(text, flag.span, span);
        check_word(text, &flag.name, flag.span);
        flag.value.iter().for_each(|value| check_word(text, value, flag.span));
    }
    for word in instruction.words() {
        assert!(last <= word.span.start);
        last = word.span.end;
        check_word(text, word, span);
    }
    for pair in instruction.pairs() {
        check_word(text, &pair.name, span);
        pair.value.iter().for_each(|value| check_word(text, value, span));
    }
    for heredoc in &instruction.heredocs {
        check_word(text, &heredoc.word, span);
        check(text, heredoc.body, span);
        heredoc.end.iter().for_each(|end| check(text, *end, span));
    }
    if let Arguments::Nested(nested) = &instruction.arguments {
        check_instruction(text, nested, span);
    }
    instruction.script().iter().for_each(|script| check_script(text, script, span));
}

fn check_script(text: &str, script: &Script<'_>, outer: Span) {
    check(text, script.span, outer);
    let mut last = 0;
    for command in &script.commands {
        assert!(last <= command.span.start);
        last = command.span.start;
        check(text, command.span, outer);
        command.words.iter().for_each(|word| check_shell_word(text, word, command.span));
        command.assignments.iter().for_each(|one| check(text, one.span, command.span));
        command.redirects.iter().for_each(|one| check(text, one.span, command.span));
        assert!(command.group.is_none_or(|group| group < script.groups.len()));
    }
    for (number, group) in script.groups.iter().enumerate() {
        check(text, group.span, outer);
        assert!(group.group.is_none_or(|parent| parent < number));
    }
    script.bodies.iter().for_each(|body| check(text, body.span, outer));
    script.problem.iter().for_each(|problem| check(text, problem.span, outer));
}

fn check_shell_word(text: &str, word: &ShellWord<'_>, outer: Span) {
    check(text, word.span, outer);
    word.variables.iter().for_each(|variable| check(text, variable.span, word.span));
    assert_eq!(word.literal.is_none(), !word.parts.is_empty());
}

/// Instructions are in order, and between them are only white space, comments, directives and lone continuations.
fn check_gaps(file: &Dockerfile<'_>) {
    let mut last = 0;
    let ends = file.instructions.iter().map(|one| one.span).chain([Span::new(file.text.len(), file.text.len())]);
    for span in ends {
        assert!(last <= span.start);
        for line in file.text[last..span.start].split('\n') {
            let line = line.trim_start_matches('\u{feff}').trim();
            let is_escape = line.chars().all(|character| character == file.escape || character.is_whitespace());
            assert!(is_escape || line.starts_with('#'), "{line:?} in {:?}", file.text);
        }
        last = span.end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn every_text_is_read(text in text()) {
        let file = read(&text);
        let whole = Span::new(0, text.len());
        check_gaps(&file);
        for (number, instruction) in file.instructions.iter().enumerate() {
            check_instruction(&text, instruction, whole);
            drop(file.references(number));
        }
        file.all_problems().iter().for_each(|problem| check(&text, problem.span, whole));
        let arguments = BTreeMap::from([("x".to_owned(), "value".to_owned())]);
        let variables = file.variables(&arguments);
        for (number, instruction) in file.instructions.iter().enumerate() {
            for word in instruction.words() {
                for place in variables.expand(number, word).into_iter().flat_map(|found| found.undeclared) {
                    check(&text, place.span, word.span);
                }
            }
        }
        assert!(file.line_column(text.len() / 2).line >= 1);
    }
}
