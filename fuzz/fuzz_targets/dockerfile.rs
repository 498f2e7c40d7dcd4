//! Any Dockerfile is read, and everything in it has a place.
#![no_main]

use std::collections::BTreeMap;

use dockerfile_reader::{Arguments, Instruction, Script, Span, decode, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes) else { return };
    let file = read(text);
    let mut last = 0;
    for (number, instruction) in file.instructions.iter().enumerate() {
        assert!(last <= instruction.span.start);
        last = instruction.span.end;
        check(text, instruction);
        drop(file.references(number));
    }
    for problem in file.all_problems() {
        is_in(text, problem.span, Span::new(0, text.len()));
        drop((problem.kind.to_string(), file.line_column(problem.span.start)));
    }
    let arguments = BTreeMap::from([("x".to_owned(), "a/b/a".to_owned())]);
    let variables = file.variables(&arguments);
    for (number, instruction) in file.instructions.iter().enumerate() {
        let values = instruction.pairs().iter().filter_map(|pair| pair.value.as_ref());
        for word in instruction.words().iter().chain(values) {
            for place in variables.expand(number, word).into_iter().flat_map(|found| found.undeclared) {
                is_in(text, place.span, word.span);
            }
        }
    }
});

fn is_in(text: &str, span: Span, outer: Span) {
    assert!(outer.start <= span.start && span.start <= span.end && span.end <= outer.end, "{span:?} in {outer:?}");
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?}");
}

fn check(text: &str, instruction: &Instruction<'_>) {
    let span = instruction.span;
    is_in(text, span, Span::new(0, text.len()));
    instruction.flags.iter().for_each(|flag| is_in(text, flag.span, span));
    instruction.words().iter().for_each(|word| is_in(text, word.span, span));
    instruction.heredocs.iter().for_each(|heredoc| is_in(text, heredoc.body, span));
    if let Arguments::Nested(nested) = &instruction.arguments {
        check(text, nested);
    }
    instruction.script().iter().for_each(|script| check_script(text, script, span));
}

fn check_script(text: &str, script: &Script<'_>, outer: Span) {
    for command in &script.commands {
        is_in(text, command.span, outer);
        command.words.iter().for_each(|word| is_in(text, word.span, command.span));
        command.redirects.iter().for_each(|redirect| is_in(text, redirect.span, command.span));
    }
    script.groups.iter().for_each(|group| is_in(text, group.span, outer));
    script.bodies.iter().for_each(|body| is_in(text, body.span, outer));
}
