//! Hostile sizes: time and memory stay linear, and the stack bounded.

use crate::{ProblemKind, ShellError, read};

#[test]
fn deep_nesting_is_a_problem() {
    let deep = [
        "(".repeat(1_000_000),
        "a $(".repeat(200_000),
        "a \"$(".repeat(200_000),
        "a ${x:-".repeat(200_000),
        "a \"${x:-".repeat(200_000),
        "if ".repeat(200_000),
        "if a; then ".repeat(200_000),
        "while a; do ".repeat(200_000),
        "case a in b) ".repeat(200_000),
        "f() ".repeat(200_000),
        "{ ".repeat(200_000),
        "a <(".repeat(200_000),
        "x=( $(".repeat(200_000),
    ];
    for text in deep {
        let file = format!("FROM a\nRUN {text}\nUSER x");
        let file = read(&file);
        assert_eq!(file.instructions.len(), 3);
        let problem = file.instructions[1].script().unwrap().problem.map(|problem| problem.kind);
        assert_eq!(problem, Some(ProblemKind::Shell(ShellError::TooDeep)), "{}", &text[..12]);
    }
}

#[test]
fn alternating_quotes_and_backquotes_do_not_overflow() {
    for text in ["`\"`", "\"`\"", "$((`", "a\\\n", "$(`", "((", "<<a ", "&& a ", "x=", "[["] {
        let file = format!("FROM a\nRUN <<'E'\n{}\nE\nUSER x", text.repeat(100_000));
        let file = read(&file);
        assert_eq!(file.instructions.len(), 3);
        drop(file.instructions[1].script());
    }
}

#[test]
fn many_instructions_and_continuations_are_read() {
    let file = format!("FROM a\n{}", "RUN a\n".repeat(1_000_000));
    assert_eq!(read(&file).instructions.len(), 1_000_001);
    let file = format!("FROM a\nRUN a{}", "\\\n b".repeat(200_000));
    let file = read(&file);
    assert_eq!(file.instructions[1].commands()[0].words.len(), 200_001);
    let file = format!("FROM a\nRUN a {}\n", "<<a ".repeat(200_000));
    assert_eq!(read(&file).instructions[1].heredocs.len(), 200_000);
    let file = "FROM a\n".to_owned() + &"FROM a AS b\nCOPY --from=b x y\n".repeat(200_000);
    assert_eq!(read(&file).stages.len(), 200_001);
}

#[test]
fn a_long_line_is_read() {
    for word in ["x", "x ", "'", "\\", "=", "$x", "--x "] {
        for name in ["RUN", "ENV", "COPY", "ARG", "FROM", "CMD [", "CMD [\"", "ONBUILD"] {
            let file = format!("{name} {}", word.repeat(500_000 / word.len()));
            assert!(read(&file).instructions.len() <= 1, "{name} {word}");
        }
    }
}
