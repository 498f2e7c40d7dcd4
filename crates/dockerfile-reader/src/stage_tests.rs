//! Stages, references and variables.

use std::collections::BTreeMap;

use crate::{Base, ExpandError, Lookup, ProblemKind, Target, read};

fn arguments(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn references_are_stages_or_images() {
    let text = "FROM a AS Build\nFROM b\nCOPY --from=build x y\nCOPY --from=0 x y\nCOPY --from=9 x y\n\
                COPY --from=quay.io/c x y\nCOPY --from=$x x y\nRUN --mount=type=bind,from=build,target=/x make";
    let file = read(text);
    let targets: Vec<Target> = (0..8).flat_map(|number| file.references(number)).map(|one| one.target).collect();
    let image = Target::Image("quay.io/c".into());
    assert_eq!(
        targets,
        [Target::Stage(0), Target::Stage(0), Target::NoStage(9), image, Target::Variable, Target::Stage(0)]
    );
    assert_eq!(file.references(7)[0].word.span.of(text), "build");
    let kinds: Vec<_> = file.problems.iter().map(|problem| &problem.kind).collect();
    assert_eq!(kinds, [&ProblemKind::NoSuchStage(9), &ProblemKind::VariableInFrom]);
    assert_eq!(file.stage_named("BUILD"), Some(0));
    assert_eq!(file.stages[1].instructions, 1..8);
}

#[test]
fn arguments_before_from_are_for_from_lines() {
    let file = read("ARG tag=9\nARG unset\nFROM ubi:$tag\nRUN a\nARG tag\nRUN b\nFROM $unset");
    let none = arguments(&[]);
    let variables = file.variables(&none);
    assert_eq!(*variables.base(0), Base::Image("ubi:9".into()));
    assert_eq!(*variables.base(1), Base::Unknown);
    assert_eq!(variables.get(3, "tag"), Lookup::Undeclared);
    assert_eq!(variables.get(5, "tag"), Lookup::Set("9"));
    assert_eq!(variables.get(6, "unset"), Lookup::Unset);
    let given = arguments(&[("tag", "8"), ("unset", "scratch")]);
    let variables = file.variables(&given);
    assert_eq!(*variables.base(0), Base::Image("ubi:8".into()));
    assert_eq!(*variables.base(1), Base::Scratch);
    assert_eq!(variables.get(5, "tag"), Lookup::Set("8"));
}

#[test]
fn stages_inherit_from_the_stage_they_are_built_from() {
    let file = read("FROM a AS one\nARG x=1\nENV y=$x\nENV x=2\nARG x=3\nRUN a\nFROM one AS two\nRUN b\nFROM c\nRUN d");
    let none = arguments(&[]);
    let variables = file.variables(&none);
    assert_eq!(*variables.base(1), Base::Stage(0));
    assert_eq!(variables.get(5, "x"), Lookup::Set("3"));
    assert_eq!(variables.get(7, "x"), Lookup::Set("2"));
    assert_eq!(variables.get(7, "y"), Lookup::Set("1"));
    assert_eq!(variables.get(9, "y"), Lookup::Undeclared);
}

#[test]
fn values_are_those_before_the_instruction() {
    let file = read("FROM a\nENV x=1\nENV x=2 y=$x\nARG p=1 q=$p\nENV z=$none w=${none:-d}\nRUN x");
    let none = arguments(&[]);
    let variables = file.variables(&none);
    assert_eq!(variables.get(5, "y"), Lookup::Set("1"));
    assert_eq!(variables.get(5, "q"), Lookup::Set("1"));
    assert_eq!(variables.get(5, "z"), Lookup::Unknown);
    assert_eq!(variables.get(5, "w"), Lookup::Set("d"));
}

#[test]
fn words_are_expanded_with_places_of_undeclared_variables() {
    let text = "FROM a\nARG v\nENV w=x\nCOPY a$u \"$w\"/\\\n${v}$w ./";
    let file = read(text);
    let none = arguments(&[]);
    let variables = file.variables(&none);
    let words = file.instructions[3].words();
    let first = variables.expand(3, &words[0]).unwrap();
    assert_eq!((first.value.as_str(), first.undeclared[0].name.as_str()), ("a", "u"));
    assert_eq!(first.undeclared[0].span.of(text), "$u");
    let second = variables.expand(3, &words[1]).unwrap();
    assert_eq!(second.value, "x/x");
    assert_eq!(second.unset[0].span.of(text), "${v}");
}

#[test]
fn too_many_stages_in_one_another_are_a_problem() {
    let mut text = "FROM a AS s0\nENV x=1\n".to_owned();
    for number in 1..200 {
        text += &format!("FROM s{} AS s{number}\n", number - 1);
    }
    let file = read(&text);
    let none = arguments(&[]);
    let variables = file.variables(&none);
    assert_eq!(variables.problems().len(), 1);
    assert_eq!(variables.problems()[0].kind, ProblemKind::TooManyAncestors);
}

#[test]
fn growing_values_end() {
    let mut text = "FROM a\nENV x=aaaaaaaa\n".to_owned();
    text += &"ENV x=$x$x\n".repeat(100_000);
    let file = read(&text);
    let none = arguments(&[]);
    let variables = file.variables(&none);
    assert_eq!(variables.get(100_001, "x"), Lookup::Unknown);
    let all: String = "$x".repeat(100_000);
    let text = format!("FROM a\nENV x={}\nUSER {all}", "y".repeat(50_000));
    let file = read(&text);
    let crate::Arguments::Text(word) = &file.instructions[2].arguments else { panic!("a text") };
    assert_eq!(file.variables(&none).expand(2, word), Err(ExpandError::TooLong));
}
