//! Shell text.

use crate::{Connector, GroupKind, ProblemKind, Script, ShellError, WordPart, read};

/// The script of a RUN with a heredoc, whose lines are `text`.
fn with_script<T>(text: &str, check: impl FnOnce(&Script<'_>) -> T) -> T {
    let file = format!("FROM a\nRUN <<'END-OF-TEXT'\n{text}\nEND-OF-TEXT\n");
    let file = read(&file);
    check(&file.instructions[1].script().expect("shell text"))
}

/// Each command's words, one command to a line.
fn commands(text: &str) -> Vec<String> {
    with_script(text, |script| {
        assert_eq!(script.problem, None, "{text}");
        let words = script.commands.iter().map(|command| command.words.iter().map(|word| word.text.as_ref()));
        words.map(|words| words.collect::<Vec<_>>().join(" ")).collect()
    })
}

fn error(text: &str) -> Option<ShellError> {
    with_script(text, |script| match script.problem.clone()?.kind {
        ProblemKind::Shell(error) => Some(error),
        other => panic!("{other:?}"),
    })
}

#[test]
fn commands_of_lists_and_constructs_are_found() {
    let cases: [(&str, &[&str]); 20] = [
        ("a b; c && d || e | f & g", &["a b", "c", "d", "e", "f", "g"]),
        ("if a; then b; elif c; then d; else e; fi", &["a", "b", "c", "d", "e"]),
        ("while a; do b; done; until c\ndo d\ndone", &["a", "b", "c", "d"]),
        ("for x in 1 $(a) *.ko; do b $x; done", &["a", "b $x"]),
        ("for x do a; done", &["a"]),
        ("for ((i=0; i<3; i++)); do a; done", &["a"]),
        ("case $x in a|b) c;; (d) e ;; *) f; esac", &["c", "e", "f"]),
        ("(a; (b)) && { c; d; }", &["a", "b", "c", "d"]),
        ("f() { a; }; f", &["a", "f"]),
        ("function f { a; }", &["a"]),
        ("a \"$(b \"$(c)\")\" `d e`", &["a \"$(b \"$(c)\")\" `d e`", "b \"$(c)\"", "c", "d e"]),
        ("[[ a && ( b < c ) ]] && d", &["[[ a && ( b < c ) ]]", "d"]),
        ("a $((1 + (2))) x; ((i++)); b", &["a $((1 + (2))) x", "b"]),
        ("a # b; c\nd", &["a", "d"]),
        ("a \\\n  b \"c\\\nd\"", &["a b \"c\\\nd\""]),
        ("! a && ! b", &["a", "b"]),
        ("a <(b) >(c)", &["a <(b) >(c)", "b", "c"]),
        ("x=(a $(b)) c", &["c", "b"]),
        ("a ${x:-$(b)} ${#y} ${z[0]} $'it\\'s'", &["a ${x:-$(b)} ${#y} ${z[0]} $'it\\'s'", "b"]),
        ("echo done if; echo }", &["echo done if", "echo }"]),
    ];
    for (text, expected) in cases {
        assert_eq!(commands(text), expected, "{text}");
    }
}

#[test]
fn literals_and_variables_are_told_apart() {
    with_script("git clone -b \"${V:-1}\" 'https://'\"x\".git\\ y $W/a\"$(b)\"", |script| {
        let words = &script.commands[0].words;
        assert_eq!(script.commands[0].program(), Some("git"));
        assert_eq!(words[3].variables[0].name, "V");
        assert_eq!(words[3].variables[0].operation, ":-1");
        assert_eq!(words[4].literal.as_deref(), Some("https://x.git y"));
        let parts = [WordPart::Variable(0), WordPart::Text("/a".into()), WordPart::Group(0)];
        assert_eq!(words[5].parts, parts);
        assert_eq!(words[3].resolve(|name| (name == "V").then(|| "7".into())), Some("7".into()));
        assert_eq!(words[3].resolve(|_| None), None);
        assert_eq!(words[5].resolve(|_| Some("x".into())), None);
    });
}

#[test]
fn connectors_groups_and_assignments_are_kept() {
    with_script("A=1 B=\"$x\" make | tee log && if ! a; then exit 1; fi", |script| {
        let [make, tee, a, exit] = script.commands.as_slice() else { panic!("{script:?}") };
        assert_eq!((make.before, make.after), (Connector::Edge, Connector::Pipe));
        assert_eq!((tee.before, tee.after), (Connector::Pipe, Connector::And));
        let names: Vec<_> = make.assignments.iter().map(|one| one.name.as_ref()).collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(make.assignments[1].value.variables[0].name, "x");
        assert!(a.is_negated && !exit.is_negated);
        let parent = &script.groups[exit.group.unwrap()];
        assert!(matches!(parent.kind, GroupKind::Branch));
        assert!(matches!(script.groups[parent.group.unwrap()].kind, GroupKind::If));
        assert_eq!(script.groups[0].before, Connector::And);
    });
}

#[test]
fn here_documents_and_redirections_are_read() {
    with_script("cat > /x 2>&1 <<EOF; a\n$b\nEOF\nc <<-'Q'\n\td\n\tQ\ne", |script| {
        let cat = &script.commands[0];
        let operators: Vec<_> = cat.redirects.iter().map(|one| (one.descriptor, one.operator)).collect();
        assert_eq!(operators, [(None, ">"), (Some(2), ">&"), (None, "<<")]);
        let body = |number: usize| (script.bodies[number].text.as_ref(), script.bodies[number].expands);
        assert_eq!((body(0), body(1)), (("$b\n", true), ("d\n", false)));
        let programs: Vec<_> = script.commands.iter().map(|command| command.program()).collect();
        assert_eq!(programs, [Some("cat"), Some("a"), Some("c"), Some("e")]);
    });
    let text = "FROM a\nRUN cat <<EOF > /x && make\nb\nEOF\n";
    let file = read(text);
    let script = file.instructions[1].script().unwrap();
    assert_eq!(script.bodies[0].span.of(text), "b\n");
    assert_eq!(script.commands[1].program(), Some("make"));
}

#[test]
fn heredocs_of_other_interpreters_are_no_shell_text() {
    assert!(read("FROM a\nRUN <<E\n#!/usr/bin/env python3\n(((\nE").instructions[1].script().is_none());
    assert!(read("FROM a\nRUN <<E\n#!/bin/bash -e\na\nE").instructions[1].script().is_some());
    assert_eq!(read("FROM a\nRUN <<-E\n\ta\n\tE\n").instructions[1].commands()[0].words.len(), 1);
}

#[test]
fn errors_keep_what_was_read() {
    let unexpected = |token: &str| Some(ShellError::Unexpected(token.to_owned()));
    let cases = [
        ("a; if b; then c", Some(ShellError::Missing("fi"))),
        ("a; b 'c", Some(ShellError::Unterminated("'"))),
        ("a; b \"c", Some(ShellError::Unterminated("\""))),
        ("a; b $(c", Some(ShellError::Missing(")"))),
        ("a; b ${c", Some(ShellError::Unterminated("${"))),
        ("a; b ${}", unexpected("${}")),
        ("a; b )", unexpected(")")),
        ("a; done", unexpected("done")),
        ("a; ;", unexpected(";")),
        ("a &&", unexpected("end of the text")),
        ("a; (b) c", unexpected("c")),
        ("a; [[ b", Some(ShellError::Unterminated("[["))),
        ("a; b >", Some(ShellError::Unexpected("\n".into()))),
        ("a; case b in c) d", Some(ShellError::Missing("esac"))),
    ];
    for (text, expected) in cases {
        if text.ends_with('>') {
            assert!(error(text).is_some());
        } else {
            assert_eq!(error(text), expected, "{text}");
        }
        with_script(text, |script| assert_eq!(script.commands[0].program(), Some("a"), "{text}"));
    }
}
