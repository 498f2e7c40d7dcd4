//! Commands around the work itself, and options of all commands.

use std::path::Path;
use std::process::Command;

use crate::scenario::{EL9, Project, RT, commit_id};

const KMODGEN: &str = env!("CARGO_BIN_EXE_kmodgen");

/// Runs a script in a shell in the project's folder, and returns what it prints.
fn shell(project: &Project, program: &str, arguments: &[&str]) -> String {
    let folder = Path::new(KMODGEN).parent().unwrap().display();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(project.path("")).env("PATH", path).env("HOME", project.outside());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(output.status.success(), "{program}: {text}");
    text
}

fn with_script(shell: &str) -> Project {
    let project = Project::fleet();
    let script = project.run(&format!("completions {shell}")).fine().stdout;
    project.with("script", script)
}

#[test]
fn bash_completes_commands_and_names_of_the_manifest() {
    let project = with_script("bash");
    let complete = |words: &str| {
        let script = format!(
            "source ./script; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_TYPE=9
             $(complete -p kmodgen | sed 's/.*-F \\([^ ]*\\).*/\\1/') kmodgen \"${{COMP_WORDS[COMP_CWORD]}}\"
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        shell(&project, "bash", &["-c", &script])
    };
    let commands = complete("kmodgen gen");
    assert_eq!(commands.trim(), "generate");
    let names = complete("kmodgen generate --only ''");
    for name in ["alpha", EL9, RT] {
        assert!(names.lines().any(|line| line.trim() == name), "{name}: {names}");
    }
    assert_eq!(complete("kmodgen explain 5.14.0-427.28").trim(), EL9);
    assert!(complete("kmodgen templates show --b").contains("--block"));
    project.append("kmodgen.yaml", "clusters:\n  east: {pins: prod}\n  west: {pins: prod}\n  lab: {pins: staging}\n");
    for (words, expected) in [
        ("kmodgen promote ''", &["alpha", "beta"][..]),
        ("kmodgen hold ''", &["alpha", "beta"]),
        ("kmodgen generate --take-over ''", &["alpha", "beta"]),
        ("kmodgen promote alpha --from ''", &["prod", "staging", "east", "west", "lab"]),
        ("kmodgen promote alpha --from staging --to ''", &["prod", "staging", "east", "west", "lab"]),
        ("kmodgen update --group ''", &["prod", "staging"]),
    ] {
        let names = complete(words);
        let mut names: Vec<&str> = names.lines().map(str::trim).filter(|name| !name.starts_with('-')).collect();
        names.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected, "{words}");
    }
}

#[test]
#[ignore = "needs zsh"]
fn zsh_loads_the_script() {
    let project = with_script("zsh");
    let script = "autoload -U compinit; compinit -u -D; source ./script; print -r -- $_comps[kmodgen]";
    assert!(shell(&project, "zsh", &["-f", "-c", script]).contains("kmodgen"));
}

#[test]
#[ignore = "needs fish"]
fn fish_completes_commands_and_names_of_the_manifest() {
    let project = with_script("fish");
    let complete = |line: &str| shell(&project, "fish", &["-c", &format!("source ./script; complete -C '{line}'")]);
    assert!(complete("kmodgen gen").starts_with("generate"));
    assert!(complete("kmodgen generate --only ").contains("alpha"));
}

#[test]
#[ignore = "needs elvish"]
fn elvish_loads_the_script() {
    let project = with_script("elvish");
    // Only an interactive elvish has an editor, with the variable that the script sets.
    let script = "var edit: = (ns [&completion:=(ns [&arg-completer=[&]])])
        eval (slurp < script) &ns=(ns [&edit:=$edit:])
        keys $edit:completion:arg-completer";
    assert!(shell(&project, "elvish", &["-c", script]).contains("kmodgen"));
}

#[test]
fn an_unreadable_manifest_leaves_commands_to_complete() {
    let project = Project::of("modules: [");
    let run = project.kmodgen("-- kmodgen generate --only").arg("").env("KMODGEN_COMPLETE", "bash");
    let run = run.env("_CLAP_COMPLETE_INDEX", "3").env("_CLAP_IFS", "\n").run().fine().silent();
    assert_eq!(run.stdout.trim(), "");
    let run = project.kmodgen("-- kmodgen gen").env("KMODGEN_COMPLETE", "bash");
    run.env("_CLAP_COMPLETE_INDEX", "1").env("_CLAP_IFS", "\n").run().fine().silent().shows("generate");
}

#[test]
#[ignore = "needs groff"]
fn man_pages_render_without_a_warning() {
    let project = Project::empty();
    project.run("man pages").fine();
    let pages: Vec<String> = project.tree().paths().into_iter().map(str::to_owned).collect();
    assert!(pages.iter().any(|page| page == "pages/kmodgen-templates-show.1"), "{pages:?}");
    for page in pages.iter().filter(|page| page.ends_with(".1")) {
        let script = format!("groff -k -man -ww -z -Tutf8 -rLL=200n {page} 2>&1");
        assert_eq!(shell(&project, "sh", &["-c", &script]), "", "{page}");
        let text = project.read(page);
        assert!(text.contains("Exit codes:") || page.ends_with("templates.1") || page.ends_with("list.1"), "{page}");
    }
    let printed = project.run("man").fine().stdout;
    assert_eq!(printed, project.read("pages/kmodgen.1"));
}

#[test]
fn built_in_templates_are_printed() {
    let project = Project::empty();
    let names = project.run("templates list").fine().stdout;
    for name in names.lines() {
        let text = project.run(&format!("templates show {name}")).fine().stdout;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/v1").join(format!("{name}.Dockerfile"));
        assert_eq!(text, std::fs::read_to_string(file).unwrap());
    }
    let block = project.run("templates show kmodgen/skeleton --block builder_from").fine().stdout;
    assert!(block.starts_with("{% block builder_from %}\n") && block.ends_with("{% endblock %}\n"), "{block}");
    for (arguments, message) in [
        ("templates show skeletton", "there is no built-in template `skeletton`; did you mean `skeleton`?"),
        ("templates show zzzzzz", "`kmodgen templates list` prints all names"),
        ("templates show skeleton --block depmodd", "has no block `depmodd`; did you mean `depmod`?"),
        ("templates show dtk --block depmod", "has no block `depmod`; that block is in `skeleton`"),
    ] {
        project.run(arguments).trouble().says(message);
    }
}

#[test]
fn doctor_names_what_is_missing() {
    let project = Project::fleet();
    project.run("doctor").differs().shows("manifest  kmodgen.yaml: ").shows("! lock      kmodgen.lock");
    let without_programs = project.kmodgen("doctor").shell("export PATH=/nonexistent").run().differs();
    without_programs.shows("! git       not found").shows("engine    none found").shows("skopeo    not found");
    Project::empty().run("doctor").differs().shows("! manifest  there is no kmodgen.yaml");
    Project::of("modules: [").run("doctor").differs().shows("! manifest  has errors: `kmodgen plan` prints them");
}

#[test]
fn a_command_of_another_tool_leads_to_the_right_one() {
    let project = Project::fleet();
    for (word, command) in [("check", "generate --check"), ("list", "plan"), ("render", "generate")] {
        project.run(word).trouble().says(&format!("there is no command `{word}`; run `kmodgen {command}`"));
    }
    project.run("generat").trouble().says("'generate'");
}

#[test]
fn a_run_starts_in_the_folder_that_is_named() {
    let project = Project::fleet();
    let there = project.kmodgen("generate").arg("-C").arg(project.path("")).from(project.outside()).run().fine();
    there.shows("created  gitops/");
    project.outside_is_untouched();
    project.run("plan -C missing").trouble().says("cannot run in folder `missing`");
}

#[test]
fn quiet_runs_print_results_and_errors_only() {
    let project = Project::fleet();
    let loud = project.run("generate").fine();
    let quiet = project.run("generate --quiet --check").fine().silent();
    assert!(quiet.stdout.contains("unchanged") && loud.stdout.contains("created"));
    project.edit("kmodgen.yaml", "apiVersion", "apiversion");
    project.run("generate --quiet").trouble().says("apiversion");
}

#[test]
fn verbose_runs_name_the_programs_that_they_start() {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "https://git.example.com/driver.git", "https://127.0.0.1:9/x.git");
    project.edit("kmodgen.yaml", &commit_id('1'), "main");
    project.run("lock --verbose").trouble().says("found manifest").says("starting git").says("ls-remote");
    assert!(!project.run("lock").trouble().stderr.contains("starting"));
}

#[test]
fn color_follows_the_option() {
    let project = Project::of("modules: [");
    assert!(!project.run("plan").trouble().stderr.contains('\x1b'));
    assert!(project.run("plan --color always").trouble().stderr.contains('\x1b'));
    assert!(!project.run("plan --color never").trouble().stderr.contains('\x1b'));
}
