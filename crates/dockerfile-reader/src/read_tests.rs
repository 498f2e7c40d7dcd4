//! Instructions, their parts and their places.

use crate::{Arguments, DecodeError, Instruction, Keyword, LineColumn, ProblemKind, decode, read};

fn texts<'a>(words: impl IntoIterator<Item = &'a crate::Word<'a>>) -> Vec<&'a str> {
    words.into_iter().map(|word| word.text.as_ref()).collect()
}

fn kinds(text: &str) -> Vec<ProblemKind> {
    read(text).problems.into_iter().map(|problem| problem.kind).collect()
}

fn keywords(instructions: &[Instruction<'_>]) -> Vec<Keyword> {
    instructions.iter().map(|instruction| instruction.keyword).collect()
}

#[test]
fn continuations_have_places_of_their_own() {
    let text = "from a\nRUN one \\\n  # why\n  two\\\nthree\n";
    let file = read(text);
    let run = &file.instructions[1];
    assert_eq!(run.rest(), "one   twothree");
    assert_eq!(run.span.of(text), "RUN one \\\n  # why\n  two\\\nthree");
    assert_eq!(file.comments.iter().map(|span| span.of(text)).collect::<Vec<_>>(), ["# why"]);
    let words = &run.commands()[0].words;
    assert_eq!(words[1].text, "twothree");
    assert_eq!(words[1].span.of(text), "two\\\nthree");
    assert_eq!(file.line_column(words[1].span.start), LineColumn { line: 4, column: 3 });
    assert!(file.problems.is_empty());
}

#[test]
fn an_empty_line_does_not_end_a_continuation() {
    let file = read("FROM a\nRUN one \\\n\n  two\nUSER x");
    assert_eq!(keywords(&file.instructions), [Keyword::From, Keyword::Run, Keyword::User]);
    assert_eq!(kinds("FROM a\nRUN one \\\n\n  two\n"), [ProblemKind::EmptyContinuation]);
    assert!(!ProblemKind::EmptyContinuation.stops_build());
}

#[test]
fn two_escapes_do_not_continue() {
    assert_eq!(read("FROM a\nRUN one \\\\\nUSER x").instructions.len(), 3);
    assert_eq!(read("FROM a\nRUN one \\  \nUSER x").instructions.len(), 2);
}

#[test]
fn directives_stand_at_the_top() {
    let file = read("\u{feff}# syntax=docker/dockerfile:1\r\n# ESCAPE = `\r\nFROM a\r\nRUN one `\r\n two\r\n");
    assert_eq!(file.escape, '`');
    assert_eq!(file.directives.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["syntax", "escape"]);
    assert_eq!(file.instructions[1].rest(), "one  two");
    assert_eq!(read("# a\n# escape=`\nFROM a").escape, '\\');
    assert_eq!(kinds("# escape=x\nFROM a"), [ProblemKind::InvalidEscape("x".into())]);
    assert_eq!(kinds("# escape=`\n# escape=`\nFROM a"), [ProblemKind::DuplicateDirective("escape".into())]);
}

#[test]
fn heredocs_follow_their_line() {
    let text = "FROM a\nRUN cat > /x <<EOF && make <<-'two'\na $b\nEOF\n\tc\n\ttwo\nCOPY <<\"q\" /y\nz\nq\nUSER x\n";
    let file = read(text);
    assert_eq!(keywords(&file.instructions), [Keyword::From, Keyword::Run, Keyword::Copy, Keyword::User]);
    let [one, two] = file.instructions[1].heredocs.as_slice() else { panic!("two heredocs") };
    assert_eq!((one.text().as_ref(), one.expands, one.strips_tabs), ("a $b\n", true, false));
    assert_eq!((two.text().as_ref(), two.expands, two.strips_tabs), ("c\n", false, true));
    assert_eq!(file.instructions[1].span.of(text).lines().count(), 5);
    assert_eq!(file.instructions[2].heredocs[0].name, "q");
    assert!(file.problems.is_empty());
}

#[test]
fn text_that_only_looks_like_a_heredoc_opens_none() {
    for line in ["RUN a <<<EOF", "RUN a<<EOF", "RUN [\"a\", \"<<EOF\"]", "RUN echo '<<EOF'", "CMD a <<EOF"] {
        let text = format!("FROM a\n{line}\nUSER x");
        assert_eq!(read(&text).instructions.len(), 3, "{line}");
    }
    assert_eq!(kinds("FROM a\nRUN a <<EOF\nb"), [ProblemKind::UnterminatedHeredoc("EOF".into())]);
    assert_eq!(read("FROM a\nRUN a << EOF\nb\nEOF\nUSER x").instructions.len(), 3);
    assert_eq!(read("FROM a\nONBUILD RUN a <<EOF\nb\nEOF\nUSER x").instructions.len(), 3);
}

#[test]
fn flags_have_names_and_values() {
    let text = "FROM --platform=$BUILDPLATFORM a AS b\nCOPY --from=b --chown='a b' --link x y\nRUN --mount=type=secret,id=x --what make";
    let file = read(text);
    assert_eq!(file.stages[0].platform.as_ref().unwrap().text, "$BUILDPLATFORM");
    let copy = &file.instructions[1];
    assert_eq!(copy.flag("chown").unwrap().value.as_ref().unwrap().text, "a b");
    assert_eq!(copy.flag("chown").unwrap().span.of(text), "--chown='a b'");
    assert!(copy.flag("link").unwrap().value.is_none());
    assert_eq!(texts(copy.words()), ["x", "y"]);
    assert_eq!(file.instructions[2].rest(), "make");
    assert_eq!(kinds(text), [ProblemKind::UnknownFlag("what".into())]);
    assert_eq!(kinds("FROM a\nCOPY --from x y"), [ProblemKind::MissingFlagValue("from".into())]);
}

#[test]
fn json_is_read_as_buildkit_does() {
    let text = r#"FROM a
CMD ["a", "b\tc" , "d\"e"]
ENTRYPOINT [ "x" ] && y
RUN ['a']
VOLUME ["a", 1]"#;
    let file = read(text);
    let Arguments::Json(words) = &file.instructions[1].arguments else { panic!("JSON") };
    assert_eq!(texts(words), ["a", "b\tc", "d\"e"]);
    assert_eq!(words[1].span.of(text), r#""b\tc""#);
    assert!(matches!(file.instructions[2].arguments, Arguments::Text(_)));
    assert!(matches!(file.instructions[3].arguments, Arguments::Text(_)));
    assert_eq!(kinds(text), [ProblemKind::NotStrings]);
}

#[test]
fn pairs_keep_their_quotes() {
    let text = "FROM a\nENV a=1 b=\"x y\" c='d' e=f\\ g\nENV old form with spaces\nARG x y=2\nLABEL z";
    let file = read(text);
    let pairs = file.instructions[1].pairs();
    assert_eq!(texts(pairs.iter().map(|pair| &pair.name)), ["a", "b", "c", "e"]);
    assert_eq!(texts(pairs.iter().filter_map(|pair| pair.value.as_ref())), ["1", "\"x y\"", "'d'", "f\\ g"]);
    assert_eq!(file.instructions[2].pairs()[0].value.as_ref().unwrap().text, "form with spaces");
    assert!(file.instructions[3].pairs()[0].value.is_none());
    assert_eq!(kinds(text), [ProblemKind::NotAPair("z".into())]);
    assert_eq!(kinds("FROM a\nENV =x"), [ProblemKind::EmptyName]);
}

#[test]
fn reading_goes_on_after_errors() {
    let text = "RUN early\nFROM a b\nFRO c\nCOPY\nSHELL sh\nONBUILD ONBUILD RUN x\nHEALTHCHECK what\n\\\n\nUSER x";
    let expected = [
        ProblemKind::BeforeFrom,
        ProblemKind::FromForm,
        ProblemKind::UnknownInstruction("FRO".into()),
        ProblemKind::MissingArguments("COPY"),
        ProblemKind::ShellForm,
        ProblemKind::Onbuild("ONBUILD".into()),
        ProblemKind::HealthForm("what".into()),
        ProblemKind::EmptyContinuation,
    ];
    assert_eq!(kinds(text), expected);
    assert_eq!(read(text).instructions.last().unwrap().keyword, Keyword::User);
    assert_eq!(kinds(""), [ProblemKind::NoStages]);
    assert_eq!(kinds("\\"), [ProblemKind::EmptyInstruction, ProblemKind::NoStages]);
}

#[test]
fn instructions_within_others_have_places() {
    let text = "FROM a\nONBUILD RUN one \\\n two\nHEALTHCHECK --interval=5s CMD [\"x\"]";
    let file = read(text);
    let Arguments::Nested(run) = &file.instructions[1].arguments else { panic!("an instruction") };
    assert_eq!(run.commands()[0].words[1].span.of(text), "two");
    assert_eq!(file.instructions[2].commands()[0].program(), Some("x"));
    assert!(file.problems.is_empty());
}

#[test]
fn bytes_are_text_or_a_clear_error() {
    assert_eq!(decode(b"FROM a"), Ok("FROM a"));
    assert_eq!(decode(b"a\0b"), Err(DecodeError::Binary { offset: 1 }));
    assert_eq!(decode(b"ab\xff"), Err(DecodeError::NotUtf8 { offset: 2 }));
}

#[test]
fn columns_count_characters() {
    let file = read("FROM a\n# üü x\n");
    assert_eq!(file.line_column("FROM a\n# üü ".len()), LineColumn { line: 2, column: 6 });
    assert_eq!(file.line_column(usize::MAX), LineColumn { line: 3, column: 1 });
}
