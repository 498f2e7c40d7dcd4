//! Templates that are wrong or want to do harm: the error is at the template's line, in bounded
//! time and memory, and nothing is written.

use std::fs;
use std::process::Stdio;

use crate::scenario::{Project, Run};

/// A project whose `alpha` is made from this template.
fn project(template: &str) -> Project {
    let project = Project::fleet().with("mine.Dockerfile", template);
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    template: mine.Dockerfile\n");
    project
}

/// Renders a template that is refused.
fn refused(template: &str) -> Run {
    let project = project(template);
    let run = project.run("generate").trouble();
    assert!(!project.path("gitops").exists());
    project.outside_is_untouched();
    run
}

#[test]
fn a_value_that_does_not_exist() {
    assert_snapshot!(refused("FROM scratch\n# {{ kernel.release }}\nRUN echo {{ kernel.relase }}\n"));
    refused("FROM scratch\nRUN {{ nothing }}\n").says("mine.Dockerfile:2:");
    refused("FROM scratch\nRUN {{ kernel.labels.absent | sh }}\n").says("mine.Dockerfile:2:");
    refused("FROM scratch\n{% if nothing %}RUN x{% endif %}\n").says("mine.Dockerfile:2:");
}

#[test]
fn a_template_whose_image_cannot_work() {
    const TEMPLATE: &str = "FROM {{ runtime }} AS builder
ARG KERNEL_VERSION
RUN depmod -b /opt
FROM {{ runtime }}
COPY --from=bilder /build/{{ kernel.release }} /opt/lib/modules
";
    assert_snapshot!(refused(TEMPLATE));
    project(&TEMPLATE.replace("RUN", "# kmodgen: allow KMG110: tried\nRUN").replace("bilder", "builder"))
        .run("generate")
        .fine();
    let project = project(&TEMPLATE.replace("bilder", "builder"));
    let allowed = "lint: {allow: [{rule: KMG110, reason: tried, paths: ['*.Dockerfile']}]}\nsources:";
    project.edit("kmodgen.yaml", "sources:", allowed);
    project.run("generate").fine();
    // What a run found to be fine is not remembered beyond its reason.
    project.edit("kmodgen.yaml", "reason: tried, paths: ['*.Dockerfile']", "reason: tried, paths: ['other/*']");
    project.run("generate").trouble().says("mine.Dockerfile:3:").says("KMG110");
}

#[test]
fn a_template_that_is_malformed() {
    assert_snapshot!(refused("FROM scratch\n{% if kernel.release %}\nRUN x\n"));
    refused("FROM scratch\n{{ \n").says("mine.Dockerfile:");
    refused("FROM scratch\n{{ 1 | nofilter }}\n").says("mine.Dockerfile:2:");
    refused("FROM scratch\n{{ nofunction() }}\n").says("mine.Dockerfile:2:");
}

#[test]
fn values_that_are_not_for_printing() {
    refused("FROM scratch\nRUN {{ true }}\n").says("a value of kind bool cannot be printed");
    refused("FROM scratch\nRUN {{ none }}\n").says("a value of kind none cannot be printed");
    refused("FROM scratch\nRUN {{ kmods }}\n").says("a value of kind sequence cannot be printed");
    refused("FROM scratch\nRUN {{ kernel }}\n").says("a value of kind map cannot be printed");
    project("FROM scratch\nRUN test {{ 1 + 1 }} = 2\n").run("generate").fine();
}

#[test]
fn values_that_are_not_safe() {
    let unsafe_value = |printed: &str| {
        let project = project(&format!("FROM scratch\nRUN x\nRUN {{{{ {printed} }}}}\n"));
        project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"a; rm -rf /\"");
        project
    };
    assert_snapshot!(unsafe_value("steps[0].vars[0].value").run("generate").trouble());
    unsafe_value("steps[0].vars[0].value | sh").run("generate").fine();
    for way in ["| safe", "| upper", "| replace(';', '\\n')", "| e", "| escape", "| trim", "| format", "~ ''"] {
        unsafe_value(&format!("steps[0].vars[0].value {way}")).run("generate").trouble();
    }
    refused("FROM scratch\nRUN {{ 'a\\nRUN b' | sh }}\n").says("which cannot be quoted");
    refused("FROM scratch\nRUN {{ 'a\\nRUN b' | arg }}\n").says("which cannot be quoted");
    refused("{% autoescape false %}FROM scratch\nRUN {{ 'a b' }}\n{% endautoescape %}").says("mine.Dockerfile:");
}

#[test]
fn templates_that_do_not_end() {
    for template in [
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for item in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% include \"mine.Dockerfile\" %}",
        "{% import \"mine.Dockerfile\" as mine %}",
        "{% extends \"mine.Dockerfile\" %}",
    ] {
        refused(&format!("FROM scratch\n{template}\n")).says("error[template]");
    }
    assert_snapshot!(refused(
        "FROM scratch\n{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}\n"
    ));
    assert_snapshot!("templates_in_a_circle", refused("FROM scratch\n{% include \"mine.Dockerfile\" %}\n"));
}

#[test]
fn templates_that_grow() {
    for template in [
        "{{ 'x' * 1000000000 }}",
        "{{ ('x' * 100000) * 100000 }}",
        "{% set list = [1] * 1000000000 %}",
        "{% set s = namespace(x='x') %}{% for i in range(60) %}{% set s.x = s.x ~ s.x %}{% endfor %}{{ s.x }}",
        "{{ 'x' | indent(1000000000) }}",
        "{{ 'x' | replace('', 'x' * 100000) | replace('x', 'x' * 100000) }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ '%.1000000000f' | format(1) }}",
        "{{ range(1000000000) | list }}",
        "{{ [1, 2] | batch(1000000000, 0) | list }}",
        "{{ [1, 2] | slice(1000000000) | list }}",
    ] {
        refused(&format!("FROM scratch\nRUN x\n{template}\n")).says("error[template]");
    }
}

/// The engine's count of instructions foresees none of these.
#[test]
fn templates_that_only_the_system_stops() {
    let doubled = "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}";
    for template in [
        format!("{doubled}{{{{ 1 if ns.x == ns.y else 2 }}}}"),
        "{% set ns = namespace(x=[1]) %}{% for i in range(45) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x | length }}".into(),
    ] {
        refused(&format!("FROM scratch\n{template}\n"))
            .says("error[template]: the template used more than 1 s of CPU time")
            .says("kmodgen.yaml:22:15")
            .says("KMODGEN_TEMPLATE_CPU_SECONDS=10");
    }
    assert_snapshot!(refused(&format!("FROM scratch\n{doubled}{{{{ ns.x | pprint }}}}\n")));
}

#[test]
fn limits_are_set_by_who_runs_it() {
    let project = project("FROM scratch\n{% for i in range(9000) %}\n# {{ i }}\n{% endfor %}\n");
    let limited = |name: &str, value: &str| project.kmodgen("generate --dry-run").env(name, value).run();
    limited("KMODGEN_TEMPLATE_MEMORY_MB", "64").fine();
    limited("KMODGEN_TEMPLATE_CPU_SECONDS", "5").fine();
    for (name, value) in [
        ("KMODGEN_TEMPLATE_MEMORY_MB", "0"),
        ("KMODGEN_TEMPLATE_MEMORY_MB", "1g"),
        ("KMODGEN_TEMPLATE_CPU_SECONDS", ""),
        ("KMODGEN_TEMPLATE_CPU_SECONDS", "9999"),
    ] {
        limited(name, value).trouble().says(&format!("{name}: expected a number from 1 to"));
    }
    project.write("mine.Dockerfile", "FROM scratch\n{% set x = 'x' * 2000000 %}{% set y = [x ~ 1, x ~ 2, x ~ 3] %}\n");
    limited("KMODGEN_TEMPLATE_MEMORY_MB", "1")
        .trouble()
        .says("the template used more than 1 MB of memory")
        .says("KMODGEN_TEMPLATE_MEMORY_MB=4");
    limited("KMODGEN_TEMPLATE_MEMORY_MB", "256").fine();
}

#[test]
fn a_renderer_ends_with_the_run() {
    let project = project(
        "FROM scratch\n{% set ns = namespace(x=[1]) %}{% for i in range(45) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x | length }}\n",
    );
    let mut command = project.kmodgen("generate").env("KMODGEN_TEMPLATE_CPU_SECONDS", "3600").command();
    let mut run = command.stderr(Stdio::null()).spawn().unwrap();
    let threads = format!("/proc/{}/task", run.id());
    let renderer = || {
        let threads = fs::read_dir(&threads).unwrap().flatten();
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok()).find_map(|children| {
            let child = children.split_whitespace().next()?.to_owned();
            let line = fs::read_to_string(format!("/proc/{child}/cmdline")).ok()?;
            line.contains("render-templates").then_some(child)
        })
    };
    let renderer = loop {
        if let Some(renderer) = renderer() {
            break format!("/proc/{renderer}");
        }
        assert!(run.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    };
    // Until it is limited, only the end of its input ends it.
    let limited = |limits: &str| limits.lines().any(|line| line.starts_with("Max open files") && line.contains(" 3 "));
    while !limited(&fs::read_to_string(format!("{renderer}/limits")).unwrap()) {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let is_there = || fs::read_to_string(format!("{renderer}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while is_there() {
        std::thread::yield_now();
    }
}

#[test]
fn a_renderer_takes_no_noise() {
    let project = Project::fleet();
    project.run("render-templates").fine();
    project.kmodgen("render-templates").shell("exec < kmodgen.yaml").run().trouble().says("error: a message of");
    assert!(!project.run("--help").fine().stdout.contains("render-templates"));
}

#[test]
fn what_a_parent_would_not_print() {
    assert_snapshot!(refused(
        "{% extends \"kmodgen/dtk\" %}\nLABEL outside={{ module }}\n{% block labels %}\n{{ super() }}\n{% endblock %}\n{% block labls %}\nLABEL second=1\n{% endblock %}\n{% if kernel.flavour == \"rt\" %}\n{% block args %}\nARG RT=1\n{% endblock %}\n{% endif %}\n"
    ));
    let base = "{% extends \"kmodgen/dtk\" %}{% block labels %}{% block mine %}LABEL a=1\n{% endblock %}{% endblock %}";
    let with_base = |template: &str| project(template).with("base.Dockerfile", base).run("generate --dry-run");
    for fine in [
        "{% extends \"base.Dockerfile\" %}{% block mine %}LABEL b=1\n{% endblock %}",
        "{% set base = \"base.Dockerfile\" %}{% extends base %}{% block mine %}LABEL b=1\n{% endblock %}",
        "{% extends \"base.Dockerfile\" if module == \"alpha\" else \"kmodgen/sles\" %}{% block mine %}LABEL b=1\n{% endblock %}",
        "{% include \"base.Dockerfile\" %}",
        "{% if module == \"beta\" %}{% extends \"base.Dockerfile\" %}{% endif %}FROM a\n{% block labels %}LABEL a=1\n{% endblock %}",
    ] {
        with_base(fine).fine();
    }
    for (template, said) in [
        ("{% extends \"base.Dockerfile\" %}{% block min %}x{% endblock %}", "did you mean `{% block mine %}`?"),
        (
            "{% set base = \"base.Dockerfile\" %}{% extends base %}{% block min %}x{% endblock %}",
            "did you mean `{% block mine %}`?",
        ),
        (
            "{% extends \"base.Dockerfile\" if module else \"kmodgen/sles\" %}{% block zzzzzzzz %}x{% endblock %}",
            "the parent has `args`, `build`",
        ),
        ("{% include \"part\" %}", "did you mean `{% block mine %}`?"),
        ("{% block args %}ARG A=1\n{% endblock %}{% extends \"base.Dockerfile\" %}", "write `extends` first"),
        ("{% extends \"base.Dockerfile\" %}{% include \"base.Dockerfile\" %}", "this text would be lost"),
    ] {
        let project = project(template).with("base.Dockerfile", base);
        project.write("part", "{% extends \"base.Dockerfile\" %}{% block min %}x{% endblock %}");
        project.run("generate").trouble().says(said);
    }
}

#[test]
fn templates_without_a_bottom() {
    for template in [
        format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{{{{ {}1{} }}}}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(20_000)),
        format!("{{{{ {}1 }}}}", "-".repeat(20_000)),
        format!("{}{}", "{% if 1 %}".repeat(20_000), "{% endif %}".repeat(20_000)),
        format!("{{{{ x{} }}}}", ".a".repeat(20_000)),
        format!("{{{{ 1{} }}}}", " | abs".repeat(20_000)),
        format!("{{{{ 1{} }}}}", " ~ 1".repeat(20_000)),
    ] {
        let run = project(&format!("FROM scratch\nRUN x\n{template}\n")).run("generate");
        // Long is no fault, deep is one; neither may end the process.
        let is_of_template = ["error[template]", "error[KMG"].iter().any(|code| run.stderr.contains(code));
        assert!(run.stderr.is_empty() || is_of_template, "{run}");
    }
}

#[test]
fn includes_stay_in_the_folder() {
    for path in
        ["../outside/precious", "/etc/passwd", "a/../../outside/precious", "/dev/zero", "link", "linked/precious"]
    {
        for tag in ["include", "extends", "import"] {
            let alias = if tag == "import" { " as x" } else { "" };
            let project = project(&format!("FROM scratch\n{{% {tag} \"{path}\"{alias} %}}\n"));
            project.link("link", project.outside().join("precious"));
            project.link("linked", project.outside());
            let run = project.run("generate").trouble().says("mine.Dockerfile:2:");
            assert!(!run.stderr.contains("not kmodgen's"), "{run}");
        }
    }
    let run = refused("FROM scratch\n{% include \"../outside/precious\" %}\n");
    assert_snapshot!(run);
    refused("FROM scratch\n{% include \"absent\" %}\n").says("tried to include non-existing template 'absent'");
    refused("FROM scratch\n{% include \"kmodgen/absent\" %}\n").says("there is no built-in template `kmodgen/absent`");
    let project = project("FROM scratch\n{% include \"parts/run\" %}\n").with("parts/run", "RUN echo included\n");
    project.run("generate").fine();
}

#[test]
fn a_template_that_is_no_text() {
    let project = project("").with("mine.Dockerfile", b"FROM scratch\n\xff\n");
    project.run("generate").trouble().says("template `mine.Dockerfile` is not UTF-8 text");
    project.remove("mine.Dockerfile");
    project.run("generate").trouble().says("kmodgen.yaml:22:15").says("there is no such file");
}

#[test]
fn what_no_builder_of_kmm_takes() {
    refused("RUN x\n").says("has no FROM");
    refused(&format!("FROM scratch\nRUN {}\n", "x".repeat(70_000))).says("bytes in line 3");
    refused("FROM scratch\n# DTK_AUTO\n").says("DTK_AUTO");
}
